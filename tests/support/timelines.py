"""Hypothesis strategy for sound timelines: real duplicity must give no finding on any of them.

Sound by construction, not by filter: a ``rewrite`` that duplicity cannot see comes just before a
full, a prune without force where nothing is due, every rule decides something, a drill asks for
what was there and is promised. All is small, so that many can be run with real processes.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from drtest.model.plan import plan, promised
from drtest.model.restores import point_before
from drtest.model.rule import ListLine, Rule
from drtest.model.scenario import (
    AtAgo,
    AtChain,
    AtEach,
    AtEdges,
    AtEnd,
    AtInstant,
    AtNewest,
    AtOldest,
    AtSample,
    Backup,
    Change,
    Count,
    Database,
    DatedStep,
    Drill,
    Everything,
    FileSet,
    LiteralFile,
    Lose,
    Mutate,
    Mutation,
    NewKey,
    Objectives,
    OneFile,
    Paths,
    PathTarget,
    Policy,
    Probe,
    Prune,
    Revoke,
    Scenario,
    Share,
    SourceEntry,
    Symlink,
    Wait,
    Zoo,
)
from drtest.model.zoo import THINGS
from support.scenarios import KINDS, LATE, NAME, START, VERBS, sizes

MOST_BYTES = 20 << 10
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IS_ROOT = os.getuid() == 0
PLAIN = st.text(string.ascii_lowercase, min_size=2, max_size=6)
LOSES_A_FILE = {"delete"}
MARKER = ".nobackup"
STANDS_THERE = Probe(command=("sh", "-c", 'test -e "$DRTEST_RESTORED" -o -L "$DRTEST_RESTORED"'))
_GIVEN = {None, "any bytes in names", *(["root"] if IS_ROOT else [])}
ZOO = [name for name, thing in THINGS.items() if thing.needs in _GIVEN]
GAPS = st.one_of(
    st.sampled_from([HOUR, 6 * HOUR, DAY, DAY, 7 * DAY, 31 * DAY]),
    st.integers(60, 60 * 86400).map(lambda seconds: timedelta(seconds=seconds)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A source, the rules over it, and what the rest may lean on."""

    source: tuple[SourceEntry, ...]
    rules: tuple[Rule, ...]
    lasting: tuple[str, ...]  # folders of file sets that are selected and never go
    doomed: str | None  # a file set that one step may take away as a whole
    has_a_file: bool  # a file can be asked for in every backup, unless files are deleted


# ---------------------------------------------------------------- what lies there


@st.composite
def grounds(draw: st.DrawFn) -> Ground:
    """Three to twelve generated files, and some other things; with rules in every third."""
    has_rules = draw(st.sampled_from([False, False, True]))
    names = draw(
        st.lists(PLAIN if has_rules else NAME, min_size=2, max_size=5, unique_by=str.lower)
    )
    first = FileSet(
        path=f"/{names[0]}",
        files=draw(st.integers(3, 8)),
        size=draw(sizes(MOST_BYTES)),
        kind=draw(st.sampled_from(KINDS)),
        depth=draw(st.integers(0, 3)),
    )
    others = [draw(_entry(name, first.path)) for name in names[1:]]
    doomed = next((one.path for one in reversed(others) if isinstance(one, FileSet)), None)
    if not has_rules:
        lasting = [one.path for one in (first, *others) if isinstance(one, FileSet)]
        return Ground(
            source=(first, *others),
            rules=(),
            lasting=tuple(path for path in lasting if path != doomed),
            doomed=doomed,
            has_a_file=not _has_dollar(others),
        )
    return draw(_ruled(first, others))


def _has_dollar(source: Sequence[SourceEntry]) -> bool:
    """Whether a name holds a $, which duplicity expands in --path-to-restore (docs/findings.md)."""
    return any(isinstance(one, Zoo) and "quote" in (one.things or THINGS) for one in source)


@st.composite
def _entry(draw: st.DrawFn, name: str, first: str) -> SourceEntry:
    path = draw(st.sampled_from([f"/{name}", f"{first}/{name}"]))
    match draw(st.sampled_from(["files", "files", "literal", "symlink", "zoo", "database"])):
        case "files":
            return FileSet(
                path=path,
                files=draw(st.integers(0, 4)),
                size=draw(sizes(MOST_BYTES)),
                kind=draw(st.sampled_from(KINDS)),
                depth=draw(st.integers(0, 2)),
            )
        case "literal":
            mode = draw(st.sampled_from([0o644, 0o600, 0o755, 0o4755, 0o444]))
            return LiteralFile(path=path, content=draw(st.text(max_size=40)), mode=mode)
        case "symlink":
            return Symlink(path=path, target=draw(st.sampled_from([first[1:], "..", "/etc", "no"])))
        case "database":
            return Database(path=path, size_bytes=16 << 10)
        case _:
            some = draw(st.lists(st.sampled_from(ZOO), min_size=1, max_size=4, unique=True))
            return Zoo(path=path, things=tuple(some))


