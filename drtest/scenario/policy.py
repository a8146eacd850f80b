"""Reads ``policy``: duplicity's options as the user runs them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal, cast

from drtest.model.scenario import KeySpec, NewKey, OwnKey, Policy
from drtest.scenario import fields, words
from drtest.scenario.fields import Fields
from drtest.scenario.instant import parse_instant
from drtest.scenario.node import Mapping, Node, Scalar
from drtest.scenario.problem import Problems, suggest
from drtest.scenario.rules import read_select
from drtest.scenario.text import Place

_NEW_KEYS = ("new rsa2048", "new ed25519")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)
_MOST_MIB = 1 << 20


def read_policy(node: Node, problems: Problems, key_files: list[tuple[str, Place]]) -> Policy:
    """Return the policy, with duplicity's own defaults where nothing usable is said.

    *key_files* gets the file of the user's own key, to be looked for later.
    """
    found = fields.read_fields(
        _refuse_others(node, problems), problems, what="policy option", allowed=words.POLICY
    )
    if found is None:
        return Policy()
    none = found.get("no-encryption")
    plain = none is not None and fields.boolean(none, problems, what="no-encryption") is True
    encrypt, sign = _keys(found, problems, key_files)
    if plain:
        line = found.place("no-encryption").line
        for key in ("encrypt-key", "sign-key", "keys"):
            if key in found.values:
                problems.add(
                    found.place(key),
                    f"{key} contradicts no-encryption: true",
                    f"keep one of them; no-encryption stands on line {line}",
                )
        encrypt = sign = None
    return Policy(
        encryption="none" if plain else "passphrase" if encrypt is None else "key",
        encrypt_key=encrypt,
        sign_key=sign,
        full_if_older_than=_interval(found, "full-if-older-than", problems),
        volsize_mib=_whole(found, "volsize", problems, low=1, high=_MOST_MIB) or 200,
        s3_multipart_chunk_size_mib=_whole(
            found, "s3-multipart-chunk-size", problems, low=5, high=5 * 1024
        ),
        select=read_select(found.values["select"], problems) if "select" in found.values else (),
        remove_older_than=_interval(found, "remove-older-than", problems),
        remove_all_but_n_full=_whole(found, "remove-all-but-n-full", problems, low=1, high=9999),
        remove_all_inc_of_but_n_full=_whole(
            found, "remove-all-inc-of-but-n-full", problems, low=1, high=9999
        ),
        options=_options(found, problems),
        line=node.place.line,
    )


def _refuse_others(node: Node, problems: Problems) -> Node:
    """Say of duplicity's other options where they go, and return the rest."""
    if not isinstance(node, Mapping):
        return node
    rest = Mapping(node.place)
    for pair in node.pairs:
        word = pair.key.value
        bare = word.lstrip("-")
        if word in words.POLICY:
            rest.pairs.append(pair)
        elif word == "passphrase":
            problems.add(
                pair.key.place,
                "a passphrase is the default, and drtest makes one for the run",
                "delete the line; encrypt-key and no-encryption are the other choices",
            )
        elif word.startswith("-") and bare in words.POLICY:
            problems.add(pair.key.place, f"unknown policy option {word}", f"write {bare}")
        elif (given := _given(f"--{bare}")) and word not in ("", "-"):
            problems.add(pair.key.place, f"{word} is not the policy's to say", given)
        elif bare in words.VERBATIM:
            value = pair.value.value if isinstance(pair.value, Scalar) else ""
            written = f"--{bare}" if value in ("", "true") else f"--{bare}={value}"
            problems.add(
                pair.key.place,
                f"drtest does not model duplicity's {bare}",
                f'hand it over word for word: options: ["{written}"]',
            )
        else:
            rest.pairs.append(pair)
    return rest


def _given(option: str) -> str:
    """Where to say what *option* says, "" for an option that drtest does not give itself."""
    name = option.split("=", 1)[0].split(" ", 1)[0]
    if name in ("-t", "-r"):
        return words.GIVEN["--time"]
    for given, advice in words.GIVEN.items():
        is_family = given in ("--include", "--exclude", "--filter", "--file-prefix")
        if name == given or (is_family and name.startswith(given + "-")):
            return advice
    return ""


def _interval(found: Fields, key: str, problems: Problems) -> timedelta | None:
    node = found.get(key)
    return None if node is None else fields.interval(node, problems)


def _whole(found: Fields, key: str, problems: Problems, *, low: int, high: int) -> int | None:
    node = found.get(key)
    return None if node is None else fields.whole(node, problems, what=key, low=low, high=high)


