"""Secrets never come out."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drtest.model.redact import HIDDEN, Redactor

SECRETS = st.lists(st.text(min_size=6, max_size=12), min_size=1, max_size=4).filter(
    # A secret that is part of the mark itself cannot be hidden by it.
    lambda secrets: not any(secret in HIDDEN for secret in secrets)
)
BEGIN = "-----BEGIN PGP PRIVATE KEY BLOCK-----"
END = "-----END PGP PRIVATE KEY BLOCK-----"


@given(SECRETS, st.data())
def test_no_secret_comes_out(secrets: list[str], data: st.DataObject) -> None:
    piece = st.one_of(st.sampled_from(secrets), st.text(max_size=5), st.just(HIDDEN))
    text = "".join(data.draw(st.lists(piece, max_size=12)))
    shown = Redactor(secrets)(text)
    for secret in secrets:
        assert secret not in shown.replace(HIDDEN, "\0")


@given(SECRETS, st.text(max_size=60))
def test_other_text_stays(secrets: list[str], text: str) -> None:
    assume(not any(secret in text for secret in secrets))
    assert Redactor(secrets)(text) == text


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redactor(["passphrase", "passphrase-2"])("a passphrase-2 b") == f"a {HIDDEN} b"


def test_a_secret_that_is_learnt_later_is_hidden() -> None:
    redact = Redactor()
    redact.learn(["correct horse"])
    assert redact("say correct horse") == f"say {HIDDEN}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"a\n{BEGIN}\nabc\ndef\n{END}\nb", f"a\n{HIDDEN}\nb"),
        (f"cut off: {BEGIN}\nabc\ndef", f"cut off: {HIDDEN}"),
        ("AWS4 Signature=" + "0a" * 32 + ", x", f"AWS4 Signature={HIDDEN}, x"),
        ("?X-Amz-Security-Token=abc%2F&x=1", f"?X-Amz-Security-Token={HIDDEN}&x=1"),
    ],
)
def test_shapes_are_secret_whoever_made_them(text: str, shown: str) -> None:
    assert Redactor()(text) == shown


def test_a_secret_too_short_to_tell_is_refused_and_an_empty_one_is_none() -> None:
    with pytest.raises(ValueError, match="6 characters"):
        Redactor(["abc"])
    assert Redactor([""])("text") == "text"
