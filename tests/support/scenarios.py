"""Hypothesis strategies for Scenario values, and what is compared of them.

Everything that ``scenarios()`` draws is a scenario that a file could hold: its paths lie in its
source, its drills ask for points that exist, its prunes have something to run. Content is small;
for runs with real duplicity bound it further by the arguments.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from drtest.model.chain import Damage, Objects
from drtest.model.finding import CATALOGUE, Severity
from drtest.model.grid import Grid, Project
from drtest.model.host import Host
from drtest.model.money import Budget, Money, OfBaseline
from drtest.model.plan import plan
from drtest.model.restores import resolve, restores
from drtest.model.rule import Rule
from drtest.model.scenario import (
    AtAgo,
    AtBeforeFirst,
    AtChain,
    AtEach,
    AtEdges,
    AtEnd,
    AtInstant,
    AtNewest,
    AtOldest,
    AtSample,
    AtTyped,
    Backup,
    BucketKind,
    Change,
    Clock,
    CopyOf,
    Count,
    CredentialKind,
    Database,
    DatedStep,
    Drill,
    During,
    Everything,
    Expectation,
    ExpectedFinding,
    FileSet,
    Harmed,
    LiteralFile,
    Lose,
    Mutate,
    Mutation,
    MutationVerb,
    Need,
    NewKey,
    Objectives,
    OneFile,
    OwnKey,
    Paths,
    PathTarget,
    Policy,
    Probe,
    Protect,
    Prune,
    Revocable,
    Revoke,
    RollBack,
    Run,
    Scenario,
    Share,
    Size,
    Symlink,
    Wait,
    Zoo,
)
from drtest.model.toxic import Kill, Toxic, When
from drtest.model.verdict import Verdict
from drtest.model.zoo import THINGS
from drtest.scenario.words import OPERATIONS
from support.ruling import selections

START = datetime(2025, 1, 1, 3, 0, tzinfo=UTC)
LATE = datetime(2090, 1, 1, tzinfo=UTC)  # after every calendar
FAILURES = [code for code, row in CATALOGUE.items() if row.severity is Severity.FAILURE]
VERBS = list(get_args(MutationVerb))
STORES = ["moto", "seaweedfs", "minio", "aws", "https://s3.example.com:9000"]
KINDS = ["text", "random", "zeros", "mixed", "database", "log"]
LOSABLE = ["archive dir", "gnupg home", "secret key", "passphrase"]

# A YAML file holds no lone surrogates (Cs) and no unassigned planes' end; all else it can escape.
TEXT = st.characters(exclude_categories=["Cs"])
PROSE = st.text(TEXT, min_size=1, max_size=40).map(str.strip).filter(bool)
NAME = st.text(
    st.one_of(
        st.sampled_from(string.ascii_letters + string.digits),
        st.sampled_from(" .-_#:'\"[]{}*&!%@,é"),
    ),
    min_size=1,
    max_size=8,
).filter(lambda name: name not in (".", ".."))


def intervals(shortest_s: int = 1, longest_s: int = 400 * 86400) -> st.SearchStrategy[timedelta]:
    """Whole seconds, often round."""
    return st.one_of(
        st.integers(shortest_s, longest_s),
        st.sampled_from([3600, 86400, 93600, 30 * 86400]).filter(
            lambda seconds: shortest_s <= seconds <= longest_s
        ),
    ).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def sizes(draw: st.DrawFn, most_bytes: int = 1 << 20) -> Size:
    """Sizes of all three shapes."""
    low, high = sorted([draw(st.integers(0, most_bytes)), draw(st.integers(0, most_bytes))])
    match draw(st.sampled_from(["fixed", "uniform", "about"])):
        case "fixed":
            return Size(shape="fixed", low_bytes=low, high_bytes=low)
        case "uniform":
            return Size(shape="uniform", low_bytes=low, high_bytes=high)
        case _:
            return Size(shape="about", low_bytes=low, high_bytes=high)


@st.composite
def sources(
    draw: st.DrawFn, *, most_files: int = 1000, copy_of: bool = True, most_bytes: int = 1 << 20
) -> tuple[Any, ...]:
    """One file set at least, so that every scenario has something to edit and restore."""
    names = draw(st.lists(NAME, min_size=1, max_size=5, unique=True))
    entries: list[Any] = [
        FileSet(
            path=f"/{names[0]}",
            files=draw(st.integers(1, most_files)),
            size=draw(sizes(most_bytes)),
            kind=draw(st.sampled_from(KINDS)),
            depth=draw(st.integers(0, 5)),
        )
    ]
    for name in names[1:]:
        path = draw(st.sampled_from([f"/{name}", f"/{names[0]}/{name}"]))
        which = draw(st.integers(0, 5 if copy_of else 4))
        if which == 0:
            size = draw(sizes(most_bytes))
            entries.append(FileSet(path=path, files=draw(st.integers(0, most_files)), size=size))
        elif which == 1:
            mode = draw(st.integers(0, 0o7777))
            entries.append(LiteralFile(path=path, content=draw(st.text(TEXT)), mode=mode))
        elif which == 2:
            entries.append(Symlink(path=path, target=draw(st.text(TEXT, min_size=1, max_size=20))))
        elif which == 3:
            some = st.lists(st.sampled_from(list(THINGS)), min_size=1, max_size=5, unique=True)
            entries.append(Zoo(path=path, things=draw(st.none() | some.map(tuple))))
        elif which == 4:
            entries.append(Database(path=path, size_bytes=draw(st.integers(16 << 10, 64 << 10))))
        else:
            entries.append(CopyOf(path=path, of=f"/{draw(NAME)}"))
    return tuple(entries)


def targets(paths: list[str]) -> st.SearchStrategy[Any]:
    """What one verb hits."""
    return st.one_of(
        st.builds(Count, files=st.integers(0, 9999)),
        st.builds(Share, of_files=st.floats(0.0001, 1.0)),
        st.integers(1, 100).map(lambda percent: Share(of_files=percent / 100)),
        st.builds(PathTarget, path=st.sampled_from(paths)),
    )


def mutations(paths: list[str]) -> st.SearchStrategy[tuple[Mutation, ...]]:
    """One step's changes; a verb may come twice."""
    one = st.builds(
        Mutation,
        verb=st.sampled_from(VERBS),
        targets=st.lists(targets(paths), min_size=1, max_size=3).map(tuple),
    )
    return st.lists(one, min_size=1, max_size=4).map(tuple)