@st.composite
def _ruled(draw: st.DrawFn, first: FileSet, others: Sequence[SourceEntry]) -> Ground:
    """Rules of which each decides something: the first set is saved, some others are not."""
    source: list[SourceEntry] = [first, *others]
    dropped = [one for one in others if draw(st.booleans())] or list(others[:1])
    kept = [one for one in others if one not in dropped]
    rules: list[Rule] = []
    # Of a single file it could decide all that the file's own rule is for.
    extra = None
    if all(isinstance(one, FileSet | Zoo) for one in dropped):
        extra = draw(st.none() | st.sampled_from(_EXTRAS))
    if extra is not None:
        rules.append(extra)
    marked = [one for one in dropped if isinstance(one, FileSet)]
    if marked and draw(st.booleans()):
        rules.append(Rule(action="exclude", kind="if-present", pattern=MARKER))
        source.append(LiteralFile(path=f"{marked[0].path}/{MARKER}", content=""))
        dropped.remove(marked[0])  # the marker alone leaves it out
    tops = [one for one in dropped if not one.path.startswith(f"{first.path}/")]
    if tops and draw(st.booleans()):  # "this and nothing else"
        inner = [one for one in dropped if one not in tops]
        rules += [draw(_worded("exclude", one.path)) for one in inner]
        saved = [first, *(one for one in kept if not one.path.startswith(f"{first.path}/"))]
        rules += [draw(_worded("include", one.path)) for one in saved]
        rules.append(Rule(action="exclude", pattern="**"))
    else:  # "all but this"
        rules += [draw(_worded("exclude", one.path)) for one in dropped]
    return Ground(
        source=tuple(source),
        rules=tuple(rules),
        lasting=(first.path,),
        doomed=None,
        has_a_file=extra is None and not _has_dollar(others),
    )


_EXTRAS = (
    Rule(action="exclude", pattern="**.tmp"),
    Rule(action="exclude", pattern="**/*[0-3].*"),
    Rule(action="exclude", kind="regexp", pattern=r"[0-5]\.\w+$"),
    Rule(action="exclude", kind="older-than", pattern="20D"),
    Rule(action="exclude", kind="device-files"),
    Rule(action="exclude", kind="other-filesystems"),
)


@st.composite
def _worded(draw: st.DrawFn, action: Any, path: str) -> Rule:
    """One of the ways to say a plain path."""
    match draw(st.sampled_from(["path", "path", "list", "regexp", "glob"])):
        case "list":
            return Rule(action=action, kind="filelist", lines=(ListLine(text=path),))
        case "regexp":
            return Rule(action=action, kind="regexp", pattern=f"^{path}(/|$)")
        case "glob":
            return Rule(action=action, pattern=f"{path[:-1]}[{path[-1]}]")
        case _:
            return Rule(action=action, pattern=path)


# ---------------------------------------------------------------- what changes


@st.composite
def _mutations(draw: st.DrawFn, ground: Ground, *, before_full: bool) -> Mutate:
    verbs = [
        verb
        for verb in VERBS
        if (before_full or verb != "rewrite") and (IS_ROOT or verb != "chown")
    ]
    few = st.builds(Count, files=st.integers(1, 3)) | st.sampled_from([0.1, 0.3]).map(
        lambda share: Share(of_files=share)
    )
    in_folder = st.sampled_from(ground.lasting).map(lambda path: PathTarget(path=path))

    def one(verb: Any) -> st.SearchStrategy[Mutation]:
        whole = verb in ("delete", "move", "replace")  # would take the folder itself
        targets = st.lists(few if whole else few | in_folder, min_size=1, max_size=2, unique=True)
        return targets.map(lambda some: Mutation(verb=verb, targets=tuple(some)))

    chosen = st.lists(st.sampled_from(verbs).flatmap(one), min_size=1, max_size=4)
    return Mutate(mutations=tuple(draw(chosen)))


