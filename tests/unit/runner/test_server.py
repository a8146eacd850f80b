"""What the server's job has at hand after losses and changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from drtest.duplicity.command import Commands
from drtest.duplicity.machine import Machine
from drtest.duplicity.versions import Duplicity
from drtest.model.redact import Redactor
from drtest.model.scenario import (
    Backup,
    Change,
    DatedStep,
    LiteralFile,
    Lose,
    NewKey,
    Policy,
    Revoke,
    Scenario,
    Step,
)
from drtest.runner import vault as vaults
from drtest.runner.server import Server, locked

pytestmark = pytest.mark.needs("gpg")

START = datetime(2026, 1, 1, 3, tzinfo=UTC)
NEW = NewKey(algorithm="ed25519")
SIGNED = Policy(encryption="key", encrypt_key=NEW, sign_key="same")
Serve = Callable[..., Server]


@pytest.fixture
def serve(short_tmp: Path) -> Iterator[Serve]:
    """Sets up servers, and lets each step of a calendar happen to them."""
    numbers, servers = count(1), list[Server]()

    def make(policy: Policy, *steps: Step) -> Server:
        dated = tuple(
            DatedStep(index=index, at=START + timedelta(days=index), step=step)
            for index, step in enumerate((Backup(), *steps), start=1)
        )
        source = (LiteralFile(path="/a", content=""),)
        told = Scenario(name="x", why="x", source=source, policy=policy, steps=dated)
        made, ring = vaults.make(told, lambda: short_tmp / f"g{next(numbers)}", Redactor())
        machine = Machine(
            folder=short_tmp / f"m{next(numbers)}",
            gnupg=ring.home,
            redact=Redactor(),
            env=made.server_env(made.locks.start),
        )
        machine.set_up()
        program = Duplicity(program=Path("/duplicity"), version="3.2.1", which="3.2.1")
        commands = locked(
            Commands(duplicity=program, policy=policy, name="x"), made, made.locks.start
        )
        server = Server(machine=machine, keyring=ring, vault=made, commands=commands)
        servers.append(server)
        for one in dated:
            server.set_clock(one.at)
            match one.step:
                case Lose(what=what):
                    server.lose(what)
                case Change() | Revoke():
                    server.lock(one.index)
                case _:
                    pass
        return server

    yield make
    for server in servers:
        server.keyring.close()


def test_what_is_lost_is_not_what_comes_later(serve: Serve) -> None:
    server = serve(SIGNED, Lose(what="secret key"), Change(what="encrypt-key"))
    first, second = (key.fingerprint for key in server.vault.keys)
    assert not server.keyring.has_secret(first)
    assert server.keyring.has_secret(second)
    assert (server.commands.encrypt_key, server.commands.sign_key) == (second, second)


def test_a_changed_passphrase_is_exported_also_after_a_loss(serve: Serve) -> None:
    server = serve(Policy(), Lose(what="passphrase"), Change(what="passphrase"))
    assert server.machine.env["PASSPHRASE"] == server.vault.passphrases[1]


def test_a_revocation_brings_no_lost_passphrase_back(serve: Serve) -> None:
    server = serve(SIGNED, Lose(what="passphrase"), Revoke(what="sign-key"))
    assert "PASSPHRASE" not in server.machine.env


def test_a_keyring_that_was_lost_has_nothing_to_revoke(serve: Serve) -> None:
    server = serve(SIGNED, Lose(what="gnupg home"), Revoke(what="encrypt-key"))
    assert not server.keyring.has(server.vault.keys[0].fingerprint)


def test_no_encryption_is_an_option_more_and_no_export_less(serve: Serve) -> None:
    server = serve(Policy(), Change(what="no-encryption"))
    assert server.commands.encryption == "none"
    assert server.machine.env["PASSPHRASE"] == server.vault.passphrases[0]


def test_the_clock_of_gpg_is_that_of_the_step(serve: Serve) -> None:
    server = serve(SIGNED, Backup())
    assert "20260103T030000!" in (server.keyring.home / "gpg.conf").read_text()


def test_a_lost_home_has_the_clock_of_the_next_step_again(serve: Serve) -> None:
    server = serve(SIGNED, Lose(what="gnupg home"), Backup())
    assert "20260104T030000!" in (server.keyring.home / "gpg.conf").read_text()
    assert not server.keyring.has_secret(server.vault.keys[0].fingerprint)
