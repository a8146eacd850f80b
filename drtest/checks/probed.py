"""The words of findings about probes."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Collection
from datetime import timedelta

from drtest.checks.words import age
from drtest.model.probe import Probed

# A finding for each outcome that needs one.
CODES = {"failed": "probe-failed", "hung": "probe-hung", "not started": "probe-not-started"}
_LONGEST_COMMAND, _LONGEST_LINE = 60, 160


def tree(must_be: str, codes: Collection[str], *, is_wrong: bool) -> str:
    """Return how what was restored compares with the source, by the *codes* said of it so far."""
    if must_be == "done":
        return "which was not compared"
    if is_wrong:
        return "which is not as the source was"
    if "changed-while-read" in codes:
        return "where something changed while it was backed up"
    return "which is as the source was"


def evidence(one: Probed, *, tree: str) -> dict[str, object]:
    """Return what proves it; *tree* says how what was restored compares with the source."""
    return {
        "command": list(one.command),
        "status": one.status,
        "tree": tree,
        "without_network": one.is_isolated,
        "timed_out": one.timed_out,
        "limit_s": one.limit_s,
        "problem": one.problem,
        "output_tail": list(one.tail),
        "log": one.log,
    }


def sentence(found: dict[str, object]) -> str:
    """Return what became of it, given its evidence, ready to stand behind the drill."""
    words, status = found["command"], found["status"]
    tail, limit_s = found["output_tail"], found["limit_s"]
    assert isinstance(words, list)
    assert isinstance(tail, list)
    assert isinstance(limit_s, float | int)
    command = _short(" ".join(shlex.join(words).split()), _LONGEST_COMMAND)
    said = next((line.strip() for line in reversed(tail) if line.strip()), "")
    last = f": {_short(said, _LONGEST_LINE)}" if said else ""
    if found["problem"]:
        return f"the probe {command} could not be executed: {found['problem']}"
    assert isinstance(status, int)
    where = f"in the restored tree, {found['tree']}"
    if found["timed_out"]:
        limit = age(timedelta(seconds=max(1, round(limit_s))))
        return f"the probe {command} was killed after its time limit of {limit}{last}"
    return f"the probe {command} {_ended(status)} {where}{last}"


def _ended(status: int) -> str:
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
