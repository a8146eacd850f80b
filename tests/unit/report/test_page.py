"""The page: what stands on it, that names stay names, and that it stays small and fast."""

from __future__ import annotations

import re
import resource
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from time import process_time

import pytest
from support.results import run, scenario
from support.runs import (
    HOSTILE,
    RUNS,
    account,
    bad_year,
    big,
    disturbance,
    green,
    hostile,
    nothing,
)

from drtest.model.account import STATES
from drtest.model.finding import Finding
from drtest.model.run import RunResult, ScenarioResult
from drtest.report import brief, calendar, plots
from drtest.report.page import PageReporter, render
from drtest.report.sections import disturbance_mark

BYTES = 500_000


class Seen(HTMLParser):
    """Tags, anchors and text of a page, and whether every tag that is opened is closed."""

    VOID = frozenset({"meta", "br", "wbr", "use", "path", "circle", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def words(told: RunResult) -> str:
    return re.sub(r"\s+", " ", "".join(Seen(render(told)).text))


@pytest.mark.parametrize("name", RUNS)
def test_it_is_well_formed_small_and_alone(name: str) -> None:
    text = render(RUNS[name]())
    assert len(text.encode()) < BYTES
    seen = Seen(text)
    names = [tag for tag, _ in seen.tags]
    assert not {"script", "img", "link", "iframe", "object"} & set(names)
    for tag, attributes in seen.tags:
        assert not {name for name in attributes if name.startswith("on")}
        for name in ("src", "href"):
            target = attributes.get(name)
            assert target is None or not re.match(r"[a-z]*:?//|[a-z]+:", target), (tag, target)
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("name", RUNS)
def test_anchors_are_there_once_and_links_lead_to_them(name: str) -> None:
    seen = Seen(render(RUNS[name]()))
    anchors = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(anchors) == len(set(anchors))
    links = {attributes["href"] for _, attributes in seen.tags if attributes.get("href")}
    assert {link.removeprefix("#") for link in links if link} <= set(anchors)


@pytest.mark.parametrize("path", HOSTILE)
def test_names_stay_names(path: str) -> None:
    text = render(hostile())
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "49" not in re.findall(r"/srv/(\d+)", text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e\ud800-\udfff]", text)


def test_the_verdict_comes_first_and_then_what_to_do() -> None:
    said = words(bad_year())
    order = [
        "FAIL",
        "This backup cannot be relied on yet.",
        "Of 119 restore points that were drilled, 95 came back exact, "
        "15 came back wrong without an error, 3 did not come back, 6 could not be verified.",
        "30 promised points are gone.",
        "Where an older point is named, the change was never noticed. Make a new full. Finding 1",
        "Can we get it back?",
        "What was drilled",
        "What could not be verified",
        "Findings",
        "Restore points",
        "Time and age",
        "When something goes wrong",
        "Requests",
        "Known losses",
        "Never compared: atime",
        "Do it again",
    ]
    places = [said.find(one, 0) for one in order]
    assert -1 not in places
    found = [said.index(one, places[0]) for one in order[:6]]
    assert found == sorted(found)


def test_evidence_shows_only_what_differs() -> None:
    said = words(bad_year())
    assert "blake3 9f3a819f3a81" in said
    assert "size 4,740" not in said


def test_what_was_predicted_stands_beside_what_was_metered() -> None:
    said = words(bad_year())
    assert "UploadPart 0 24,080 24,080 22,876" in re.sub(r" +", " ", said) or (
        "22,876" in said and "24,080" in said
    )
    assert "an estimate: sizes near a limit" in said


def test_a_disturbance_that_never_happened_is_never_green() -> None:
    (result,) = bad_year().scenarios
    marks = [disturbance_mark(one, result) for one in result.judgement.account.disturbances]  # type: ignore[union-attr]
    assert marks == ["fail", "pass", "pass", "unverified"]
    assert disturbance_mark(disturbance(restores=0, restores_right=0), result) == "unverified"
    assert disturbance_mark(disturbance(restores_right=0), green().scenarios[2]) == "known"


def marks(told: RunResult) -> list[str]:
    return [one.mark for one in brief.brief(told).questions]


def test_the_four_questions() -> None:
    assert marks(green()) == ["pass", "known", "pass", "none"]
    assert marks(nothing()) == ["unverified", "none", "none", "none"]
    assert marks(run(scenario("a"))) == ["pass", "none", "none", "none"]
    assert marks(bad_year())[1:3] == ["fail", "fail"]


def failing(*codes: str) -> ScenarioResult:
    findings = [Finding(code=code, subject=code, message="So it is.") for code in codes]
    return scenario("a", findings=findings)


@pytest.mark.parametrize(
    ("told", "headline"),
    [
        (run(), "Nothing could be verified."),
        (nothing(), "Nothing could be verified."),
        (green(), "As expected, with 1 known failure."),
        (run(scenario("a")), "Every promise that was drilled was kept."),
        (run(scenario("a"), interrupted=True), "The drill was broken off."),
        (run(failing("cost-exceeded", "requests-exceeded")), "It costs more than it may."),
        (run(failing("prices-too-old")), "The prices are too old."),
        (run(failing("cost-exceeded", "missing-path")), "This backup cannot be relied on yet."),
    ],
)
def test_headlines(told: RunResult, headline: str) -> None:
    assert brief.brief(told).headline == headline


def test_a_calendar_holds_each_point_and_the_list_the_same() -> None:
    (result,) = bad_year().scenarios
    told = result.judgement.account
    assert told is not None
    months = calendar.months(told.points)
    assert [month.name for month in months][:2] == ["Jan 2026", "Feb"]
    days = [day for month in months for day in month.days if day]
    assert len(days) == len(told.points)
    stretches = calendar.stretches(told.points)
    assert sum(one.points for one in stretches) == len(told.points)
    assert [one.state for one in stretches] == [
        "pruned",
        "verified",
        "lost",
        "verified",
        "unverified",
        "untried",
        "wrong",
        "missing",
        "wrong",
        "refused",
        "verified",
    ]
    assert sum(calendar.counts(told.points).values()) == len(told.points)


def test_of_two_points_of_a_day_the_worse_is_shown() -> None:
    good, bad = account([("verified", 1), ("wrong", 1)]).points
    (month,) = calendar.months((good, replace(bad, at=good.at)))
    (day,) = [day for day in month.days if day]
    assert day.state == "wrong"
    assert day.title == "1 Jan 2026, chain 1, full, 2 points: wrong, without an error"


def test_every_state_has_a_sign_and_words() -> None:
    text = render(green())
    for state in STATES:
        assert f'<symbol id="{state}"' in text
        assert calendar.WORDS[state]


def test_plots_show_the_worst_and_the_objective() -> None:
    told = account([("verified", 10), ("wrong", 5), ("verified", 10)])
    drawn = plots.ages(told)
    assert drawn is not None
    assert (
        drawn.label == "Age of the newest good restore point: 6 days at the most, the RPO is 26 h"
    )
    assert drawn.worst[2] == "6 days"
    assert drawn.goal_y is not None
    assert plots.TOP <= drawn.worst[1] < drawn.goal_y
    assert plots.ages(account([("verified", 3)])) is None


def test_a_year_of_hours_is_thinned_and_keeps_its_worst() -> None:
    told = account([("verified", 4000), ("wrong", 9), ("verified", 4000)])
    drawn = plots.ages(told)
    assert drawn is not None
    assert drawn.worst[2] == "10 days"
    assert len(drawn.path) < 20_000


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (1.23, "1.2 s"),
        (41, "41 s"),
        (600, "10 min"),
        (86_400, "24 h"),
        (1e6, "12 days"),
    ],
)
def test_lasting(seconds: float, shown: str) -> None:
    assert plots.lasting(seconds) == shown