@st.composite
def _policies(draw: st.DrawFn, rules: tuple[Rule, ...]) -> Policy:
    encryption = draw(st.sampled_from(["none", "passphrase", "key", "none"]))
    key = st.builds(
        NewKey,
        algorithm=st.sampled_from(["ed25519", "ed25519", "rsa2048"]),
        expires_at=st.sampled_from([None, None, LATE]),
        has_passphrase=st.sampled_from([True, True, False]),
    )
    sign: Any = None
    if encryption == "key":
        sign = draw(st.sampled_from([None, "same", NewKey(algorithm="ed25519")]))
    elif encryption == "passphrase":
        sign = draw(st.sampled_from([None, None, NewKey(algorithm="ed25519")]))
    options = st.sampled_from(["--no-compression", "--num-retries=2", "--concurrency=2"])
    retention = st.sets(st.sampled_from(["age", "fulls", "incrementals"]), max_size=3)
    by = draw(retention)
    number = st.sampled_from([1, 1, 2, 3])
    return Policy(
        encryption=encryption,  # type: ignore[arg-type]
        encrypt_key=draw(key) if encryption == "key" else None,
        sign_key=sign,
        full_if_older_than=draw(st.none() | st.sampled_from([DAY, 7 * DAY, 30 * DAY])),
        volsize_mib=1,
        select=rules,
        remove_older_than=draw(st.sampled_from([DAY, 14 * DAY])) if "age" in by else None,
        remove_all_but_n_full=draw(number) if "fulls" in by else None,
        remove_all_inc_of_but_n_full=draw(number) if "incrementals" in by else None,
        options=tuple(draw(st.lists(options, max_size=1))),
    )


@st.composite
def _key_changes(draw: st.DrawFn, policy: Policy) -> tuple[Change | Revoke, ...]:
    """Every fifth night something changes about keys; what is revoked is changed at once."""
    if draw(st.integers(0, 4)):
        return ()
    uses: list[Any] = [
        use
        for use, key in (("encrypt-key", policy.encrypt_key), ("sign-key", policy.sign_key))
        if key is not None and key != "same"
    ]
    choices: list[Any] = [(Change(what="no-encryption"),)]
    if policy.encryption == "passphrase":
        choices.append((Change(what="passphrase"),))
    for use in uses:
        choices += [(Change(what=use),), (Revoke(what=use), Change(what=use))]
    key = policy.encrypt_key
    if isinstance(key, NewKey) and key.has_passphrase:
        choices.append((Change(what="passphrase"),))
    some: tuple[Change | Revoke, ...] = draw(st.sampled_from(choices))
    return some


def needs_a_full(policy: Policy, change: Change | Revoke) -> bool:
    """Whether the chain can't go on after it."""
    return change.what == "no-encryption" or (
        change.what == "passphrase" and policy.encryption != "key"
    )


@st.composite
def _steps(draw: st.DrawFn, ground: Ground, policy: Policy) -> tuple[DatedStep, ...]:
    steps: list[DatedStep] = []
    at: datetime = START
    doomed = ground.doomed
    can_lose = policy.encrypt_key is None or policy.sign_key is not None

    def do(step: Any) -> None:
        steps.append(DatedStep(index=len(steps) + 1, at=at, step=step))

    later = ["backup", "incremental", "full", "full" if policy.has_retention else "backup"]
    nights = draw(st.integers(2, 7))
    for number in range(nights):
        kinds = later if number else ["full", "backup"]
        changes = draw(_key_changes(policy)) if number else ()
        if any(needs_a_full(policy, change) for change in changes):
            kinds = ["full"]
        for change in changes:
            do(change)
        action: Any = draw(st.sampled_from(kinds))
        if number and draw(st.integers(0, 9)) < 8:
            do(draw(_mutations(ground, before_full=action == "full")))
        if number and doomed and draw(st.integers(0, 5)) == 0:
            verb: Any = draw(st.sampled_from(["delete", "move", "replace"]))
            do(Mutate(mutations=(Mutation(verb=verb, targets=(PathTarget(path=doomed),)),)))
            doomed = None
        if number and can_lose and draw(st.integers(0, 7)) == 0:
            do(Lose(what="archive dir"))
        do(Backup(action=action))
        # The last night always prunes: before it there is seldom anything to remove.
        if policy.has_retention and (number == nights - 1 or draw(st.booleans())):
            if draw(st.booleans()):
                gap = draw(st.sampled_from([HOUR, 2 * DAY]))
                do(Wait(by=gap))
                at += gap
            do(Prune(force=True))
        at += draw(GAPS)
    if draw(st.integers(0, 3)) == 0:
        at = steps[-1].at + (steps[-1].step.by if isinstance(steps[-1].step, Wait) else HOUR * 0)
        do(Wait(by=draw(GAPS)))
    return tuple(steps)


# ---------------------------------------------------------------- what is promised and drilled


def _fitting_prunes(scenario: Scenario, is_forced: Callable[[], bool]) -> Scenario:
    """Let prunes that find nothing due go without force, where *is_forced* says so."""
    removing = set(plan(scenario).removing)
    steps = tuple(
        replace(dated, step=Prune(force=False))
        if isinstance(dated.step, Prune) and dated.index not in removing and not is_forced()
        else dated
        for dated in scenario.steps
    )
    return replace(scenario, steps=steps)


