"""What a probe's end does to its drill, its restore point, and to what is said of both."""

from __future__ import annotations

import pytest
from support.histories import Story, file, folder, probed, tree

from drtest.checks import judge
from drtest.model.probe import Probe, Probed
from drtest.model.run import Judgement
from drtest.model.scenario import Drill, Run
from drtest.model.verdict import Disposition, Verdict


def judged(one: Probed, **more: object) -> Judgement:
    story = Story()
    story.backup(1)
    story.drill(1, probed=one, **more)  # type: ignore[arg-type]
    return judge(story.history())


def test_a_point_that_the_application_rejects_is_no_good_one() -> None:
    found = judged(probed(1))
    (drill,) = found.drills
    assert (drill.disposition, drill.verdict) == (Disposition.RECOVERED, Verdict.FAIL)
    assert found.recovery_point_age_s is None
    assert found.account is not None
    assert [one.state for one in found.account.points] == ["wrong"]


def test_a_probe_without_an_answer_leaves_its_point_in_doubt() -> None:
    found = judged(probed(None, problem="it is not there"))
    assert found.verdict is Verdict.UNVERIFIED
    assert found.account is not None
    assert [one.state for one in found.account.points] == ["unverified"]


def test_what_differs_is_told_beside_what_the_application_says() -> None:
    found = judged(probed(1), got=tree(folder("etc"), file("etc/hosts", "localhost")))
    assert [one.code for one in found.findings] == ["missing-path", "probe-failed"]
    assert "which is not as the source was" in found.findings[1].message


def test_a_tree_that_was_not_compared_is_not_called_right() -> None:
    (found,) = judged(probed(1), must_be="done").findings
    assert "which was not compared" in found.message


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            probed(3, tail=("all", "bad\t", " ")),
            "ended with status 3 in the restored tree, which is",
        ),
        (probed(3, tail=("all", "bad\t", " ")), "as the source was: bad."),
        (probed(-11), "was killed by SIGSEGV in"),
        (probed(-9, timed_out=True, limit_s=0.4), "after its time limit of 1s."),
        (probed(-9, timed_out=True, limit_s=90), "after its time limit of 1m30s."),
        (probed(None, problem="there is no x"), "could not be executed: there is no x."),
        (probed(1, command=("sh", "-c", "one\n  two")), "the probe sh -c 'one two' ended"),
        (probed(1, command=("x" * 99,)), f"the probe {'x' * 57}... ended"),
    ],
)
def test_messages(one: Probed, said: str) -> None:
    (found,) = judged(one).findings
    assert said in found.message
    assert "\n" not in found.message


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Probe(command=()),
        lambda: Probe(command=("",)),
        lambda: Probe(command=("sh", "\0")),
        lambda: Drill(number=1, restore=Run(action="verify"), probe=Probe(command=("true",))),
        lambda: Drill(number=1, must_be="refused", probe=Probe(command=("true",))),
    ],
)
def test_nonsense_is_refused_at_birth(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"probe|NUL"):
        wrong()  # type: ignore[operator]
