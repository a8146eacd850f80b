"""What a run would do: the dated plan and the duplicity calls, nothing executed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from drtest.api.options import Options
from drtest.duplicity.command import Commands, Target
from drtest.duplicity.versions import Duplicity
from drtest.model.interval import format_instant
from drtest.model.locks import Lock, locks
from drtest.model.plan import clocks, plan
from drtest.model.restores import restores
from drtest.model.scenario import Backup, Paths, Prune, Scenario
from drtest.oracle.ruling import duplicity_arguments
from drtest.runner.phrase import describe

# Words for what only a run can know; capitals, as in a manual.
SOURCE, ARCHIVE, LOG, RESTORED = Path("/SOURCE"), Path("ARCHIVE_DIR"), Path("LOG"), Path("TARGET")
LISTS = Path("LISTS")
WHERE = Target(bucket="BUCKET", prefix="PREFIX", endpoint_url="http://GATEWAY", region="us-east-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One line of the plan; ``argv`` is "" where duplicity is not called."""

    at: datetime
    what: str
    argv: str = ""

    def __str__(self) -> str:
        line = f"{format_instant(self.at)}  {self.what}"
        return f"{line}\n    {self.argv}" if self.argv else line


def planned(
    scenarios: Sequence[Scenario], options: Options
) -> Iterator[tuple[Scenario, list[Planned]]]:
    """Yield each of *scenarios* with its dated plan."""
    for scenario in scenarios:
        yield scenario, list(_lines(scenario, options))


def _lines(scenario: Scenario, options: Options) -> Iterator[Planned]:
    modern = options.duplicity if options.duplicity[0].isdigit() else "3"
    commands = Commands(
        duplicity=Duplicity(program=Path("duplicity"), version=modern, which=options.duplicity),
        policy=scenario.policy,
        name="NAME",
        rules=lambda at: duplicity_arguments(scenario.policy.select, SOURCE, at=at, lists=LISTS),
    )
    clock, planned_locks = clocks(scenario), locks(scenario)
    for dated in scenario.steps:
        now = clock[dated.index]
        commands = _locked(commands, planned_locks.steps[dated.index])
        match dated.step:
            case Backup(action=action):
                argv = commands.backup(
                    action, source=SOURCE, target=WHERE, archive=ARCHIVE, log=LOG, at=now
                )
                yield Planned(at=dated.at, what=describe(dated), argv=shlex.join(argv))
            case Prune(force=force):
                for name, argv in commands.retention(
                    target=WHERE, archive=ARCHIVE, log=LOG, at=now, force=force
                ):
                    yield Planned(at=dated.at, what=name, argv=shlex.join(argv))
            case _:
                yield Planned(at=dated.at, what=describe(dated))
    made = plan(scenario).made
    commands = replace(
        commands, encryption="none" if planned_locks.never_encrypts else "passphrase"
    )
    for drill in scenario.drills:
        lock = planned_locks.start if drill.sign_key == "old" else planned_locks.end
        sign_key = _key(lock.sign_key) if drill.sign_key else ""
        paths = drill.restore.paths if isinstance(drill.restore, Paths) else ("",)
        for restore in restores(scenario, drill, made):
            for path in paths:
                argv = commands.restore(
                    into=RESTORED,
                    target=WHERE,
                    archive=ARCHIVE,
                    log=LOG,
                    now=restore.now_at,
                    at=restore.asked_at,
                    typed=restore.typed.text if restore.typed else "",
                    path=path.strip("/"),
                    sign_key=sign_key,
                )
                what = f"drill {restore.drill}.{restore.part}: {restore.what}, {restore.must_be}"
                yield Planned(at=restore.now_at, what=what, argv=shlex.join(argv))


def _locked(commands: Commands, lock: Lock) -> Commands:
    return replace(
        commands,
        encryption=lock.encryption,
        encrypt_key=_key(lock.encrypt_key),
        sign_key=_key(lock.sign_key),
    )


def _key(number: int) -> str:
    """The name of a key in the order in which the job gets to use them, "" for none."""
    return f"KEY{number}" if number else ""
