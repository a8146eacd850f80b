"""What the report says of one restore, once its findings are known."""

from __future__ import annotations

from collections.abc import Collection

from drtest.checks.case import Case
from drtest.checks.words import shown
from drtest.model.events import Call, DrillFinished
from drtest.model.finding import CATALOGUE, Severity
from drtest.model.run import DrillResult
from drtest.model.verdict import Disposition, Verdict

# log.WarningCode of duplicity 3.2.1: orphaned_sig, unnecessary_sig, unmatched_sig,
# incomplete_backup, orphaned_backup.
_ABOUT_SETS = frozenset({2, 3, 4, 5, 6})


def result(
    case: Case, drill: DrillFinished, codes: set[str], *, is_wrong: bool = False
) -> DrillResult:
    """Return the report's line for *drill*, about which *codes* are said."""
    severities = {CATALOGUE[code].severity for code in codes}
    if not drill.restored:
        severities.add(Severity.UNVERIFIED)
    if is_wrong:
        disposition = Disposition.SILENTLY_WRONG
    elif drill.must_be == "detected":
        has_seen = all(notices(one.call, drill.harmed) for one in drill.restored)
        disposition = Disposition.NOTICED if has_seen else Disposition.UNSEEN
    elif all(one.call.status == 0 for one in drill.restored):
        disposition = Disposition.RECOVERED
    else:
        disposition = Disposition.REFUSED
    point_at = drill.point_at
    return DrillResult(
        number=drill.number,
        part=drill.part,
        name=drill.name,
        what=drill.what,
        path=", ".join(
            "everything" if one.path == "." else shown(one.path) for one in drill.restored
        ),
        asked_at=drill.asked_at,
        restore_point=point_at,
        must_be=drill.must_be,
        disposition=disposition,
        verdict=Verdict.worst([Verdict.PASS, *(one.verdict for one in severities)]),
        recovery_time_s=sum(one.call.elapsed_s for one in drill.restored),
        recovery_point_age_s=(
            None if point_at is None else (case.end_of(drill.after) - point_at).total_seconds()
        ),
        reproduce=drill.reproduce,
        wreck=drill.wreck,
        probed=tuple(one.probed for one in drill.restored if one.probed is not None),
    )


def notices(call: Call, harmed: Collection[str]) -> bool:
    """Whether an action said that something is wrong: by its status, or by a warning about it."""
    if call.status != 0:
        return True
    return any(
        one.code in _ABOUT_SETS or any(key in f"{one.text} {' '.join(one.args)}" for key in harmed)
        for one in call.stanzas
        if one.keyword in ("WARNING", "ERROR")
    )
