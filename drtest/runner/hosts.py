"""The machines that drills are run on: tried before their drill, each made anew for a restore."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from drtest.duplicity.host import Dress, dress, give, need_reachable
from drtest.duplicity.machine import Machine
from drtest.errors import CapabilityMissing
from drtest.model.events import FaultSeen
from drtest.model.host import Host
from drtest.model.scenario import Drill
from drtest.runner.bench import Stand
from drtest.runner.workspace import remove_tree


@dataclass(slots=True, kw_only=True)
class Hosts:
    """Machines for the drills of one scenario; safe to share between threads."""

    stand: Stand
    _tried: dict[Host, Dress | CapabilityMissing] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lacking(self, drill: Drill) -> FaultSeen | None:
        """Return what is told of *drill* where this machine can't be the one that it asks for."""
        try:
            self.dress(drill)
        except CapabilityMissing as problem:
            name = f" ({drill.name})" if drill.name else ""
            return FaultSeen(
                code="capability-missing",
                subject=problem.capability,
                message=f"Drill {drill.number}{name} was not run: {problem}.",
                evidence={"capability": problem.capability},
                drill=drill.number,
            )
        return None

    def dress(self, drill: Drill) -> Dress | None:
        """Return how its machine differs, seen to work; CapabilityMissing where it cannot."""
        if drill.host is None:
            return None
        with self._lock:
            if drill.host not in self._tried:
                self._tried[drill.host] = self._try(drill.host)
            found = self._tried[drill.host]
        if isinstance(found, CapabilityMissing):
            raise found
        return found

    def machine(self, drill: Drill, label: str) -> Machine:
        """Return a machine for one restore, which *label* tells from others; nothing is made."""
        bench, dressed = self.stand.bench, self.dress(drill)
        if dressed is None:
            return Machine(
                folder=self.stand.work / label,
                gnupg=bench.workspace.new_home(),
                redact=bench.redact,
                run=bench.runner,
            )
        # What a preloaded duplicity read of its machine when it started is not this machine's.
        if dressed.owner is None:
            folder, gnupg = self.stand.work / label, bench.workspace.new_home()
        else:
            folder, gnupg = self._outer(label), self._outer(f"{label}g")
        return Machine(folder=folder, gnupg=gnupg, redact=bench.redact, dressed=dressed)

    def _try(self, host: Host) -> Dress | CapabilityMissing:
        try:
            found = dress(host, self.stand.bench.duplicity.program)
            if found.owner is not None:
                folder = self._outer(f"h{len(self._tried)}")
                give(folder, found.owner)
                try:
                    need_reachable(found, folder)
                finally:
                    remove_tree(folder)
        except CapabilityMissing as problem:
            return problem
        return found

    def _outer(self, name: str) -> Path:
        return self.stand.bench.workspace.outer_folder(f"s{self.stand.number}-{name}")
