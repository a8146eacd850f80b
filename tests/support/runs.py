"""Runs that look like real ones, for whoever draws them: a bad year, a green night, a big one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from drtest.model.account import Account, Disturbance, Goals, PointResult, PointState
from drtest.model.finding import CATALOGUE, Finding
from drtest.model.run import RunResult, ScenarioResult
from drtest.model.scenario import Expectation, ExpectedFinding
from drtest.model.tune import Lever, Tuning
from drtest.model.verdict import Disposition, Verdict
from support.results import FIRST_POINT, drill, predicted, run, scenario, totals
from support.tunings import ADVICE, STANDARD, tuning, with_prices

# What a file may be called: markup, control characters, a turn of direction, a byte of Latin-1.
HOSTILE = (
    "/srv/<script>alert(1)</script>",
    '/srv/"><img src=x onerror=alert(1)>',
    "/srv/'); alert(1); ('",
    "/srv/\x1b[2J\x07bell\x00nul",
    "/srv/\u202egnp.exe",
    "/srv/caf\udce9",
    "/srv/{{ 7 * 7 }}{% raw %}",
    "/srv/]]>&amp;<!--",
    "/srv/javascript:alert(1)//@everyone [x](http://evil.example/)",
    "/srv/" + "long" * 60,
)


def points(states: Sequence[tuple[PointState, int]]) -> tuple[PointResult, ...]:
    """One point a night from the first of January; every thirtieth is a full."""
    nights = [state for state, number in states for _ in range(number)]
    return tuple(
        PointResult(
            at=FIRST_POINT + timedelta(days=night),
            chain=0 if state == "missing" else 1 + night // 30,
            is_full=night % 30 == 0 and state != "missing",
            state=state,
            drills=("1.1",) if state in {"verified", "wrong", "refused"} else (),
        )
        for night, state in enumerate(nights)
    )


def account(states: Sequence[tuple[PointState, int]], **changes: object) -> Account:
    made = points(states)
    told = Account(
        start_at=FIRST_POINT,
        end_at=made[-1].at if made else FIRST_POINT,
        steps=max(len(made), 1),
        source_paths=428,
        source_bytes=19_000_000,
        goals=Goals(rpo_s=26 * 3600.0, rto_s=4 * 3600.0, real_size=True),
        points=made,
        disturbances=(),
    )
    return replace(told, **changes)  # type: ignore[arg-type]


def disturbance(what: str = "kill at UploadPart", **changes: object) -> Disturbance:
    made = Disturbance(
        at=FIRST_POINT,
        place="wire",
        what=what,
        happened="once; 3 requests fitted",
        did_happen=True,
        must_be="killed",
        was="killed",
        restores=2,
        restores_right=2,
        silently_wrong=0,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def with_account(result: ScenarioResult, told: Account) -> ScenarioResult:
    return replace(result, judgement=replace(result.judgement, account=told))


def silent(path: str = "/srv/www/cart.php", *, at: datetime = FIRST_POINT) -> Finding:
    return Finding(
        code="digest-differs",
        subject=path,
        message=f"{path} came back with other content (4,740 bytes both), at restore point X.",
        drills=("1.1",),
        restore_points=(at,),
        silent=True,
        line=31,
        evidence={
            "paths": [
                {
                    "path": path,
                    "want": {"type": "file", "size_bytes": 4740, "blake3": "9f3a81" * 10},
                    "got": {"type": "file", "size_bytes": 4740, "blake3": "41c07e" * 10},
                    "matches_point": "2026-01-01T03:00:00+00:00",
                }
            ],
            "count": 3,
        },
    )


def bad_year() -> RunResult:
    """One scenario in which nearly everything went wrong."""
    told = account(
        [
            ("pruned", 60),
            ("verified", 30),
            ("lost", 30),
            ("verified", 35),
            ("unverified", 6),
            ("untried", 33),
            ("wrong", 1),
            ("missing", 1),
            ("wrong", 14),
            ("refused", 3),
            ("verified", 30),
        ],
        disturbances=(
            disturbance(restores_right=1, silently_wrong=1),
            disturbance(
                "flip-byte volume 2 of full 1", place="store", must_be="", was="", happened="1"
            ),
            disturbance("lose: secret key", place="machine", must_be="", was="", happened="yes"),
            disturbance("kill at the 9th PutObject", happened="never", did_happen=False),
        ),
    )
    drills = [
        drill(1, part, day=60 + part * 3, recovery_time_s=30.0 + part) for part in range(1, 31)
    ]
    drills[0] = replace(drills[0], disposition=Disposition.SILENTLY_WRONG, verdict=Verdict.FAIL)
    drills.append(
        drill(2, 1, must_be="refused", name="an empty safe", disposition=Disposition.REFUSED)
    )
    findings = [
        silent(),
        Finding(
            code="rpo-exceeded", subject="rpo", message="31D without a good point.", evidence={}
        ),
        Finding(
            code="toxic-never-fired",
            subject="the 9th PutObject",
            message="kill at the 9th PutObject never fired.",
            evidence={"matching_requests": 3},
        ),
        Finding(code="no-objective", subject="objectives", message="keep is not stated."),
        Finding(
            code="known-loss",
            subject="hard-link",
            message="hard links",
            evidence={"count": 2, "paths": ["/srv/one"]},
        ),
    ]
    made = scenario(
        "web-01, nightly to S3",
        findings=findings,
        drills=drills,
        counts_as=Verdict.FAIL,
        requests=totals(20),
        predicted=predicted(totals(19).by_phase, why="sizes near a limit"),
        not_compared=("atime, ctime and birth time", "inode, device and link count"),
    )
    return run(with_account(made, told))


def green() -> RunResult:
    """Several scenarios, all as expected, one of them a known failure."""
    known = Expectation(
        verdict=Verdict.FAIL,
        findings=(ExpectedFinding(code="digest-differs"),),
        because="duplicity resumes blindly",
    )
    return run(
        with_account(
            scenario("first full and restore", requests=totals()), account([("verified", 1)])
        ),
        with_account(scenario("a month", drills=8, requests=totals()), account([("verified", 30)])),
        with_account(
            scenario("resumed", findings=[silent()], expected=known, requests=totals()),
            account([("wrong", 3)], disturbances=(disturbance(restores_right=0),)),
        ),
    )


def hostile() -> RunResult:
    """Names, words and evidence that try to be more than text."""
    findings = [silent(path) for path in HOSTILE]
    findings += [
        Finding(code="store-failed", subject=path, message=path, evidence={"log_tail": [path]})
        for path in HOSTILE
    ]
    made = scenario(
        HOSTILE[0],
        findings=findings,
        counts_as=Verdict.FAIL,
        requests=replace(
            totals(), by_operation={HOSTILE[1]: 3}, by_phase={"full": {HOSTILE[1]: 3}}
        ),
        why=HOSTILE[2],
        file=HOSTILE[3],
        not_compared=HOSTILE,
    )
    told = account([("verified", 3)], disturbances=tuple(disturbance(one) for one in HOSTILE))
    return run(with_account(made, told), left_out=HOSTILE, notes=HOSTILE)


def big() -> RunResult:
    """So much that no page can tell all of it: many scenarios, points, findings, requests."""
    codes = [code for code, row in CATALOGUE.items() if code != "expectation-stale"]
    made = []
    for number in range(400):
        findings = [
            replace(silent(f"/srv/{number}/{one}"), code=codes[one % len(codes)])
            for one in range(25)
        ]
        one = scenario(
            f"scenario {number}",
            findings=findings,
            drills=40,
            counts_as=Verdict.FAIL,
            requests=totals(2_500),
            folder=f"{number:03d}-s",
        )
        made.append(with_account(one, account([("verified", 100), ("wrong", 1), ("lost", 99)])))
    return run(*made)


def nothing() -> RunResult:
    """A run whose set-up failed: a scenario without a single event."""
    fault = Finding(code="store-failed", subject="moto", message="The store did not start.")
    return run(scenario("a", findings=[fault], drills=0, folder="01-a", backups=0))


def tuned(found: Tuning | None = None) -> RunResult:
    """A grid of volume sizes, each point that was measured a scenario that kept its promises."""
    found = found or tuning()
    results = [
        with_account(
            scenario(one.metered.title, drills=3, requests=totals(), preloaded=True),
            account([("verified", 30)]),
        )
        for one in found.points
        if one.metered is not None
    ]
    return replace(run(*results), tune=found)


def hostile_tuned() -> RunResult:
    """A grid whose every word tries to be more than text, with several tariffs."""
    told = tuning()
    tags = [replace(STANDARD, storage_class=name, overrides=HOSTILE) for name in HOSTILE[:5]]
    found = with_prices(
        replace(
            told,
            scenario=HOSTILE[0],
            file=HOSTILE[3],
            assumptions=HOSTILE,
            unseen=None,
            why_no_unseen=HOSTILE[1],
            points=tuple(
                replace(
                    one,
                    why_modelled=HOSTILE[place % len(HOSTILE)],
                    priced=(replace(one.priced[0], by_class=dict.fromkeys(HOSTILE, 7)),),
                    metered=one.metered and replace(one.metered, title=HOSTILE[2]),
                )
                for place, one in enumerate(told.points)
            ),
            advice=(
                replace(ADVICE, levers=tuple(Lever(what=x, saves=Decimal(1)) for x in HOSTILE)),
            ),
        ),
        *tags,
    )
    return tuned(found)


RUNS = {
    "bad year": bad_year,
    "green": green,
    "hostile": hostile,
    "big": big,
    "nothing": nothing,
    "tuned": tuned,
    "hostile tuned": hostile_tuned,
}