@st.composite
def policies(draw: st.DrawFn, *, own_keys: bool = True, paths: list[str] | None = None) -> Policy:
    """Every encryption, key, option and kind of retention."""
    new = st.builds(
        NewKey,
        algorithm=st.sampled_from(["rsa2048", "ed25519"]),
        expires_at=st.none() | intervals().map(lambda later: LATE + later),
        has_passphrase=st.booleans(),
    )
    own = st.text("0123456789ABCDEF", min_size=40, max_size=40).map(
        lambda digits: OwnKey(fingerprint=digits, file="/srv/keys/own key.asc")
    )
    keys = st.one_of(new, own) if own_keys else new
    encryption = draw(st.sampled_from(["passphrase", "key", "none"]))
    encrypt = draw(keys) if encryption == "key" else None
    sign: Any = None
    if encryption != "none":
        choices = [st.none(), keys, *([st.just("same")] if encrypt is not None else [])]
        sign = draw(st.one_of(*choices))
    rules: tuple[Rule, ...] = ()
    if draw(st.booleans()):
        rules = draw(selections(paths or ["/srv"], NAME))
    fulls = st.none() | st.integers(1, 20)
    option = st.sampled_from(["--no-compression", "--num-retries=2", "--concurrency=2"])
    return Policy(
        encryption=encryption,
        encrypt_key=encrypt,
        sign_key=sign,
        full_if_older_than=draw(st.none() | intervals()),
        volsize_mib=draw(st.integers(1, 1000)),
        s3_multipart_chunk_size_mib=draw(st.none() | st.integers(5, 500)),
        select=rules,
        remove_older_than=draw(st.none() | intervals()),
        remove_all_but_n_full=draw(fulls),
        remove_all_inc_of_but_n_full=draw(fulls),
        options=tuple(draw(st.lists(option, max_size=2))),
    )