def test_a_million_requests_and_ten_thousand_findings_are_told_fast() -> None:
    told = big()
    assert sum(one.requests.total for one in told.scenarios if one.requests) > 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = process_time()
    text = render(told)
    assert process_time() - start < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    assert "more findings</p>" in text or "more findings in" in text


def test_the_reporter_writes_beside_the_document(tmp_path: Path) -> None:
    reporter = PageReporter(redact=lambda text: text.replace("web-01", "***"))
    reporter.finish(bad_year(), tmp_path)
    reporter.finish(bad_year(), None)
    reporter.close()
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert "web-01" not in (tmp_path / "index.html").read_text()


def test_links_to_files_are_made_only_where_they_are(tmp_path: Path) -> None:
    assert 'href="run.json"' not in render(green(), tmp_path)
    (tmp_path / "run.json").write_text("{}")
    assert 'href="run.json"' in render(green(), tmp_path)


def _files() -> Iterator[str]:
    from importlib.resources import files

    for one in files("drtest.report").joinpath("templates").iterdir():
        yield one.read_text(encoding="utf-8")


def test_templates_switch_no_escaping_off() -> None:
    found = list(_files())
    assert len(found) >= 4
    for text in found:
        assert "|safe" not in text.replace(" ", "")
        assert "autoescape" not in text
