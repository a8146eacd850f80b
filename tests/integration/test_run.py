"""``drtest run`` from end to end: verdicts, exit statuses, what is kept and what is left behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import jsonschema
import pytest
from support.shell import DRTEST, SMALL, drtest, environment, processes

from drtest.api import Options, run
from drtest.api.select import choose
from drtest.report.document import schema

LONG_STORY = SMALL.replace("scenario: small", "scenario: long").replace(
    """  - at: 2026-01-02 03:00
    do: [mutate, backup]
""",
    """  - every: 1D
    from: 2026-01-02 03:00
    times: 40
    do: [mutate, backup]
""",
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "small.yaml").write_text(SMALL)
    (tmp_path / "w").mkdir()
    return tmp_path


def work(tmp: Path) -> list[str]:
    """A working folder with a path short enough for gpg-agent's socket."""
    return ["--work", str(tmp)]


def test_a_sound_policy_passes(place: Path, short_tmp: Path) -> None:
    said = drtest("run", "scenarios", *work(short_tmp), cwd=place)
    assert (said.status, said.out.rstrip().splitlines()[-1].split()[0]) == (0, "report"), said
    assert "PASS" in said.out and "small" in said.out
    assert list(short_tmp.iterdir()) == []  # nothing is left behind


def test_json_is_alone_on_stdout_and_fits_its_schema(place: Path, short_tmp: Path) -> None:
    said = drtest("run", "scenarios", "--json", *work(short_tmp), cwd=place)
    assert said.status == 0
    document = said.document
    jsonschema.validate(document, schema())
    (kept,) = (place / "reports").iterdir()
    assert json.loads((kept / "run.json").read_text()) == document
    (scenario,) = document["scenarios"]
    assert (scenario["verdict"], scenario["as_expected"]) == ("PASS", True)
    assert [drill["disposition"] for drill in scenario["drills"]] == ["recovered"] * 2
    assert {"total", "by_operation", "by_phase", "by_kind", "by_step"} <= set(document["requests"])


def test_a_stored_run_is_judged_again_to_the_same(place: Path, short_tmp: Path) -> None:
    first = drtest("run", "scenarios", "--json", *work(short_tmp), cwd=place)
    again = drtest("report", "--json", cwd=place)
    assert again.status == first.status == 0
    assert again.document == first.document


def test_the_same_seed_gives_the_same_run(place: Path, short_tmp: Path) -> None:
    def facts() -> object:
        said = drtest("run", "scenarios", "--json", *work(short_tmp), cwd=place)
        (scenario,) = said.document["scenarios"]
        return (
            scenario["verdict"],
            [(one["restore_point"], one["path"], one["verdict"]) for one in scenario["drills"]],
        )

    assert facts() == facts()
    one, two = sorted((place / "reports").iterdir())
    truths = [
        sorted(path.read_bytes() for path in (run / "01-small/trees/truth").glob("*"))
        for run in (one, two)
    ]
    assert truths[0] == truths[1] != []


def test_what_runs_is_what_was_read_first(place: Path, short_tmp: Path) -> None:
    (place / "scenarios" / "long").mkdir()
    (place / "scenarios" / "long" / "story.yaml").write_text(LONG_STORY)
    options = Options(paths=(place / "scenarios",), reports=place / "reports", work=short_tmp)
    chosen = choose(options)
    for file in (place / "scenarios").rglob("*.yaml"):
        file.write_text("edited: meanwhile\n")
    result = run(options, chosen=chosen).result
    assert (result.exit_status, [one.name for one in result.scenarios]) == (0, ["small"])
    assert result.left_out == chosen.left_out != ()


def test_a_broken_promise_fails_and_leaves_a_wreck(place: Path, short_tmp: Path) -> None:
    text = SMALL.replace("policy:\n  no-encryption: true\n", "").replace(
        "    at: each restore point", "    escrow: none"
    )
    (place / "scenarios" / "small.yaml").write_text(text)
    cache = {"XDG_CACHE_HOME": str(short_tmp / "cache")}
    source = Path(environment(place)["XDG_CACHE_HOME"]) / "drtest" / "duplicity"
    (short_tmp / "cache" / "drtest").mkdir(parents=True)
    (short_tmp / "cache" / "drtest" / "duplicity").symlink_to(source)

    said = drtest("run", "scenarios", *work(short_tmp), cwd=place, env=cache)

    assert said.status == 1
    assert said.out.rstrip().endswith("exit 1")
    assert "key-not-in-escrow" in said.out
    assert "reproduce" in said.out and "--drill 1.1" in said.out
    (wreck,) = (short_tmp / "cache" / "drtest" / "wrecks").glob("*/*")
    assert wreck.stat().st_mode & 0o077 == 0 or wreck.parent.stat().st_mode & 0o077 == 0
    cleaned = drtest("clean", cwd=place, env=cache)
    assert cleaned.status == 0 and not wreck.exists()


