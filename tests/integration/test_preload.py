"""A preloaded duplicity gives what a plain one gives: verdicts, truths, objects, refusals."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.bench import drill, opened

from drtest import api, process
from drtest.api import Options
from drtest.duplicity.command import Commands, Target
from drtest.duplicity.machine import Machine
from drtest.duplicity.preload import Preload
from drtest.duplicity.versions import Duplicity, find
from drtest.errors import UsageError
from drtest.model.events import (
    ActionFinished,
    Call,
    DrillFinished,
    Event,
    ListingRecorded,
    RulesCounted,
    ScenarioStarted,
    TruthRecorded,
)
from drtest.model.run import ScenarioResult
from drtest.model.scenario import (
    DEFAULT_START,
    AtEach,
    AtEnd,
    Backup,
    DatedStep,
    Drill,
    FileSet,
    Lose,
    Mutate,
    Mutation,
    NewKey,
    OneFile,
    Policy,
    Prune,
    Rule,
    Scenario,
    Share,
    Size,
    Symlink,
)
from drtest.model.verdict import Verdict
from drtest.oracle.trees import TreeStore
from drtest.runner.bench import Bench
from drtest.runner.run import TREES

pytestmark = [pytest.mark.needs("gpg"), pytest.mark.slow]

NIGHT = timedelta(days=1)
KEPT = {"remove_all_but_n_full": 1}
POLICIES = {
    "none": Policy(encryption="none", **KEPT),
    "passphrase": Policy(
        encryption="passphrase",
        volsize_mib=1,
        select=(Rule(action="exclude", pattern="/srv/www/b*"),),
        **KEPT,
    ),
    "key": Policy(
        encryption="key", encrypt_key=NewKey(algorithm="ed25519"), sign_key="same", **KEPT
    ),
}


def nights(policy: Policy) -> Scenario:
    """Two chains, the first of them pruned; a lost cache; drills that recover and one that can't.

    Without encryption the last drill recovers too: nothing is needed from the safe.
    """
    steps = (
        (0, Backup(action="full")),
        (1, Mutate()),
        (1, Backup(action="incremental")),
        (2, Mutate()),
        (2, Backup(action="full")),
        (3, Lose(what="archive dir")),
        (3, Mutate()),
        (3, Backup()),
        (4, Prune()),
        (4, Backup(action="incremental")),
    )
    return Scenario(
        name=f"nights {policy.encryption}",
        why="What a preloaded duplicity does must be what a plain one does.",
        source=(
            FileSet(
                path="/srv/www",
                files=12,
                size=Size(shape="uniform", low_bytes=2000, high_bytes=90_000),
                kind="random",
            ),
            Symlink(path="/srv/current", target="www"),
        ),
        mutate=(Mutation(verb="edit", targets=(Share(of_files=0.2),)),),
        policy=policy,
        steps=tuple(
            DatedStep(index=index, at=DEFAULT_START + day * NIGHT, step=step)
            for index, (day, step) in enumerate(steps, start=1)
        ),
        drills=(
            Drill(number=1, at=(AtEach(),)),
            Drill(number=2, at=(AtEnd(),), restore=OneFile()),
            Drill(number=3, at=(AtEnd(),), escrow=frozenset({"wrong passphrase"})),
        ),
    )


@pytest.fixture(scope="module")
def bench(duplicity: Duplicity) -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder,
        opened(duplicity, Path(folder)) as ready,
    ):
        yield ready


@pytest.fixture(scope="module")
def preloaded(bench: Bench) -> Iterator[Bench]:
    with Preload(bench.duplicity, bench.workspace.folder("preload")) as preload:
        yield replace(bench, runner=preload.run, preloaded=True)


def of_call(call: Call) -> tuple[object, ...]:
    return call.action, call.status, call.status_name, call.timed_out, normal(call.stanzas)


def normal(stanzas: Sequence[object]) -> str:
    """Without what differs between any two executions: ports, folders, numbers of scenarios."""
    text = repr(stanzas)
    for pattern, word in (
        (r"127\.0\.0\.1:\d+", "PORT"),
        (r"/tmp/dt-[^\s'\"\\]*", "PATH"),
        (r"drtest-\d+", "NAME"),
        (r"(duplicity|mktemp|mkstemp)-[\w-]+", "TEMPORARY"),
        (r"[0-9A-F]{8,}", "KEY"),
        (r"\d+\.\d+ ?s", "SECONDS"),
    ):
        text = re.sub(pattern, word, text)
    return text


def of_events(events: Sequence[Event], folder: Path) -> list[object]:
    """All that must be the same both ways."""
    seen: list[object] = []
    for event in events:
        match event:
            case TruthRecorded() | RulesCounted():
                seen.append(event)
            case ListingRecorded():
                seen.append((sorted(one.key for one in event.added), sorted(event.removed)))
            case ActionFinished(call=call):
                seen.append((event.index, of_call(call)))
            case DrillFinished(restored=restored):
                seen.append((event.number, event.part, event.point_at, event.truth, event.what))
                seen += [(one.path, one.paths, of_call(one.call)) for one in restored]
            case _:
                seen.append(type(event).__name__)
    trees = TreeStore(folder / TREES)
    count = sum(isinstance(event, TruthRecorded) for event in events)
    seen += [list(trees.truth(number)) for number in range(count)]
    return seen


def of_result(result: ScenarioResult) -> list[object]:
    judged = result.judgement
    return [
        judged.verdict,
        judged.counts_as,
        judged.reason,
        sorted((one.code, one.subject, one.drills, one.silent) for one in judged.findings),
        [(one.label, one.disposition, one.verdict, one.restore_point) for one in judged.drills],
        result.requests and result.requests.by_phase,
        result.backups,
    ]


@pytest.mark.parametrize("policy", POLICIES)
def test_both_ways_give_the_same(
    policy: str, bench: Bench, preloaded: Bench, tmp_path: Path
) -> None:
    scenario = nights(POLICIES[policy])
    seen: list[list[object]] = []
    results: list[ScenarioResult] = []
    for one in (bench, preloaded):
        folder = tmp_path / str(one.preloaded)
        folder.mkdir()
        # A name of its own, since the request log goes by names.
        named = replace(scenario, name=f"{scenario.name} {one.preloaded}")
        events, result = drill(one, named, folder)
        (started,) = [event for event in events if isinstance(event, ScenarioStarted)]
        assert started.preloaded is result.preloaded is one.preloaded
        seen.append(of_events(events, folder))
        results.append(result)
    plain, forked = results
    assert seen[0] == seen[1]
    assert of_result(plain) == of_result(forked)
    # It is no comparison of two empty things.
    assert plain.verdict is (Verdict.PASS if policy == "none" else Verdict.FAIL)
    assert plain.backups == 5
    assert len(plain.judgement.drills) >= 4


def failing_calls(machine: Machine, target: Target) -> dict[str, tuple[str, int, dict[str, Any]]]:
    """A name, and what is called: action, expected status, what is different."""
    return {
        "wrong path": ("restore", 19, {"path": "no/such/path"}),
        "missing bucket": ("restore", 50, {"target": replace(target, bucket="no-such-bucket")}),
        "empty prefix": ("restore", 30, {"target": replace(target, prefix="empty")}),
        "target not empty": ("restore", 11, {"into": machine.home}),
        "no signatures": ("incremental", 17, {"target": replace(target, prefix="empty")}),
        "no source": ("full", 23, {"source": machine.folder / "absent"}),
    }


@pytest.mark.parametrize(
    "name",
    [
        "wrong path",
        "missing bucket",
        "empty prefix",
        "target not empty",
        "no signatures",
        "no source",
    ],
)
def test_both_ways_refuse_alike(name: str, bench: Bench, preloaded: Bench, tmp_path: Path) -> None:
    refuse_alike(name, bench, preloaded, tmp_path)


@pytest.mark.needs("duplicity-0.8")
@pytest.mark.parametrize("name", ["wrong path", "missing bucket"])
def test_an_old_duplicity_refuses_alike(
    name: str, bench: Bench, tmp_path: Path, short_tmp: Path
) -> None:
    old = replace(bench, duplicity=find("system", cache=tmp_path))
    with Preload(old.duplicity, short_tmp) as preload:
        forked = replace(old, runner=preload.run, preloaded=True)
        refuse_alike(name, old, forked, tmp_path, old=True)


def refuse_alike(
    name: str, bench: Bench, preloaded: Bench, tmp_path: Path, *, old: bool = False
) -> None:
    store = bench.store
    bucket = "refuse-" + re.sub(r"\W", "-", tmp_path.name)[-40:].strip("-").lower()
    store.make_bucket(bucket)
    target = Target(
        bucket=bucket, prefix="host", endpoint_url=store.endpoint_url, region=store.region
    )

    def set_up(word: str, one: Bench) -> tuple[Machine, Commands]:
        machine = Machine(
            folder=tmp_path / word,
            gnupg=bench.workspace.new_home(),
            redact=bench.redact,
            env={
                "AWS_ACCESS_KEY_ID": store.credentials.access_key,
                "AWS_SECRET_ACCESS_KEY": store.credentials.secret_key,
            },
            run=one.runner,
        )
        machine.set_up()
        (machine.home / "file").touch()
        policy = Policy(encryption="none")
        return machine, Commands(duplicity=one.duplicity, policy=policy, name="refuse")

    machine, commands = set_up("first", bench)
    full = call(machine, commands, "full", {"target": target, "source": machine.home})
    assert full.status == 0, full.stanzas
    calls: list[Call] = []
    for one in (bench, preloaded):
        machine, commands = set_up(str(one.preloaded), one)
        action, status, different = failing_calls(machine, target)[name]
        done = call(machine, commands, action, {"target": target, **different})
        assert old or done.status == status, done.stanzas
        assert done.status != 0
        calls.append(done)
    texts = [repr(of_call(one)).replace(str(tmp_path), "TMP") for one in calls]
    texts = [re.sub(r"TMP/(True|False)", "FOLDER", text) for text in texts]
    assert texts[0] == texts[1]


def call(machine: Machine, commands: Commands, action: str, different: dict[str, Any]) -> Call:
    stanzas = machine.folder / "stanzas"
    stanzas.unlink(missing_ok=True)
    common = {"archive": machine.archive, "log": stanzas, **different}
    if action == "restore":
        argv = commands.restore(
            **{"into": machine.folder / "target", "now": DEFAULT_START, **common}
        )
    else:
        argv = commands.backup(action, **{"source": machine.home, "at": DEFAULT_START, **common})
    return machine.call(
        action,
        [*argv, "--num-retries=1"],
        more_env={},
        log=machine.folder / "log",
        log_name="log",
        machine_log=stanzas,
        timeout_s=60,
    )


def test_a_run_that_asks_for_it_says_so(tmp_path: Path, short_tmp: Path) -> None:
    options = Options(
        paths=(Path(__file__).parents[2] / "scenarios" / "first.yaml",),
        preload=True,
        reports=tmp_path,
        work=short_tmp,
    )
    (result,) = api.run(options).result.scenarios
    assert result.verdict is Verdict.PASS
    assert result.preloaded
    assert all("--preload" in one.reproduce for one in result.judgement.drills)


def test_a_wrapper_that_is_no_python_is_refused(
    duplicity: Duplicity, tmp_path: Path, short_tmp: Path
) -> None:
    wrapper = tmp_path / "duplicity"
    wrapper.write_text(f'#!/bin/sh\nexec {duplicity.program} "$@"\n')
    wrapper.chmod(0o755)
    options = Options(
        paths=(Path(__file__).parents[2] / "scenarios" / "first.yaml",),
        duplicity=str(wrapper),
        preload=True,
        reports=tmp_path / "reports",
        work=short_tmp,
    )
    with pytest.raises(UsageError, match="leave --preload out"):
        api.run(options)
    assert list(short_tmp.iterdir()) == []


def test_plain_is_what_is_run_unless_asked(bench: Bench) -> None:
    assert bench.runner is process.run
    assert not bench.preloaded