def lockable(policy: Policy) -> list[Change | Revoke]:
    """What a calendar may do to the keys of *policy*."""
    found: list[Change | Revoke] = [Change(what="no-encryption")]
    sign = policy.encrypt_key if policy.sign_key == "same" else policy.sign_key
    uses: list[tuple[Revocable, Any]] = [("encrypt-key", policy.encrypt_key), ("sign-key", sign)]
    for use, key in uses:
        if key is not None:
            found.append(Change(what=use))
        if isinstance(key, NewKey):
            found.append(Revoke(what=use))
    protected = [key for _, key in uses if isinstance(key, OwnKey)] + [
        key for _, key in uses if isinstance(key, NewKey) and key.has_passphrase
    ]
    if policy.encryption == "passphrase" or protected:
        found.append(Change(what="passphrase"))
    return found


@st.composite
def objects(draw: st.DrawFn, *, volumes_only: bool = False) -> Objects:
    """Stored objects in every form that has words."""
    what = draw(st.sampled_from(["volume", "manifest", "signatures", "all objects"]))
    if volumes_only:
        what = "volume"
    of = draw(
        st.sampled_from(["full", "set", "chain", "the latest full", "the latest incremental"])
        | (st.none() if what == "all objects" else st.nothing())
    )
    return Objects(
        what=what,
        volume=draw(st.integers(1, 999)) if what == "volume" else None,
        of=of,
        number=draw(st.integers(1, 999)) if of in ("full", "set", "chain") else None,
    )


@st.composite
def damages(draw: st.DrawFn) -> Damage:
    """Every harm, of one target or several."""
    how = draw(st.sampled_from(["delete", "flip-byte", "truncate", "empty", "swap", "duplicate"]))
    targets = st.lists(objects(volumes_only=how == "duplicate"), min_size=1, max_size=3)
    return Damage(harm=how, objects=tuple(draw(targets)))


@st.composite
def kills(draw: st.DrawFn) -> tuple[Toxic, ...]:
    """One or two toxics that kill, with every form of trigger."""
    of = draw(st.none() | st.sampled_from(["volume", "manifest", "signatures", "all objects"]))
    when = When(
        operations=tuple(draw(st.lists(st.sampled_from(OPERATIONS), max_size=3, unique=True))),
        of=of,
        volume=draw(st.none() | st.integers(1, 99)) if of == "volume" else None,
        nth=draw(st.integers(1, 9)),
        times=draw(st.integers(1, 3)),
    )
    if draw(st.booleans()):
        when = replace(when, nth=1, sent_bytes=draw(st.integers(1, 1 << 40)))
    point = st.sampled_from(["head", "body", "answered"])
    one = st.builds(lambda at: Toxic(does=Kill(at=at), when=when), point)
    return tuple(draw(st.lists(one, min_size=1, max_size=2)))


@st.composite
def calendars(
    draw: st.DrawFn,
    *,
    paths: list[str],
    has_retention: bool,
    has_versions: bool = False,
    lockable: Sequence[Change | Revoke] = (),
    most_entries: int = 8,
) -> tuple[DatedStep, ...]:
    """Dated steps that begin with a backup that must be done."""
    steps: list[DatedStep] = []
    at = START + draw(intervals(0, 1000 * 3600))
    first = True
    for _ in range(draw(st.integers(1, most_entries))):
        inside: list[Any] = []
        if draw(st.booleans()):
            inside.append(Mutate(mutations=None if draw(st.booleans()) else draw(mutations(paths))))
        inside.append(
            Backup(
                action="full"
                if first
                else draw(st.sampled_from(["backup", "full", "incremental"])),
                must_be="done" if first else draw(st.sampled_from(["done", "done", "refused"])),
            )
        )
        first = False
        if draw(st.integers(0, 5)) == 0:
            inside.append(Backup(action="full", same_second=True))
        if draw(st.integers(0, 5)) == 0:
            inside.append(Clock(off=-draw(intervals(0, 86400))))
        if draw(st.booleans()):
            inside.append(Wait(by=draw(intervals(1, 86400))))
            if draw(st.booleans()):
                inside.append(Backup())
        if has_retention and draw(st.booleans()):
            inside.append(Prune(force=draw(st.booleans()), must_be="done"))
        if draw(st.integers(0, 5)) == 0:
            inside.append(Harmed(damage=draw(damages())))
            if has_versions and draw(st.booleans()):
                inside.append(RollBack())
        if draw(st.integers(0, 5)) == 0:
            inside += [Wait(by=timedelta(hours=1)), Backup(toxics=draw(kills()))]
        if draw(st.integers(0, 5)) == 0:
            when = When(operations=("PutObject",), of="volume", nth=draw(st.integers(1, 3)))
            during = During(mutations=draw(mutations(paths)), when=when)
            inside += [Wait(by=timedelta(hours=1)), Backup(during=during)]
        if draw(st.integers(0, 5)) == 0:
            inside.append(Lose(what=draw(st.sampled_from(LOSABLE))))
        if lockable and draw(st.integers(0, 3)) == 0:
            inside.append(draw(st.sampled_from(lockable)))
        repeats, every = draw(st.integers(1, 4)), draw(intervals(2 * 86400, 40 * 86400))
        for _ in range(repeats):
            now = at
            for step in inside:
                steps.append(DatedStep(index=len(steps) + 1, at=now, step=step))
                if isinstance(step, Wait):
                    now += step.by
            at += every
    return tuple(steps)