@st.composite
def _objectives(draw: st.DrawFn, scenario: Scenario) -> Objectives:
    policy, made = scenario.policy, plan(scenario).made
    instants = [*(one.at for one in made), scenario.end_at]
    longest = max(after - before for before, after in pairwise(instants))
    by_age_alone = policy.remove_all_but_n_full is policy.remove_all_inc_of_but_n_full is None
    keep: timedelta | None = None
    if by_age_alone and draw(st.booleans()):
        keep = policy.remove_older_than or draw(GAPS)
    selected = bool(policy.select) or draw(st.booleans())
    return Objectives(
        protect="selected" if selected else None,
        because="The rules are the promise here." if selected else "",
        keep=keep,
        rpo=draw(st.none() | st.just(longest + HOUR)),
        rto=draw(st.none() | st.just(HOUR)),
        warnings_allowed=draw(st.booleans()),
        requests_per_month=draw(st.none() | st.just(10**9)),
    )


@st.composite
def _drills(draw: st.DrawFn, scenario: Scenario, ground: Ground, number: int) -> Drill:
    planned = plan(scenario)
    good = promised(scenario, planned.made)
    instants = [one.at for one in planned.made]
    whole = {one.chain for one in planned.made} - {
        one.chain for one in set(planned.made) - set(planned.left)
    }

    def ago(instant: datetime) -> AtAgo:
        return AtAgo(ago=scenario.end_at - instant)

    selectors: st.SearchStrategy[Any] = st.one_of(
        st.sampled_from([AtEach(), AtEnd(), AtOldest(), AtNewest(), AtEdges(of=2), AtEdges(of=1)]),
        st.builds(AtSample, count=st.integers(1, 3)),
        st.sampled_from(sorted(whole)).map(lambda chain: AtChain(number=chain)),
        st.sampled_from(good).map(ago),
        st.sampled_from(good).map(lambda instant: AtInstant(instant=instant)),
        st.sampled_from([one for one in good if point_before(instants, one + HOUR / 2) == one])
        .map(lambda instant: AtInstant(instant=instant + HOUR / 2))
        .filter(lambda one: one.instant <= scenario.end_at)
        if any(point_before(instants, one + HOUR / 2) == one for one in good[:-1])
        else st.nothing(),
    )
    what = [st.just(Everything()), st.just(Everything())]
    what.append(
        st.lists(st.sampled_from(ground.lasting), min_size=1, max_size=2, unique=True).map(
            lambda some: Paths(paths=tuple(some))  # type: ignore[arg-type, return-value]
        )
    )
    verbs = {
        mutation.verb
        for dated in scenario.steps
        if isinstance(dated.step, Mutate)
        for mutation in dated.step.mutations or ()
    }
    if ground.has_a_file and not verbs & LOSES_A_FILE:
        what.append(st.just(OneFile()))  # type: ignore[arg-type]
    at = draw(st.lists(selectors, min_size=1, max_size=2, unique=True))
    is_after = bool(planned.removing) and draw(st.integers(0, 3)) == 0
    if is_after:  # what is promised then is not what is promised at the end
        at = [draw(st.sampled_from([AtEach(), AtOldest(), AtNewest(), AtSample(count=2)]))]
    changed = {dated.step.what for dated in scenario.steps if isinstance(dated.step, Change)}
    is_locked = (
        scenario.policy.encryption != "none"
        and "no-encryption" not in changed
        and draw(st.integers(0, 7)) == 0
    )
    signs_all = scenario.policy.sign_key is not None and not changed
    return Drill(
        number=number,
        restore=draw(st.one_of(what)),
        at=tuple(at),
        when="after each prune" if is_after else "end",
        escrow=frozenset() if is_locked else None,
        sign_key="new" if signs_all and draw(st.booleans()) else None,
        must_be="refused" if is_locked else "recovered",
        probe=None if is_locked else draw(st.sampled_from([None, None, STANDS_THERE])),
    )


@st.composite
def timelines(draw: st.DrawFn) -> Scenario:
    """A sound timeline; it has no finding but notes."""
    ground = draw(grounds())
    policy = draw(_policies(ground.rules))
    scenario = Scenario(
        name="timeline",
        why="A sound policy gives no finding.",
        source=ground.source,
        seed=draw(st.integers(0, 1 << 31)),
        policy=policy,
        steps=draw(_steps(ground, policy)),
    )
    scenario = _fitting_prunes(scenario, lambda: draw(st.booleans()))
    scenario = replace(scenario, objectives=draw(_objectives(scenario)))
    numbers = range(1, draw(st.integers(1, 2)) + 1)
    drills = [draw(_drills(scenario, ground, number)) for number in numbers]
    if all(one.must_be == "refused" for one in drills):
        drills[0] = replace(drills[0], escrow=None, must_be="recovered")
    return replace(scenario, drills=tuple(drills))
