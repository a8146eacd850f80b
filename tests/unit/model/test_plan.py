"""Retention as the plan foretells it, held against what duplicity really removes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.histories import Story, day, objects_of

from drtest import process
from drtest.duplicity.command import Commands, Target
from drtest.duplicity.versions import Duplicity
from drtest.model.names import SetId, parse_name
from drtest.model.plan import PlannedSet, due, is_full_due, plan, promised
from drtest.model.scenario import Backup, DatedStep, Policy, Prune, Scenario

DAY = timedelta(days=1)
LAST = 20


def calendar(policy: Policy, fulls: frozenset[int], *, prune_on: int = LAST) -> Scenario:
    """Nightly backups of January, a full on each day of *fulls*, one prune half a day later."""
    steps: list[DatedStep] = []
    for number in range(1, LAST):
        action = "full" if number in fulls else "backup"
        steps.append(DatedStep(index=number, at=day(number), step=Backup(action=action)))
    steps.append(DatedStep(index=LAST, at=day(prune_on + 0.5), step=Prune()))
    story = Story(policy=policy)
    story.backup(1)
    return replace(story.history().scenario, steps=tuple(steps))


def set_of(one: PlannedSet, made: tuple[PlannedSet, ...]) -> SetId:
    before = [other.at for other in made if other.at < one.at]
    return SetId(at=one.at, base_at=None if one.is_full else max(before))


POLICIES = st.one_of(
    st.integers(1, 30).map(lambda days: Policy(remove_older_than=timedelta(days=days))),
    st.integers(1, 5).map(lambda count: Policy(remove_all_but_n_full=count)),
    st.integers(1, 5).map(lambda count: Policy(remove_all_inc_of_but_n_full=count)),
)
FULLS = st.frozensets(st.integers(1, LAST - 1), max_size=6)


@given(POLICIES, FULLS)
def test_the_newest_chain_never_goes_and_no_incremental_outlives_its_full(
    policy: Policy, fulls: frozenset[int]
) -> None:
    told = plan(calendar(policy, fulls))
    newest = told.made[-1].chain
    assert [one for one in told.left if one.chain == newest] == [
        one for one in told.made if one.chain == newest
    ]
    standing = {one.chain for one in told.left if one.is_full}
    assert {one.chain for one in told.left} == standing


@given(POLICIES, FULLS)
def test_what_is_due_and_what_is_left_are_the_whole(policy: Policy, fulls: frozenset[int]) -> None:
    scenario = calendar(policy, fulls)
    told = plan(scenario)
    gone = due(told.made, scenario, now=scenario.steps[-1].at)
    assert sorted((*gone, *told.left), key=lambda one: one.at) == list(told.made)


@given(FULLS, st.integers(1, 29), st.integers(1, 4))
def test_a_longer_retention_never_removes_more(
    fulls: frozenset[int], days: int, count: int
) -> None:
    def left(policy: Policy) -> set[PlannedSet]:
        return set(plan(calendar(policy, fulls)).left)

    assert left(Policy(remove_older_than=timedelta(days=days))) <= left(
        Policy(remove_older_than=timedelta(days=days + 1))
    )
    assert left(Policy(remove_all_but_n_full=count)) <= left(
        Policy(remove_all_but_n_full=count + 1)
    )


@given(POLICIES, FULLS)
def test_without_force_nothing_goes(policy: Policy, fulls: frozenset[int]) -> None:
    scenario = calendar(policy, fulls)
    *backups, last = scenario.steps
    told = plan(replace(scenario, steps=(*backups, replace(last, step=Prune(force=False)))))
    assert told.left == told.made


@given(POLICIES, FULLS)
def test_the_newest_point_is_always_promised(policy: Policy, fulls: frozenset[int]) -> None:
    scenario = calendar(policy, fulls)
    made = plan(scenario).made
    assert promised(scenario, made)[-1] == made[-1].at


def test_a_full_is_due_one_second_after_its_age() -> None:
    month = timedelta(days=30)
    assert not is_full_due(day(1), day(1) + month, month)
    assert is_full_due(day(1), day(1) + month + timedelta(seconds=1), month)
    assert is_full_due(None, day(1), None)
    assert not is_full_due(day(1), day(300), None)


@pytest.mark.needs("gpg")
@pytest.mark.parametrize(
    "policy",
    [
        Policy(encryption="none", remove_older_than=8 * DAY),
        # Just at the limit: the chain of days 6 to 10 ends ten and a half days before the prune.
        Policy(encryption="none", remove_older_than=10.5 * DAY - timedelta(seconds=1)),
        Policy(encryption="none", remove_older_than=10.5 * DAY),
        Policy(encryption="none", remove_older_than=DAY),
        Policy(encryption="none", remove_all_but_n_full=2),
        Policy(encryption="none", remove_all_but_n_full=9),
        Policy(encryption="none", remove_all_inc_of_but_n_full=1),
        Policy(encryption="none", remove_all_inc_of_but_n_full=2),
        Policy(encryption="none", remove_older_than=12 * DAY, remove_all_inc_of_but_n_full=1),
    ],
    ids=lambda policy: " ".join(
        f"{word}={value}"
        for word in ("remove_older_than", "remove_all_but_n_full", "remove_all_inc_of_but_n_full")
        if (value := getattr(policy, word)) is not None
    ),
)
def test_duplicity_removes_what_the_plan_says(
    duplicity: Duplicity, tmp_path: Path, policy: Policy
) -> None:
    """Retention goes by names alone, so empty objects in a folder are a bucket to it."""
    scenario = calendar(policy, frozenset({1, 6, 11, 16}))
    told = plan(scenario)
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    for one in told.made:
        for key in objects_of(set_of(one, told.made)):
            (bucket / key.removesuffix(".gpg")).touch()

    commands = Commands(duplicity=duplicity, policy=policy, name="x")
    nowhere = Target(bucket="b", prefix="p", endpoint_url="http://127.0.0.1:9", region="x")
    for _, argv in commands.retention(
        target=nowhere,
        archive=tmp_path / "archive",
        log=tmp_path / "stanzas",
        at=scenario.steps[-1].at,
        force=True,
    ):
        done = process.run(
            [*argv[:-1], f"file://{bucket}"],
            env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": str(tmp_path)},
            log=tmp_path / "output",
            timeout_s=60,
        )
        assert done.status == 0, (tmp_path / "output").read_text()

    left = {parse_name(path.name).set for path in bucket.iterdir()}
    assert left == {set_of(one, told.made) for one in told.left}