@st.composite
def drills(draw: st.DrawFn, scenario: Scenario, number: int, *, other_hosts: bool = True) -> Drill:
    """A drill that asks *scenario* only for points that it makes."""
    made = plan(scenario).made
    span = scenario.end_at - made[0].at
    selectors = st.one_of(
        st.sampled_from([AtEnd(), AtEach(), AtOldest(), AtNewest(), AtEdges()]),
        st.builds(AtSample, count=st.integers(1, 20)),
        st.builds(AtEdges, of=st.integers(1, 20)),
        st.builds(AtChain, number=st.integers(1, made[-1].chain)),
        intervals(0, int(span.total_seconds())).map(lambda ago: AtAgo(ago=ago)),
        st.sampled_from([AtInstant(instant=one.at) for one in made]),
        st.sampled_from([typed(one.at, zone) for one in made for zone in ("UTC", "Asia/Tokyo")]),
    )
    paths = [entry.path for entry in scenario.source]
    generated = [f"{one.path}/some/file" for one in scenario.source if isinstance(one, FileSet)]
    restore = draw(
        st.one_of(
            st.just(Everything()),
            st.just(OneFile()),
            st.lists(
                st.sampled_from([*paths, *generated]), min_size=1, max_size=3, unique=True
            ).map(lambda some: Paths(paths=tuple(some))),
        )
    )
    items = ["passphrase"]
    if scenario.policy.encrypt_key is not None or scenario.policy.sign_key is not None:
        items += ["secret key", "public key"]
    changed = {dated.step.what for dated in scenario.steps if isinstance(dated.step, Change)}
    escrow = draw(st.none() | st.frozensets(st.sampled_from(items)))
    if "passphrase" in changed and draw(st.booleans()):
        escrow = frozenset({draw(st.sampled_from(["old passphrase", "new passphrase"]))})
    signers: list[Any] = [None]
    if scenario.policy.sign_key is not None:
        signers += ["new", *(["old"] if "sign-key" in changed else [])]
    host = st.builds(
        Host,
        user=st.none() | st.sampled_from(["nobody", "1000"]),
        hostname=st.none() | st.just("rescue"),
        timezone=st.none() | st.sampled_from(["Europe/Berlin", "Etc/GMT+5"]),
        umask=st.integers(0, 0o777),
        lang=st.none() | st.sampled_from(["C", "de_DE.UTF-8"]),
    )
    if escrow and draw(st.booleans()):
        escrow = frozenset(item for item in escrow if item.endswith("key")) | {"wrong passphrase"}
    if draw(st.integers(0, 4)) == 0:
        restore = Run(
            action=draw(
                st.sampled_from(["verify", "verify --compare-data", "collection-status", "cleanup"])
            )
        )
    outcomes = st.sampled_from(
        ["detected", "done"] if isinstance(restore, Run) else ["recovered", "refused", "done"]
    )
    drill = Drill(
        number=number,
        name=draw(st.just("") | PROSE),
        restore=restore,
        at=(AtEnd(),)
        if restore == Run(action="verify --compare-data")
        else tuple(draw(st.lists(selectors, min_size=1, max_size=3, unique=True))),
        escrow=escrow,
        host=draw(st.none() | host) if other_hosts else None,
        options=()
        if isinstance(restore, Run)
        else tuple(draw(st.lists(st.just("--num-retries=3"), max_size=1))),
        sign_key=None if isinstance(restore, Run) else draw(st.sampled_from(signers)),
        damage=tuple(draw(st.lists(damages(), max_size=2))),
        must_be=draw(outcomes),
    )
    if not isinstance(restore, Run) and drill.must_be != "refused":
        drill = replace(drill, probe=draw(st.none() | probes()))
    plain = isinstance(restore, Everything | Paths | OneFile) and not drill.damage
    if plain and plan(scenario).removing and draw(st.booleans()):
        after = replace(drill, when="after each prune")
        # At an early prune there may be no such set, or none so long before it.
        found = restores(scenario, after, made)
        if found and all(one.point_at is not None for one in found):
            return after
    if plain and draw(st.integers(0, 5)) == 0:
        return replace(drill, at=(AtBeforeFirst(),), must_be="refused", probe=None)
    nameable = [point for point in drill.at if not isinstance(point, AtTyped)]
    if nameable and draw(st.booleans()):
        special = draw(st.sampled_from(nameable))
        sorted_out = replace(drill, must_be=((special, draw(outcomes)), (None, draw(outcomes))))
        if len({outcome for _, outcome in sorted_out.must_be}) == 2:
            drill = sorted_out
    return drill


