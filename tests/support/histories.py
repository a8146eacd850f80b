"""Histories without a run: a calendar told step by step, with trees in memory.

``Story`` keeps scenario, events and trees in step with each other, so that a test says only what
goes wrong. Every backup makes the set that its name says; ``drill`` restores what the truth holds
unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from drtest.model.baseline import Baseline
from drtest.model.bill import Bill
from drtest.model.events import (
    ActionFinished,
    Call,
    DrillFinished,
    DrillStarted,
    Event,
    ListingRecorded,
    Restored,
    RulesCounted,
    ScenarioFinished,
    ScenarioStarted,
    Stanza,
    StepFinished,
    StepStarted,
    StoredObject,
    TruthRecorded,
)
from drtest.model.history import History
from drtest.model.names import ObjectName, SetId, format_name
from drtest.model.probe import Probed
from drtest.model.scenario import (
    Backup,
    DatedStep,
    Drill,
    LiteralFile,
    Objectives,
    Policy,
    Prune,
    Scenario,
    Step,
)
from drtest.model.toxic import Toxic
from drtest.model.traffic import Totals
from drtest.model.tree import Entry

START = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
Tree = tuple[Entry, ...]


def day(number: float) -> datetime:
    """03:00 of the *number*-th of January 2026."""
    return START + timedelta(days=number - 1)


def file(path: str, content: str = "content", **more: object) -> Entry:
    """A file whose digest stands for its content."""
    entry = Entry(
        path=path,
        type="file",
        mode=0o644,
        uid=0,
        gid=0,
        mtime_ns=1_700_000_000 * 10**9,
        size_bytes=len(content),
        digest=f"digest-of-{content}",
    )
    return entry._replace(**more)  # type: ignore[arg-type]


def folder(path: str, **more: object) -> Entry:
    entry = Entry(path=path, type="dir", mode=0o755, uid=0, gid=0, mtime_ns=1_700_000_000 * 10**9)
    return entry._replace(**more)  # type: ignore[arg-type]


def tree(*entries: Entry) -> Tree:
    """A whole source: the root and *entries*, sorted."""
    return tuple(sorted([folder("."), *entries], key=lambda one: one.sort_key))


def nightly(number: int) -> Tree:
    """What the source holds on a day: one file changes each night, one never does."""
    return tree(
        folder("etc"),
        file("etc/hosts", "localhost"),
        file("etc/motd", f"day {number}", mtime_ns=int(day(number).timestamp()) * 10**9),
    )


def call(action: str = "backup", *, status: int = 0, name: str = "", **more: object) -> Call:
    made = Call(
        action=action,
        argv=("duplicity", action, "/w/source", "s3:///bucket"),
        status=status,
        status_name=name or ("ok" if status == 0 else f"status_{status}"),
        elapsed_s=1.5,
        user_s=1.0,
        system_s=0.1,
        max_rss_bytes=50_000_000,
        timed_out=False,
        limit_s=600.0,
        log=f"logs/{action}.log",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def probed(status: int | None = 0, **more: object) -> Probed:
    """A probe that was executed, and ended with *status*."""
    made = Probed(
        command=("python3", "check.py"),
        status=status,
        elapsed_s=0.2,
        limit_s=60.0,
        is_isolated=True,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def warning(code: int, text: str, *args: str) -> Stanza:
    return Stanza(keyword="WARNING", code=code, args=args, text=text)


def objects_of(one: SetId) -> tuple[str, ...]:
    """The keys of a whole set."""
    return (
        format_name(ObjectName(kind="volume", set=one, volume=1, suffix="gpg")),
        format_name(ObjectName(kind="signatures", set=one, suffix="gpg")),
        format_name(ObjectName(kind="manifest", set=one, suffix="gpg")),
    )


@dataclass(slots=True)
class MemoryTrees:
    """Trees in memory, as ``drtest.model.history.Trees``."""

    truths: dict[int, Tree] = field(default_factory=dict)
    targets: dict[str, Tree] = field(default_factory=dict)

    def truth(self, number: int) -> Iterator[Entry]:
        return iter(self.truths[number])

    def restored(self, name: str) -> Iterator[Entry]:
        return iter(self.targets[name])


@dataclass(slots=True, kw_only=True)
class Story:
    """A history in the making. Steps and events are appended in the order they are told."""

    policy: Policy = field(default_factory=Policy)
    objectives: Objectives = field(
        default_factory=lambda: Objectives(
            keep=timedelta(days=30),
            rpo=timedelta(days=3),
            rto=timedelta(hours=1),
            real_size=True,
        )
    )
    more: dict[str, object] = field(default_factory=dict)  # other fields of the scenario
    steps: list[DatedStep] = field(default_factory=list)
    drills: dict[int, Drill] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    trees: MemoryTrees = field(default_factory=MemoryTrees)
    keys: set[str] = field(default_factory=set)
    newest: SetId | None = None
    duplicity: str = "3.2.1"
    requests: Totals | None = None
    bills: tuple[Bill, ...] = ()
    max_price_age_days: int | None = None
    baseline: Baseline | None = None
    is_complete: bool = True

    def step(self, at: datetime, step: Step, *events: Callable[[int], Event]) -> int:
        index = len(self.steps) + 1
        self.steps.append(DatedStep(index=index, at=at, step=step, line=index))
        self.events.append(StepStarted(index=index, at=at, what=type(step).__name__.lower()))
        self.events += [make(index) for make in events]
        self.events.append(StepFinished(index=index, at=at, elapsed_s=1.0))
        return index

    def backup(
        self,
        number: float,
        *,
        source: Tree | None = None,
        action: str = "backup",
        full: bool | None = None,
        makes: Sequence[str] | None = None,
        must_be: str = "done",
        done: Call | None = None,
        unreadable: Sequence[tuple[str, str]] = (),
        rules: tuple[tuple[int, ...], tuple[int, ...]] | None = None,
        toxics: tuple[Toxic, ...] = (),
    ) -> SetId:
        """One night: truth, call, listing. *makes*: the keys that come, by default a whole set."""
        at = day(number)
        is_full = (action == "full" or self.newest is None) if full is None else full
        base = None if is_full or self.newest is None else self.newest.at
        one = SetId(at=at, base_at=base)
        ended = done or call(action)
        keys = tuple(makes) if makes is not None else objects_of(one) if ended.status == 0 else ()
        truth = len(self.trees.truths)
        self.trees.truths[truth] = nightly(int(number)) if source is None else source
        events: list[Callable[[int], Event]] = [
            lambda index: TruthRecorded(
                index=index,
                at=at,
                number=truth,
                paths=len(self.trees.truths[truth]),
                size_bytes=0,
                unreadable=tuple(unreadable),
            )
        ]
        if rules is not None:
            events.append(
                lambda index: RulesCounted(index=index, at=at, matched=rules[0], decided=rules[1])
            )
        events += [
            lambda index: ActionFinished(index=index, at=at, call=ended, must_be=must_be),  # type: ignore[arg-type]
            self._listing(at, added=keys),
        ]
        promise = "done" if must_be == "killed" else must_be
        self.step(at, Backup(action=action, must_be=promise, toxics=toxics), *events)  # type: ignore[arg-type]
        if any("manifest" in key for key in keys):
            self.newest = one
        return one

    def prune(
        self,
        number: float,
        *gone: SetId,
        force: bool = True,
        done: Call | None = None,
        must_be: str = "done",
        keys: Iterable[str] | None = None,
    ) -> None:
        """Retention: *gone* are the sets whose objects it removes."""
        at = day(number)
        removed = [key for one in gone for key in objects_of(one)] if keys is None else list(keys)
        self.step(
            at,
            Prune(force=force, must_be=must_be),  # type: ignore[arg-type]
            lambda index: ActionFinished(
                index=index,
                at=at,
                call=done or call("remove-older-than"),
                must_be=must_be,  # type: ignore[arg-type]
            ),
            self._listing(at, removed=removed),
        )

    def _listing(
        self, at: datetime, *, added: Iterable[str] = (), removed: Iterable[str] = ()
    ) -> Callable[[int], Event]:
        came, went = tuple(added), tuple(removed)
        self.keys |= set(came)
        self.keys -= set(went)
        return lambda index: ListingRecorded(
            index=index,
            at=at,
            added=tuple(StoredObject(key=key, size_bytes=1000) for key in came),
            removed=went,
        )

    def drill(
        self,
        point: float | None,
        *,
        truth: int | None = None,
        got: Tree | None = None,
        path: str = ".",
        done: Call | None = None,
        must_be: str = "recovered",
        asked: float | None = None,
        escrow: Sequence[str] = ("passphrase",),
        unreadable: Sequence[tuple[str, str]] = (),
        number: int = 1,
        name: str = "",
        restored: Sequence[Restored] | None = None,
        probed: Probed | None = None,
    ) -> None:
        """One restore; *got* is the target's tree, by default what the truth holds below *path*."""
        part = 1 + sum(
            isinstance(one, DrillFinished) and one.number == number for one in self.events
        )
        ended = done or call("restore")
        if truth is None and point is not None:
            truth = next(
                event.number
                for event in self.events
                if isinstance(event, TruthRecorded) and event.at == day(point)
            )
        if got is None and ended.status == 0 and truth is not None:
            got = rerooted(self.trees.truths[truth], path)
        side_file = "" if got is None else f"{number}.{part}"
        if got is not None:
            self.trees.targets[side_file] = got
        asked_at = day(point or 1) if asked is None else day(asked)
        self.drills.setdefault(number, Drill(number=number, name=name, line=100 + number))
        self.events.append(
            DrillStarted(number=number, part=part, parts=part, name=name, what="everything")
        )
        one = Restored(
            path=path,
            call=ended,
            tree=side_file,
            paths=len(got or ()),
            unreadable=tuple(unreadable),
            probed=probed,
        )
        self.events.append(
            DrillFinished(
                number=number,
                part=part,
                name=name,
                what=f"everything at {asked_at:%Y-%m-%d %H:%M}",
                asked_at=asked_at,
                point_at=None if point is None else day(point),
                truth=truth,
                must_be=must_be,  # type: ignore[arg-type]
                escrow=tuple(escrow),
                restored=(one,) if restored is None else tuple(restored),
                elapsed_s=2.0,
                reproduce=f"drtest run --drill {number}.{part}",
            )
        )

    def history(self) -> History:
        scenario = Scenario(
            name="a story",
            why="to be judged",
            **{"source": (LiteralFile(path="/etc/hosts", content="localhost"),), **self.more},  # type: ignore[arg-type]
            policy=self.policy,
            objectives=self.objectives,
            steps=tuple(self.steps),
            drills=tuple(self.drills.values()),
        )
        started = ScenarioStarted(
            name="a story",
            file="<python>",
            line=1,
            seed=1,
            store="memory",
            duplicity=self.duplicity,
            gpg="2.2.40",
            real_at=START,
            steps=len(self.steps),
            drills=len(self.drills),
        )
        ended = ScenarioFinished(name="a story", elapsed_s=60.0, real_at=START)
        return History(
            scenario=scenario,
            trees=self.trees,
            events=[started, *self.events, *([ended] if self.is_complete else [])],
            requests=self.requests,
            bills=self.bills,
            max_price_age_days=self.max_price_age_days,
            baseline=self.baseline,
        )


def rerooted(whole: Tree, path: str) -> Tree:
    """What a restore of *path* alone leaves in its target."""
    if path == ".":
        return tuple(one for one in whole if one.selected)
    return tuple(
        one._replace(path="." if one.path == path else one.path.removeprefix(f"{path}/"))
        for one in whole
        if one.path == path or one.path.startswith(f"{path}/")
    )
