"""A machine-like folder: an environment from empty, and a record without secrets."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from drtest.duplicity.machine import Machine, is_out_of_space, refuse_full_disk
from drtest.errors import OutOfSpace
from drtest.model.events import Call, Stanza
from drtest.model.redact import HIDDEN, Redactor

SECRET = "correct horse battery"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(
        folder=tmp_path / "m",
        gnupg=tmp_path / "g",
        redact=Redactor([SECRET]),
        env={"PASSPHRASE": SECRET},
    )
    made.set_up()
    return made


def call(machine: Machine, script: str, *, timeout_s: float = 20) -> tuple[Call, str]:
    log = machine.folder.parent / "kept.log"
    done = machine.call(
        "full",
        ["/bin/sh", "-c", script],
        more_env={"AWS_SECRET_ACCESS_KEY": "x"},
        log=log,
        log_name="logs/kept.log",
        machine_log=machine.folder / "stanzas",
        timeout_s=timeout_s,
    )
    return done, log.read_text(errors="surrogateescape")


def test_folders_are_for_their_owner_alone(machine: Machine) -> None:
    for folder in (machine.folder, machine.archive, machine.home, machine.tmp):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    machine.set_up()  # twice is once


def test_the_environment_is_built_from_empty(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    _, said = call(machine, "env")
    given = dict(line.split("=", 1) for line in said.splitlines())
    assert not {"AWS_PROFILE", "PYTHONPATH"} & set(given)
    assert given["HOME"] == str(machine.home)
    assert given["TMPDIR"] == str(machine.tmp)
    assert given["TZ"] == "UTC"
    # A request to anywhere but this machine is refused at once.
    assert given["AWS_ENDPOINT_URL"] == given["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert given["no_proxy"] == "127.0.0.1"


def test_no_secret_is_kept(machine: Machine) -> None:
    script = f"""echo "it is $PASSPHRASE" | tee {machine.folder}/said
        printf 'ERROR 31 x\\n. %s\\n\\nINFO 1\\n. no\\n\\n' "$PASSPHRASE" > {machine.folder}/stanzas
        exit 31"""
    done, said = call(machine, f"{script} # {SECRET}")
    assert (done.status, done.status_name) == (31, "gpg_failed")
    assert said == f"it is {HIDDEN}\n"
    assert done.stanzas == (Stanza(keyword="ERROR", code=31, args=("x",), text=HIDDEN),)
    assert SECRET not in repr(done) + repr(machine)
    assert SECRET in (machine.folder / "said").read_text()


def test_output_that_is_no_text_is_kept_as_it_is(machine: Machine) -> None:
    _, said = call(machine, "printf 'caf\\351\\n'")
    assert said == "caf\udce9\n"


def test_a_call_that_takes_too_long_says_so(machine: Machine) -> None:
    done, _ = call(machine, "sleep 1000", timeout_s=0.2)
    assert (done.timed_out, done.status_name, done.limit_s) == (True, "timed_out", 0.2)


def test_a_full_disk_is_not_the_backups_fault(machine: Machine) -> None:
    done, _ = call(machine, "exit 30")
    refuse_full_disk(done)
    full = Stanza(keyword="ERROR", code=30, text="OSError: [Errno 28] No space left on device")
    assert is_out_of_space(replace(done, stanzas=(full,)))
    assert not is_out_of_space(replace(done, status=0, stanzas=(full,)))
    with pytest.raises(OutOfSpace, match="full met a full disk"):
        refuse_full_disk(replace(done, stanzas=(full,)))