def test_two_runs_in_one_second_get_two_folders(place: Path, short_tmp: Path) -> None:
    import subprocess

    argv = [str(DRTEST), "run", "scenarios", "-q", *work(short_tmp)]
    both = [subprocess.Popen(argv, cwd=place, env=environment(place)) for _ in range(2)]
    assert [one.wait(300) for one in both] == [0, 0]
    assert len(list((place / "reports").iterdir())) == 2


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(place: Path, short_tmp: Path, sent: signal.Signals) -> None:
    (place / "scenarios" / "later.yaml").write_text(LONG_STORY)
    said = drtest(
        "run",
        "scenarios/small.yaml",
        "scenarios/later.yaml",
        "--jobs",
        "1",
        *work(short_tmp),
        cwd=place,
        send=sent,
        when="reports/*/*-long/logs/0005-backup.log",
    )
    assert said.status == 130
    (kept,) = (place / "reports").iterdir()
    document = json.loads((kept / "run.json").read_text())
    assert document["interrupted"]
    verdicts = {one["name"]: one["verdict"] for one in document["scenarios"]}
    assert verdicts == {"small": "PASS", "long": "UNVERIFIED"}
    assert processes(str(short_tmp)) == []
    assert list(short_tmp.iterdir()) == []


def test_a_killed_run_is_swept_by_the_next(place: Path, short_tmp: Path) -> None:
    (place / "scenarios" / "small.yaml").write_text(LONG_STORY)
    killed = drtest(
        "run",
        "scenarios",
        *work(short_tmp),
        cwd=place,
        send=signal.SIGKILL,
        when="reports/*/*-long/logs/0003-backup.log",
    )
    assert killed.status == -signal.SIGKILL
    assert len(list(short_tmp.glob("drtest-*"))) == 1

    (place / "scenarios" / "small.yaml").write_text(SMALL)
    assert drtest("run", "scenarios", *work(short_tmp), cwd=place).status == 0
    assert list(short_tmp.iterdir()) == []
    assert processes(str(short_tmp)) == []
    # What the killed run had written can still be told.
    folder = sorted((place / "reports").iterdir())[0]
    told = drtest("report", str(folder), "--json", cwd=place)
    assert told.status == 130
    assert [one["verdict"] for one in told.document["scenarios"]] == ["UNVERIFIED"]


def test_no_secret_reaches_a_report_or_an_argv(place: Path, short_tmp: Path) -> None:
    text = SMALL.replace("no-encryption: true", "encrypt-key: new ed25519\n  sign-key: same")
    (place / "scenarios" / "small.yaml").write_text(text)
    spy = short_tmp / "spy"
    real = Path(environment(place)["XDG_CACHE_HOME"]) / "drtest/duplicity"
    program = next(real.glob("3.2.1-*/bin/duplicity"))
    spy.write_text(f'#!/bin/sh\nenv >>{short_tmp}/env.txt\nexec {program} "$@"\n')
    spy.chmod(0o755)

    said = drtest(
        "run", "scenarios", "-v", "--duplicity", str(spy), *work(short_tmp / "w"), cwd=place
    )

    assert said.status == 0, said
    seen = (short_tmp / "env.txt").read_text().splitlines()
    secrets = {
        value
        for name, _, value in (line.partition("=") for line in seen)
        if name in {"PASSPHRASE", "SIGN_PASSPHRASE", "AWS_SECRET_ACCESS_KEY"} and value
    }
    assert len(secrets) == 2
    texts = [said.out, said.err] + [
        path.read_text("utf-8", "replace")
        for path in (place / "reports").rglob("*")
        if path.is_file()
    ]
    assert len(texts) > 8
    for text in texts:
        assert not any(secret in text for secret in secrets)
        assert "BEGIN PGP PRIVATE KEY" not in text


def test_nothing_of_the_users_aws_set_up_leaks_in(place: Path, short_tmp: Path) -> None:
    (place / ".aws").mkdir()
    (place / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = LEAK\naws_secret_access_key = LEAK\n"
    )
    leak = {
        "AWS_PROFILE": "default",
        "AWS_ACCESS_KEY_ID": "LEAKING",
        "AWS_SECRET_ACCESS_KEY": "LEAKING-TOO",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "PASSPHRASE": "leaking",
        "GNUPGHOME": "/nonexistent",
    }
    assert drtest("run", "scenarios", *work(short_tmp), cwd=place, env=leak).status == 0


@pytest.mark.needs("duplicity-0.8")
def test_debians_old_duplicity_gives_the_same_verdict(place: Path, short_tmp: Path) -> None:
    said = drtest(
        "run", "scenarios", "--duplicity", "system", "--json", *work(short_tmp), cwd=place
    )
    assert said.status == 0
    assert said.document["scenarios"][0]["duplicity"].startswith("0.8")