def probes() -> st.SearchStrategy[Probe]:
    """Commands of any words, none of which an execve refuses."""
    word = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    return st.builds(
        Probe,
        command=st.tuples(word.filter(bool), word, word) | st.just(("true",)),
        limit=intervals(),
    )


def typed(at: datetime, timezone: str) -> AtTyped:
    """*at* as the clock on a wall of *timezone*, which knows no summer time, shows it."""
    wall = at.astimezone(ZoneInfo(timezone))
    return AtTyped(text=wall.strftime("%Y-%m-%dT%H:%M:%S"), timezone=timezone)


@st.composite
def promises(draw: st.DrawFn, *, paths: list[str], has_rules: bool) -> Objectives:
    """Objectives of every shape; with rules there is always a ``protect``."""
    listed = st.lists(st.sampled_from(paths), min_size=1, max_size=3, unique=True).map(
        lambda some: tuple(Protect(path=path) for path in some)
    )
    choices = [listed, st.just("selected"), *([] if has_rules else [st.none()])]
    protect: Any = draw(st.one_of(*choices))
    keep, gone_after = draw(st.none() | intervals()), draw(st.none() | intervals())
    if keep and gone_after and gone_after < keep:
        keep, gone_after = gone_after, keep
    return Objectives(
        protect=protect,
        because=draw(PROSE) if protect == "selected" else "",
        keep=keep,
        gone_after=gone_after,
        rpo=draw(st.none() | intervals()),
        rto=draw(st.none() | intervals()),
        real_size=draw(st.booleans()),
        warnings_allowed=draw(st.booleans()),
        requests_per_month=draw(st.none() | st.integers(0, 10**9)),
        cost_per_month=draw(st.none() | budgets()),
        restore_cost=draw(st.none() | budgets()),
    )


def grids() -> st.SearchStrategy[Grid]:
    """What drtest tune is asked, with a source of the reader's own or without."""
    mib = st.integers(5, 2000)
    places = st.sampled_from(["aws/us-east-1/STANDARD", "b2/all/STANDARD", "r2/all/STANDARD"])
    project = st.builds(
        Project,
        size_bytes=st.integers(1, 10**15),
        change=st.none() | st.integers(0, 1000).map(lambda some: some / 1000),
        files=st.none() | st.integers(1, 10**10),
        compress=st.none() | st.integers(1, 1100).map(lambda some: some / 1000),
    )
    return st.builds(
        Grid,
        volsizes_mib=st.lists(mib, min_size=1, max_size=4, unique=True).map(tuple),
        chunks_mib=st.lists(mib, max_size=3, unique=True).map(tuple),
        prices=st.lists(places, max_size=3, unique=True).map(tuple),
        restores_per_month=st.integers(0, 4000).map(lambda some: some / 4),
        download_bytes_per_s=st.integers(1, 10**10),
        project=st.none() | project,
    )


