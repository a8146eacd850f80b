"""What drtest tune can be asked, and what it refuses before anything is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.prices import text

from drtest.api.grid import Words, asked
from drtest.api.options import Options
from drtest.api.select import choose
from drtest.api.tune import prepare
from drtest.errors import UsageError
from drtest.model.grid import Grid, Project
from drtest.scenario import loads

STANDARD = "aws/us-east-1/STANDARD"
SCENARIO = """\
scenario: a grid
why: It is tried.
source:
  /srv/m: {files: 32, size: 1 MiB, kind: random}
policy: {volsize: 25, options: [--no-compression]}
"""
TUNED = f"""\
{SCENARIO}tune:
  volsize: [5, 10]
  s3-multipart-chunk-size: 20
  prices: {STANDARD}
  restores-per-month: 2
  download: 100 Mbit/s
  project: {{size: 2 TB, change: 1%, files: 3M, compress: 60%}}
"""


def options(folder: Path, text: str = TUNED, **more: object) -> Options:
    path = folder / "grid.yaml"
    path.write_text(text)
    return Options(paths=(path,), **more)  # type: ignore[arg-type]


def test_the_scenario_says_it_all() -> None:
    (scenario,) = loads(TUNED)
    assert asked(scenario, Words()) == Grid(
        volsizes_mib=(5, 10),
        chunks_mib=(20,),
        prices=(STANDARD,),
        restores_per_month=2,
        download_bytes_per_s=12_500_000,
        project=Project(size_bytes=2 * 10**12, change=0.01, files=3_000_000, compress=0.6),
    )


def test_the_command_line_comes_before_it() -> None:
    (scenario,) = loads(TUNED)
    words = Words(
        volsize="19, 5",
        chunk="20,256",
        restores_per_month="0",
        download="4 MB/s",
        project="size=100GiB",
        prices=("b2/all/STANDARD",),
    )
    assert asked(scenario, words) == Grid(
        volsizes_mib=(19, 5),
        chunks_mib=(20, 256),
        prices=("b2/all/STANDARD",),
        restores_per_month=0,
        download_bytes_per_s=4_000_000,
        project=Project(size_bytes=100 * 2**30),
    )


def test_without_words_there_is_a_usual_grid() -> None:
    (scenario,) = loads(SCENARIO)
    assert asked(scenario, Words(prices=(STANDARD,))) == Grid(prices=(STANDARD,))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"volsize": "5,0"}, "--volsize 5,0: volsize is a whole number of MiB, at least 1"),
        ({"volsize": "-5"}, "--volsize -5: -5 is no whole number of MiB, as in 5,10,19"),
        ({"volsize": "5,5"}, "each value once"),
        ({"volsize": "5,,10"}, "nothing is no whole number"),
        ({"chunk": "4"}, "--chunk 4: s3-multipart-chunk-size is a whole number of MiB, at least 5"),
        ({"chunk": "20,20"}, "each value once"),
        ({"restores_per_month": "-1"}, "--restores-per-month -1: allowed: 0 or more"),
        ({"download": "fast"}, "allowed: 32 MiB/s"),
        ({"project": "change=1%"}, "size is missing"),
        ({"project": "size=2tb"}, "size=2tb: write 2 TB"),
        ({"project": "size=2TB,growth=1"}, "growth=1: write KEY=VALUE; keys are size, change"),
        ({"project": "size=2TB,size=3TB"}, "size stands twice"),
        ({"project": "size=2TB,change=2"}, "change=2: write 2%"),
        ({"prices": ()}, "say with which prices"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(words: dict[str, str], says: str) -> None:
    (scenario,) = loads(SCENARIO)
    with pytest.raises(UsageError) as caught:
        asked(scenario, Words(**{"prices": (STANDARD,), **words}))  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_each_point_is_the_scenario_with_its_policy_overridden(tmp_path: Path) -> None:
    ready = prepare(options(tmp_path), Words())
    names = [one.name for one in ready.chosen.scenarios]
    assert names == [
        "a grid (volsize 5, chunk 20)",
        "a grid (volsize 10, chunk 20)",
        "a grid (volsize 7, chunk 20)",
    ]
    assert ready.sweep.unseen == (7, 20)
    assert ready.options.preload
    assert ready.options.prices == (STANDARD,)
    for one in ready.chosen.scenarios:
        assert one.tune is None
        assert (one.seed, one.source) == (1, loads(SCENARIO)[0].source)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"stores": ("moto", "seaweedfs")}, "on one store of drtest's own"),
        ({"stores": ("https://s3.example.com",)}, "on one store of drtest's own"),
        ({"words": "nothing like it"}, "selects none"),
    ],
)
def test_what_cannot_be_tuned(tmp_path: Path, more: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        prepare(options(tmp_path, **more), Words())


def test_one_scenario_at_a_time(tmp_path: Path) -> None:
    two = f"{TUNED}---\n{TUNED.replace('a grid', 'another grid')}"
    with pytest.raises(UsageError, match=r"one scenario; choose with -k one of:\n    a grid"):
        prepare(options(tmp_path, two), Words())
    assert (
        prepare(options(tmp_path, two, words="another"), Words()).sweep.scenario == "another grid"
    )


def test_a_place_without_prices(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no prices for moon"):
        prepare(options(tmp_path), Words(prices=("aws/moon/STANDARD",)))
    wrong = TUNED.replace(STANDARD, "aws/us-east-1/WARM")
    with pytest.raises(UsageError, match=r"grid.yaml: tune: prices: .* has no class WARM; it has"):
        prepare(options(tmp_path, wrong), Words())


def test_a_book_that_lacks_a_price_is_found_before_anything_is_run(tmp_path: Path) -> None:
    book = json.loads(text("aws"))
    del book["operations"]["UploadPart"]
    (tmp_path / "mine.json").write_text(json.dumps(book))
    words = Words(prices=(str(tmp_path / "mine.json"), STANDARD))
    with pytest.raises(UsageError, match="UploadPart"):
        prepare(options(tmp_path), words)


def test_a_point_is_run_alone_by_the_name_that_the_report_gives(tmp_path: Path) -> None:
    name = "a grid (volsize 7, chunk 20)"
    (point,) = choose(options(tmp_path, words=name, drill="1")).scenarios
    assert point == prepare(options(tmp_path), Words()).chosen.scenarios[-1]
    assert point.name == name
    for none in ("a grid (volsize 7, chunk 4)", "no grid (volsize 7, chunk 20)", "(volsize 7)"):
        with pytest.raises(UsageError, match="selects none"):
            choose(options(tmp_path, words=none))
