"""What ``--preload`` saves: an incremental and a restore, plain against preloaded, in turn.

``python benchmarks/preload.py [--pairs N] [--duplicity WHICH]``: a small tree on moto, once without
encryption and once encrypted and signed with a key. Medians of N pairs (default 7): wall time, and
CPU time of duplicity with its children, which a busy machine moves less. Ratios are what counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from drtest import process
from drtest.api.options import cache_folder
from drtest.chance import Seed
from drtest.duplicity.command import Commands, Target
from drtest.duplicity.machine import Machine
from drtest.duplicity.preload import Preload
from drtest.duplicity.versions import DEFAULT, Duplicity, find
from drtest.model.events import Call
from drtest.model.redact import Redactor
from drtest.model.scenario import LiteralFile, NewKey, Policy, Scenario
from drtest.runner import vault as vaults
from drtest.runner.workspace import Workspace
from drtest.store.moto import Moto

AT = datetime(2026, 1, 1, tzinfo=UTC)
FILES, FILE_BYTES = 40, 4000
POLICIES = {
    "none": Policy(encryption="none"),
    "key": Policy(encryption="key", encrypt_key=NewKey(algorithm="ed25519"), sign_key="same"),
}


class Chain:
    """One chain that grows by an incremental a call, run one way."""

    def __init__(
        self,
        *,
        duplicity: Duplicity,
        policy: Policy,
        runner: process.Runner,
        space: Workspace,
        store: Moto,
        name: str,
    ) -> None:
        redact = Redactor()
        source = (LiteralFile(path="/file", content=""),)
        told = Scenario(name=name, why="A benchmark.", source=source, policy=policy)
        self._vault, self._ring = vaults.make(told, space.new_home, redact)
        lock = self._vault.locks.start
        self._rng = Seed(value=1).child("benchmark").rng()
        self._store, self._at, self._calls = store, AT, 0
        self._machine = Machine(
            folder=space.folder(name),
            gnupg=self._ring.home,
            redact=redact,
            env={
                **self._vault.server_env(lock),
                "AWS_ACCESS_KEY_ID": store.credentials.access_key,
                "AWS_SECRET_ACCESS_KEY": store.credentials.secret_key,
            },
            run=runner,
        )
        self._machine.set_up()
        self._commands = Commands(
            duplicity=duplicity,
            policy=policy,
            name=name,
            encrypt_key=self._vault.fingerprint(lock.encrypt_key),
            sign_key=self._vault.fingerprint(lock.sign_key),
        )
        store.make_bucket(name)
        self._target = Target(
            bucket=name, prefix="host", endpoint_url=store.endpoint_url, region=store.region
        )
        self._source = self._machine.folder / "source"
        self._source.mkdir()
        for number in range(FILES):
            (self._source / f"{number}").write_bytes(self._rng.randbytes(FILE_BYTES))
        self.backup("full")

    def backup(self, action: str = "incremental") -> Call:
        """One backup, a day after the one before; one file changed."""
        self._at += timedelta(days=1)
        (self._source / "0").write_bytes(self._rng.randbytes(FILE_BYTES + self._calls))
        return self._call(
            action,
            self._commands.backup(
                action,
                source=self._source,
                target=self._target,
                archive=self._machine.archive,
                log=self._machine.folder / "stanzas",
                at=self._at,
            ),
        )

    def restore(self) -> Call:
        """One restore of the newest point into an empty folder, with an empty archive dir."""
        return self._call(
            "restore",
            self._commands.restore(
                into=self._machine.folder / f"target{self._calls}",
                target=self._target,
                archive=self._machine.folder / f"archive{self._calls}",
                log=self._machine.folder / "stanzas",
                now=self._at,
            ),
        )

    def close(self) -> None:
        """End the agent."""
        self._ring.close()

    def _call(self, action: str, argv: list[str]) -> Call:
        self._calls += 1
        log = self._machine.folder / "log"
        done = self._machine.call(
            action,
            argv,
            more_env={},
            log=log,
            log_name="log",
            machine_log=self._machine.folder / "stanzas",
            timeout_s=300,
        )
        if done.status != 0:
            sys.exit(f"{action} ended with {done.status}:\n{log.read_text()}")
        return done


def measure(policy: str, pairs: int, duplicity: Duplicity, space: Workspace, store: Moto) -> None:
    """Print one line for each action."""
    with Preload(duplicity, space.folder(f"preload-{policy}")) as preload:
        ways = {"plain": process.run, "preloaded": preload.run}
        chains = {
            way: Chain(
                duplicity=duplicity,
                policy=POLICIES[policy],
                runner=runner,
                space=space,
                store=store,
                name=f"{policy}-{way}",
            )
            for way, runner in ways.items()
        }
        try:
            for action in ("incremental", "restore"):
                calls: dict[str, list[Call]] = {way: [] for way in ways}
                for _ in range(pairs):
                    for way, chain in chains.items():
                        calls[way].append(
                            chain.backup() if action == "incremental" else chain.restore()
                        )
                wall = [median(one.elapsed_s for one in calls[way]) for way in ways]
                cpu = [median(one.user_s + one.system_s for one in calls[way]) for way in ways]
                print(
                    f"{policy:5} {action:12} wall {wall[0]:.3f} s -> {wall[1]:.3f} s, "
                    f"{wall[0] / wall[1]:.2f} times as fast; CPU {cpu[0]:.3f} s -> {cpu[1]:.3f} s, "
                    f"{cpu[0] / cpu[1]:.2f} times less"
                )
        finally:
            for chain in chains.values():
                chain.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--duplicity", default=DEFAULT)
    given = parser.parse_args()
    duplicity = find(given.duplicity, cache=cache_folder())
    store = Moto()
    with (
        tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder,
        Workspace(Path(folder)) as space,
    ):
        store.start(space.folder("store"))
        try:
            for policy in POLICIES:
                measure(policy, given.pairs, duplicity, space, store)
        finally:
            store.stop()


if __name__ == "__main__":
    main()