def budgets() -> st.SearchStrategy[Budget]:
    """Amounts of any currency, and shares of a baseline."""
    amounts = st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=2)
    shares = st.decimals(1, 10**4, allow_nan=False, allow_infinity=False, places=1)
    return st.one_of(
        st.builds(Money, amount=amounts, currency=st.sampled_from(["USD", "EUR"])),
        st.builds(OfBaseline, percent=shares),
    )


@st.composite
def expectations(draw: st.DrawFn) -> tuple[Expectation, ...]:
    """None, one, or several of which only the last has no versions."""
    versions = st.sampled_from([">= 3", "== 3.2.1", ">= 0.8.22, < 3"])
    finding = st.builds(
        ExpectedFinding,
        code=st.sampled_from(FAILURES),
        subject=st.none() | st.text(TEXT, min_size=1, max_size=20),
    )
    found: list[Expectation] = []
    number = draw(st.integers(0, 3))
    for left in reversed(range(number)):
        fails = draw(st.booleans())
        found.append(
            Expectation(
                verdict=Verdict.FAIL if fails else Verdict.PASS,
                findings=tuple(draw(st.lists(finding, min_size=1, max_size=3))) if fails else (),
                because=draw(PROSE) if fails else draw(st.just("") | PROSE),
                duplicity=draw(versions) if left or draw(st.booleans()) else None,
            )
        )
    return tuple(found)


@st.composite
def scenarios(
    draw: st.DrawFn,
    *,
    most_files: int = 1000,
    most_bytes: int = 1 << 20,
    most_entries: int = 8,
    own: bool = True,
) -> Scenario:
    """A whole scenario; *own* lets it name the user's own key and tree, which need not exist."""
    source = draw(sources(most_files=most_files, most_bytes=most_bytes, copy_of=own))
    paths = [entry.path for entry in source]
    policy = draw(policies(own_keys=own, paths=paths))
    bucket = draw(st.sampled_from(get_args(BucketKind)))
    scenario = Scenario(
        name=draw(PROSE),
        why=draw(PROSE),
        source=source,
        expect=draw(expectations()),
        seed=draw(st.integers(0, (1 << 63) - 1)),
        mutate=draw(st.just(()) | mutations(paths)),
        policy=policy,
        steps=draw(
            calendars(
                paths=paths,
                has_retention=policy.has_retention,
                has_versions=bucket != "plain",
                lockable=lockable(policy),
                most_entries=most_entries,
            )
        ),
        objectives=draw(promises(paths=paths, has_rules=bool(policy.select))),
        time_limit=draw(intervals()),
        stores=tuple(draw(st.lists(st.sampled_from(STORES), max_size=3, unique=True))),
        needs=tuple(draw(st.lists(st.sampled_from(get_args(Need)), max_size=2, unique=True))),
        bucket=bucket,
        credentials=draw(st.sampled_from(get_args(CredentialKind))),
        tune=draw(st.none() | grids()),
    )
    wanted = [
        draw(drills(scenario, number, other_hosts=own))
        for number in range(1, draw(st.integers(1, 4)) + 1)
    ]
    return replace(scenario, drills=tuple(_sound(scenario, drill) for drill in wanted))


def _sound(scenario: Scenario, drill: Drill) -> Drill:
    """*drill*, its ``must-be`` made plain where it would name a point twice."""
    try:
        resolve(scenario, drill, plan(scenario).made)
    except ValueError:
        return replace(drill, must_be="recovered")
    return drill


def without_places(value: Any) -> Any:
    """*value* with every ``line`` and ``file`` of a scenario reset, to compare what it means."""
    if isinstance(value, tuple):
        return tuple(without_places(item) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, Any] = {}
    for field in fields(value):
        inside = getattr(value, field.name)
        if field.name == "line":
            changed["line"] = 0
        elif field.name == "file" and isinstance(value, Scenario):
            changed["file"] = ""
        else:
            changed[field.name] = without_places(inside)
    return replace(value, **changed)
