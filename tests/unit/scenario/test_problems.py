"""The text of every kind of mistake, as golden files beside this one.

``DRTEST_GOLDEN=write`` writes them anew: read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drtest.errors import ScenarioError, UsageError
from drtest.scenario import find_files, load, loads

HERE = Path(__file__).parent
BAD = sorted(path.name for path in (HERE / "bad").glob("*.yaml"))
MINIMAL = "scenario: {name}\nwhy: It is small.\nsource:\n  /srv/www: 3 files\n"


def rendered(files: list[Path]) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(files)
    text = str(caught.value)
    assert f"{caught.value.problems:,} problem" in text
    return text + "\n"


@pytest.mark.parametrize("name", BAD)
def test_each_mistake_is_told_in_full(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "bad")
    seen = rendered([Path(name)]).replace(str(HERE), "HERE")
    golden = HERE / "golden" / f"{Path(name).stem}.txt"
    if os.environ.get("DRTEST_GOLDEN") == "write":
        golden.write_text(seen)
    assert seen == golden.read_text()


@pytest.mark.parametrize("name", BAD)
def test_each_problem_has_a_place_and_says_what_to_do(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HERE / "bad")
    *blocks, total = rendered([Path(name)]).strip().split("\n\n")
    assert total.endswith("; nothing was run")
    for block in blocks:
        head, *rest = block.splitlines()
        assert head.count(":") >= 3, block
        assert rest and rest[-1].startswith("      "), block
        assert all(len(line) <= 100 for line in rest), block


def test_no_golden_file_is_left_over() -> None:
    assert sorted(path.stem for path in (HERE / "golden").glob("*.txt")) == sorted(
        Path(name).stem for name in BAD
    )


def test_problems_of_all_files_come_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MINIMAL.format(name="one"))
    (tmp_path / "b.yaml").write_text(MINIMAL.format(name="one") + "seed: x\n")
    (tmp_path / "c.yaml").write_text(MINIMAL.format(name="two") + "sed: 1\n")
    (tmp_path / "d.yaml").write_text(MINIMAL.format(name="one"))
    text = rendered(list(find_files([tmp_path])))
    assert "b.yaml:5:7: x is no seed" in text
    assert "c.yaml:5:1: unknown key sed" in text
    assert "d.yaml:1:11: the name one is taken" in text
    assert text.endswith("3 problems in 3 of 4 files; nothing was run\n")


def test_a_mistake_in_a_shared_part_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/source.yaml").write_text("/srv/www: 3 fils\n")
    for name in ("one", "two"):
        text = f"scenario: {name}\nwhy: It shares.\nsource: parts/source.yaml\n"
        (tmp_path / f"{name}.yaml").write_text(text)
    text = rendered(list(find_files([tmp_path])))
    assert f"{tmp_path}/parts/source.yaml:1:11: 3 fils is no content of a path" in text
    assert text.endswith("1 problem in 1 of 2 files; nothing was run\n")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"# " + b"x" * (1 << 20))
    assert "the file has 1,048,578 bytes, a scenario file at most 1,048,576" in rendered([path])


def test_very_many_problems_are_counted_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("".join(f"key{number}: 1\n" for number in range(5000)))
    text = rendered([path])
    assert "and 4,903 more problems" in text
    assert text.endswith("5,003 problems in 1 file; nothing was run\n")


def test_a_document_before_a_syntax_error_is_still_read() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(MINIMAL.format(name="one") + "sed: 1\n---\nscenario: [\n")
    assert "unknown key sed" in str(caught.value)
    assert "not YAML" in str(caught.value)


def test_a_value_cannot_speak_to_the_terminal() -> None:
    evil = r"\e[2J\e]0;title\a\nnew line" + "x" * 1000
    with pytest.raises(ScenarioError) as caught:
        loads(MINIMAL.format(name="one") + f'seed: "{evil}"\n')
    text = str(caught.value)
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    assert r"\x1b[2J" in text
    assert max(len(line) for line in text.splitlines()) < 230


@pytest.mark.parametrize(
    ("made", "asked", "said"),
    [
        ([], "nowhere", "there is no such file or folder"),
        (["notes.txt"], ".", "there is no scenario file"),
        (["parts/a.yaml", "long/b.yaml", ".hidden/c.yaml"], ".", "there is no scenario file"),
    ],
)
def test_where_nothing_is_found(tmp_path: Path, made: list[str], asked: str, said: str) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x: y\n")
    with pytest.raises(UsageError, match=said):
        find_files([tmp_path / asked])


def test_files_are_found_sorted_and_once(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "sub/c.yaml", "long/d.yaml", "parts/e.yaml", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x: y\n")

    def names(*, long: bool) -> list[str]:
        found = find_files([tmp_path, tmp_path / "a.yml"], long=long)
        return [str(path.relative_to(tmp_path)) for path in found]

    assert names(long=False) == ["a.yml", "b.yaml", "sub/c.yaml"]
    assert names(long=True) == ["a.yml", "b.yaml", "long/d.yaml", "sub/c.yaml"]
