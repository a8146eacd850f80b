"""Calls duplicity on a machine: where its output and its records go, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drtest.duplicity.machine import Machine, refuse_full_disk
from drtest.model.events import Call
from drtest.runner.bench import Stand


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What the calls of one step, or of one restored path, have in common."""

    stand: Stand
    machine: Machine
    label: str  # of their logs in the archive: "0001", "d1.2-0"
    name: str  # of their records in the machine's folder

    @property
    def records(self) -> Path:
        """What ``--log-file`` names; it holds the records of one call."""
        return self.machine.folder / f"{self.name}.stanzas"

    def call(
        self,
        action: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        kill_when: int | None = None,
    ) -> Call:
        """Run *argv*, which is *action*, within what is left of the scenario's time.

        The caller holds a slot. OutOfSpace, StoreFailed and Interrupted are raised for what is not
        the backup's doing. *kill_when* is ``process.run``'s.
        """
        log, log_name = self.stand.log(f"{self.label}-{action}")
        self.records.unlink(missing_ok=True)
        done = self.machine.call(
            action,
            argv,
            more_env=env,
            log=log,
            log_name=log_name,
            machine_log=self.records,
            timeout_s=self.stand.action_limit_s(),
            kill_when=kill_when,
        )
        refuse_full_disk(done)
        self.stand.bench.check_store(done)
        return done
