"""Finds scenario files and loads them, every problem of all files in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drtest.errors import UsageError
from drtest.model.plan import plan
from drtest.model.restores import restores
from drtest.model.scenario import Backup, Scenario
from drtest.scenario.document import Loaded, read_document
from drtest.scenario.node import compose
from drtest.scenario.problem import Problems
from drtest.scenario.source import refuse_absent
from drtest.scenario.text import Text, Unreadable, check, read

_SUFFIXES = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much is asked for: ``drills`` counts restores, ``backups`` full and incremental sets."""

    files: int
    scenarios: int
    drills: int
    backups: int


def find_files(paths: Sequence[Path], *, long: bool = False) -> tuple[Path, ...]:
    """Return the scenario files that *paths* name, each once, folders searched to the bottom.

    A folder gives its ``*.yaml`` and ``*.yml`` files sorted, without those below ``parts/``, below
    hidden folders and, unless *long*, below ``long/``. UsageError where a path is missing or a
    folder has none.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [
                file
                for file in sorted(path.rglob("*"))
                if file.suffix in _SUFFIXES
                and file.is_file()
                and not _is_aside(file.relative_to(path), long=long)
            ]
            if not inside:
                raise UsageError(f"{path}: there is no scenario file (*.yaml) in this folder")
            found.update(dict.fromkeys(inside))
        elif path.exists():
            found[path] = None
        else:
            raise UsageError(f"{path}: there is no such file or folder")
    if not found:
        raise UsageError("no scenario file is named")
    return tuple(found)


def _is_aside(relative: Path, *, long: bool) -> bool:
    folders = relative.parts[:-1]
    return (
        "parts" in folders
        or (not long and "long" in folders)
        or any(part.startswith(".") for part in relative.parts)
    )


def load(files: Sequence[Path], *, seed: int | None = None) -> tuple[Scenario, ...]:
    """Return the scenarios of *files* in order; *seed* overrides each one's own.

    ScenarioError carries every problem of all files, rendered. What lies outside the files (the
    user's exported key, trees to copy) must be there.
    """
    problems = Problems(files=len(files))
    loaded: list[Loaded] = []
    for file in files:
        problems.owner = str(file)
        try:
            text = read(file, file=str(file))
        except Unreadable as error:
            problems.add_unreadable(error)
            continue
        documents = _documents(text, problems, seed=seed)
        for one in documents:
            _refuse_absent(one, problems)
        loaded += documents
    _refuse_same_names(loaded, problems)
    if problems.found:
        problems.give_up()
    return tuple(one.scenario for one in loaded)


def loads(text: str, *, file: str = "<text>", seed: int | None = None) -> tuple[Scenario, ...]:
    """Return the scenarios of *text*, as ``load`` does; *file* is its name in messages.

    Parts are looked for beside *file*. Nothing else on the machine is looked at, so that an
    archived scenario loads where the key or tree that it names is gone.
    """
    problems = Problems(owner=file)
    folder = Path() if file.startswith("<") else Path(file).parent
    loaded: list[Loaded] = []
    try:
        loaded = _documents(check(text, file=file, folder=folder), problems, seed=seed)
    except Unreadable as error:
        problems.add_unreadable(error)
    _refuse_same_names(loaded, problems)
    if problems.found:
        problems.give_up()
    return tuple(one.scenario for one in loaded)


def count(scenarios: Iterable[Scenario]) -> Counts:
    """Return how many files, scenarios, restores and backups *scenarios* come to."""
    files: set[str] = set()
    number = drills = backups = 0
    for scenario in scenarios:
        files.add(scenario.file)
        number += 1
        made = plan(scenario).made
        drills += sum(len(restores(scenario, drill, made)) for drill in scenario.drills)
        backups += sum(isinstance(dated.step, Backup) for dated in scenario.steps)
    return Counts(files=len(files), scenarios=number, drills=drills, backups=backups)


def _documents(text: Text, problems: Problems, *, seed: int | None) -> list[Loaded]:
    before = len(problems.found)
    documents = compose(text, problems)
    if not documents and len(problems.found) == before:
        problems.add(
            text.start, "there is no scenario in this file", "begin with   scenario: ITS NAME"
        )
    loaded = [read_document(document, problems, seed=seed) for document in documents]
    return [one for one in loaded if one is not None]


def _refuse_same_names(loaded: Iterable[Loaded], problems: Problems) -> None:
    first: dict[str, Loaded] = {}
    for one in loaded:
        name = one.scenario.name
        if name in first:
            other = first[name].name_place
            problems.owner = one.scenario.file
            problems.add(
                one.name_place,
                f"the name {name} is taken",
                f"{other.text.file}:{other.line} has it: names are unique in a run",
            )
        else:
            first[name] = one


def _refuse_absent(loaded: Loaded, problems: Problems) -> None:
    for file, place in loaded.key_files:
        if not Path(file).is_file():
            problems.add(
                place,
                f"there is no file {file}",
                "make it with gpg --export-secret-keys --armor FINGERPRINT > FILE",
            )
    refuse_absent(
        loaded.scenario.source, loaded.copy_of, otherwise=loaded.name_place, problems=problems
    )
