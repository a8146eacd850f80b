"""The page in a real browser: wide and narrow, light and dark, and on paper."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from support.chromium import Browser, Page, chromium
from support.runs import RUNS

from drtest.report.page import render

pytestmark = pytest.mark.needs("chromium")

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
SCREENS = [(1280, False), (1280, True), (390, False), (390, True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, make in RUNS.items():
        made[name] = folder / name.replace(" ", "-") / "index.html"
        made[name].parent.mkdir()
        (made[name].parent / "run.json").write_text("{}")
        made[name].write_text(render(make(), made[name].parent), encoding="utf-8")
    return made


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.page()


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_nothing_is_loaded_said_or_cut(
    page: Page, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    page.look(width=width, dark=dark)
    page.load(pages[name])
    assert page.complaints() == []
    assert page.requested() == [pages[name].as_uri()]
    wide = page.run(
        "document.querySelectorAll('details').forEach(d => d.open = true);"
        "document.documentElement.scrollWidth"
    )
    assert wide <= width, "the page scrolls sideways"


@pytest.mark.parametrize("name", RUNS)
def test_links_lead_somewhere(page: Page, pages: dict[str, Path], name: str) -> None:
    page.look(width=1280)
    page.load(pages[name])
    links = page.run("[...document.links].map(link => link.href)")
    assert links
    anchors = page.run("[...document.querySelectorAll('[id]')].map(node => node.id)")
    for link in links:
        target, _, anchor = link.partition("#")
        assert target.startswith("file://")
        assert Path(target.removeprefix("file://")).is_file()
        assert not anchor or anchor in anchors


def test_hostile_names_do_nothing(page: Page, pages: dict[str, Path]) -> None:
    page.look(width=1280)
    page.load(pages["hostile"])
    assert page.run("document.querySelectorAll('script, img, iframe, [onerror]').length") == 0
    assert page.run("[...document.links].filter(a => a.protocol != 'file:').length") == 0
    text = page.run("document.body.innerText")
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "\\u202egnp.exe" in text


def test_a_script_would_not_run(page: Page, pages: dict[str, Path], tmp_path: Path) -> None:
    """The page's own policy is a second wall behind the escaping."""
    pierced = tmp_path / "pierced.html"
    script = "<script>window.pierced = 1</script><img src='http://127.0.0.1:9/x'></main>"
    pierced.write_text(pages["green"].read_text().replace("</main>", script))
    page.look(width=1280)
    page.load(pierced)
    assert page.run("typeof window.pierced") == "undefined"
    assert any("Content Security Policy" in said for said in page.complaints())


@pytest.mark.needs("axe")
@pytest.mark.parametrize("name", [name for name in RUNS if name != "big"])
@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_axe_finds_nothing(
    page: Page, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    page.look(width=width, dark=dark)
    page.load(pages[name])
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.run(AXE.read_text() + ";0")
    found = page.run(
        "axe.run({resultTypes: ['violations']}).then(r => r.violations.map("
        "v => `${v.impact} ${v.id}: ${v.nodes.slice(0, 3).map(n => n.html).join(' ')}`))"
    )
    assert found == []


@pytest.mark.needs("axe")
def test_axe_finds_what_is_wrong(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<html><title>t</title><p style='color:#ccc;background:#fff'>pale</p></html>")
    page.look(width=1280)
    page.load(bad)
    page.run(AXE.read_text() + ";0")
    found = page.run("axe.run().then(r => r.violations.map(v => v.id))")
    assert {"color-contrast", "html-has-lang"} <= set(found)


@pytest.mark.parametrize("name", ["bad year", "green", "tuned"])
def test_on_paper_nothing_is_folded_or_lost(page: Page, pages: dict[str, Path], name: str) -> None:
    page.look(width=794, media="print")  # A4 at 96 dpi
    page.load(pages[name])
    assert page.run("document.documentElement.scrollWidth") <= 794
    hidden = page.run(
        "[...document.querySelectorAll('details')].filter(d => "
        "d.querySelector('table').getBoundingClientRect().height == 0).length"
    )
    assert hidden == 0
    sheet = page.pdf()
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", sheet + _inflated(sheet))
    assert 1 < len(sizes) < 15


def _inflated(pdf: bytes) -> bytes:
    """The compressed parts of *pdf*, where newer versions keep their page list."""
    found = []
    for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompressobj().decompress(part))
        except zlib.error:
            continue
    return b"".join(found)


@pytest.mark.parametrize(("width", "dark"), SCREENS)
def test_plots_over_volume_size_can_be_read(
    page: Page, pages: dict[str, Path], width: int, dark: bool
) -> None:
    """Dots and rings tell measured from modelled; no word is cut, or lies on another one."""
    page.look(width=width, dark=dark)
    page.load(pages["tuned"])
    for form, legend in (("full", "measured"), ("open", "modelled")):
        fills = page.run(
            f"[...document.querySelectorAll('#volumes .{form}')].map("
            "c => getComputedStyle(c).fill == getComputedStyle(c).stroke || "
            "getComputedStyle(c).stroke == 'none')"
        )
        assert fills
        assert set(fills) == {form == "full"}
        assert legend in page.run("document.querySelector('#volumes .legend').innerText")
    boxes = page.run(
        "[...document.querySelectorAll('#volumes svg.plot')].map(plot => {"
        "const box = one => {const r = one.getBoundingClientRect();"
        "return [r.left, r.top, r.right, r.bottom]};"
        "return [...plot.querySelectorAll('text')].map(box)})"
    )
    assert len(boxes) == 2
    for words in boxes:
        assert len(words) > 8
        for one in words:
            assert one[0] >= 0
            assert one[2] <= width
        for one, other in combinations(words, 2):
            apart = one[2] <= other[0] or other[2] <= one[0]
            assert apart or one[3] <= other[1] + 4 or other[3] <= one[1] + 4


def test_marks_are_told_apart_without_colour(page: Page, pages: dict[str, Path]) -> None:
    """Every mark is a word, and every sign of the calendar a shape and a word of its own."""
    page.look(width=1280)
    page.load(pages["bad year"])
    marks = page.run("[...document.querySelectorAll('.mark')].map(m => m.textContent.trim())")
    assert marks
    assert set(marks) <= {"PASS", "FAIL", "UNVERIFIED", "KNOWN FAIL", "NOT JUDGED"}
    cells = page.run(
        "[...document.querySelectorAll('.cal td svg')].map("
        "s => [s.firstElementChild.getAttribute('href'), s.parentElement.textContent.trim()])"
    )
    assert cells
    assert all(text.startswith(sign.removeprefix("#")) for sign, text in cells)
    shapes = page.run("[...document.querySelectorAll('symbol')].map(s => s.innerHTML)")
    assert len(shapes) == len(set(shapes))
