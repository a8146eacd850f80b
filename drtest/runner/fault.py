"""Says in a finding's terms what went wrong and was not the backup's doing."""

from __future__ import annotations

import errno
import traceback

from drtest.errors import (
    CapabilityMissing,
    EnvironmentFault,
    OutOfSpace,
    StoreFailed,
    TimeLimit,
    ToolMissing,
    UnfitSource,
)
from drtest.gateway import Gateway
from drtest.model.events import FaultSeen
from drtest.model.redact import Redactor

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def fault(problem: Exception, redact: Redactor, gateway: Gateway | None = None) -> FaultSeen:
    """Return *problem* as an event; its text may hold what a child said, so it is redacted."""
    evidence: dict[str, object] = {}
    if gateway is not None and not gateway.is_alive:
        code, subject, tail = "gateway-failed", "gateway", gateway.log_tail()
        evidence["log_tail"] = [redact(line) for line in tail]
        return _seen(code, subject, f"the gateway died: {problem}", redact, evidence)
    match problem:
        case StoreFailed(log_tail=tail):
            code, subject = "store-failed", "store"
            evidence["log_tail"] = [redact(line) for line in tail]
        case ToolMissing():
            code, subject = "tool-missing", "tool"
        case TimeLimit():
            code, subject = "time-limit-reached", "time-limit"
        case CapabilityMissing(capability=capability):
            code, subject = "capability-missing", capability
        case UnfitSource():
            code, subject = "nothing-checked", "source"
        case OutOfSpace():
            code, subject = "out-of-space", "work"
        case OSError() if problem.errno in FULL:
            code, subject = "out-of-space", "work"
        case EnvironmentFault():
            code, subject = "environment-unfit", type(problem).__name__
        case _:
            code, subject = "drtest-broke", type(problem).__name__
            evidence["traceback"] = redact(
                "".join(traceback.format_exception(problem))
            ).splitlines()
    return _seen(code, subject, str(problem) or type(problem).__name__, redact, evidence)


def _seen(
    code: str, subject: str, message: str, redact: Redactor, evidence: dict[str, object]
) -> FaultSeen:
    return FaultSeen(code=code, subject=subject, message=redact(message), evidence=evidence)