def _keys(
    found: Fields, problems: Problems, key_files: list[tuple[str, Place]]
) -> tuple[KeySpec | None, KeySpec | Literal["same"] | None]:
    file: str | None = None
    if (node := found.get("keys")) is not None:
        name = fields.text(node, problems, what="the file of your exported key")
        if name is not None:
            file = str((node.place.text.folder / name).absolute())
            key_files.append((file, node.place))
    encrypt: KeySpec | None = None
    sign: KeySpec | Literal["same"] | None = None
    if (node := found.get("encrypt-key")) is not None:
        encrypt = _key(node, problems, found, file, more=())
    if (node := found.get("sign-key")) is not None:
        if isinstance(node, Scalar) and node.value == "same":
            sign = "same"
            if "encrypt-key" not in found.values:
                problems.add(
                    node.place, "same as which key?", "add encrypt-key, or write new rsa2048 here"
                )
                sign = None
        else:
            sign = _key(node, problems, found, file, more=("same",))
    if file is not None and not any(isinstance(key, OwnKey) for key in (encrypt, sign)):
        problems.add(
            found.place("keys"),
            "keys is not used: no key is named by its fingerprint",
            "write the fingerprint of your key into encrypt-key or sign-key, or delete keys",
        )
    return encrypt, sign


def _key(
    node: Node, problems: Problems, found: Fields, file: str | None, *, more: tuple[str, ...]
) -> KeySpec | None:
    if isinstance(node, Mapping):
        return _new_key(node, problems)
    written = node.value if isinstance(node, Scalar) else ""
    allowed = (*more, *_NEW_KEYS)
    match written:
        case "new rsa2048":
            return NewKey(algorithm="rsa2048")
        case "new ed25519":
            return NewKey(algorithm="ed25519")
    bare = written.replace(" ", "")
    if _FINGERPRINT.fullmatch(bare):
        if "keys" not in found.values:
            problems.add(
                node.place,
                "your own key needs the file that it is exported to",
                "add   keys: FILE   from gpg --export-secret-keys --armor; it is imported into "
                "throw-away keyrings only",
            )
            return None
        return OwnKey(fingerprint=bare.upper(), file=file or "")
    advice = f"allowed: {', '.join(allowed)}, or a fingerprint of 40 hex digits with keys: FILE"
    if re.fullmatch(r"(?:0x)?[0-9A-Fa-f]{8,39}", bare):
        advice = "a short key id can be forged: gpg --list-keys shows all 40 digits; " + advice
    near = suggest(written, allowed)[0] if written else ""
    problems.add(
        node.place,
        f"{written} is not a key" if written else "a key is missing",
        near if near.startswith(("write", "did")) else "",
        advice,
    )
    return None


def _new_key(node: Mapping, problems: Problems) -> NewKey | None:
    before = len(problems.found)
    found = fields.read_fields(node, problems, what="property of a key", allowed=words.KEY)
    if found is None:
        return None
    algorithm: str | None = None
    if (value := found.get("new")) is None:
        problems.add(node.place, "a new key of which kind?", "add   new: ed25519")
    else:
        algorithm = fields.word(value, problems, what="kind of key", allowed=words.ALGORITHMS)
    expires_at: datetime | None = None
    if (value := found.get("expires")) is not None:
        expires_at = fields.parsed(
            value, problems, parse_instant, what="an instant", advice="allowed: 2026-02-01 03:00"
        )
    if (value := found.get("passphrase")) is not None:
        fields.word(value, problems, what="passphrase of a key", allowed=("none",))
    if len(problems.found) > before:
        return None
    return NewKey(
        algorithm=cast(Literal["rsa2048", "ed25519"], algorithm),
        expires_at=expires_at,
        has_passphrase="passphrase" not in found.values,
    )


def _options(found: Fields, problems: Problems) -> tuple[str, ...]:
    node = found.get("options")
    if node is None:
        return ()
    options: list[str] = []
    for item in fields.items(node):
        if not isinstance(item, Scalar) or not item.value.strip():
            problems.add(item.place, "an option is one text", 'write options: ["--no-compression"]')
            continue
        if advice := _given(item.value):
            problems.add(item.place, f"{item.value} is given by drtest itself", advice)
            continue
        options.append(item.value)
    if options and not options[0].startswith("-"):
        problems.add(
            node.place,
            f"{options[0]} is no option: options begin with dashes",
            'write options: ["--no-compression"], or ["--num-retries", "3"]',
        )
        return ()
    return tuple(options)
