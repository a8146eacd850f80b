"""Reads ``source``: what lies where."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from drtest.model.scenario import (
    ContentKind,
    CopyOf,
    Database,
    FileSet,
    LiteralFile,
    Size,
    SourceEntry,
    Symlink,
    Zoo,
)
from drtest.model.zoo import ZooThing
from drtest.scenario import fields, words
from drtest.scenario.amount import (
    SIZES,
    parse_bytes,
    parse_files,
    parse_mode,
    parse_size,
)
from drtest.scenario.fields import Fields
from drtest.scenario.node import Mapping, Node, Scalar, Sequence
from drtest.scenario.problem import Problems, nearest
from drtest.scenario.text import Place

MOST_FILES = 1_000_000
DEFAULT_SIZE = "about 4 KiB"
_ENTRY = (
    "allowed: 40 files; {files: 40, size: about 4 KiB}; {content: ...}; {symlink: TARGET}; "
    "{copy-of: /YOUR/TREE}; {sqlite: 1 MiB}; zoo"
)


def read_source(node: Node, problems: Problems) -> tuple[SourceEntry, ...]:
    """Return the entries of ``source`` in the order of the file; what is wrong is left out."""
    if not isinstance(node, Mapping) or not node.pairs:
        problems.add(
            node.place,
            "source is a mapping of paths",
            "write   /srv/www: 40 files   below it, or the name of a part: source: parts/FILE.yaml",
        )
        return ()
    entries: list[SourceEntry] = []
    seen: dict[str, int] = {}
    for pair in node.pairs:
        if (path := fields.path(pair.key, problems)) is None:
            continue
        if path in seen:
            problems.add(
                pair.key.place, f"{path} stands twice", f"it is already on line {seen[path]}"
            )
            continue
        seen[path] = pair.key.place.line
        if (entry := _entry(path, pair.value, pair.key.place.line, problems)) is not None:
            entries.append(entry)
    _refuse_below_files(node, entries, problems)
    return tuple(entries)


def _refuse_below_files(node: Mapping, entries: list[SourceEntry], problems: Problems) -> None:
    leaves = {one.path for one in entries if isinstance(one, LiteralFile | Symlink | Database)}
    places = {pair.key.value.rstrip("/"): pair.key.place for pair in node.pairs}
    for entry in entries:
        for leaf in leaves:
            if entry.path.startswith(leaf.rstrip("/") + "/"):
                problems.add(
                    places.get(entry.path, node.place),
                    f"{leaf} is a file or link, so nothing can lie below it",
                    "allowed: paths beside it",
                )


def _entry(path: str, node: Node, line: int, problems: Problems) -> SourceEntry | None:
    if isinstance(node, Scalar):
        files = parse_files(node.value)
        if files is not None and files <= MOST_FILES:
            return FileSet(path=path, files=files, size=parse_size(DEFAULT_SIZE), line=line)
        if node.value == "zoo":
            return Zoo(path=path, line=line)
        if node.value in words.SOURCE_LATER:
            problems.add(node.place, f"{node.value} is not built yet", _ENTRY)
        elif node.value.isdecimal():
            problems.add(
                node.place, f"{node.value} of what?", f"write {node.value} files; {_ENTRY}"
            )
        else:
            problems.add(node.place, f"{node.value or 'nothing'} is no content of a path", _ENTRY)
        return None
    if isinstance(node, Sequence):
        problems.add(node.place, "a list is no content of a path", _ENTRY)
        return None
    found = fields.read_fields(
        node,
        problems,
        what="key of a source entry",
        allowed=words.SOURCE_ENTRY,
        later=words.SOURCE_LATER,
    )
    if found is None:
        return None
    forms = {
        "files": words.FILE_SET,
        "content": words.LITERAL,
        "symlink": words.SYMLINK,
        "copy-of": words.COPY_OF,
        "sqlite": words.SQLITE,
        "zoo": words.ZOO,
    }
    main = next((key for key in forms if key in found.values), None)
    if main is None:
        if not found.values and isinstance(node, Mapping) and node.pairs:
            return None  # every key was unknown, and said so
        problems.add(node.place, f"{path} does not say what lies there", _ENTRY)
        return None
    for key in found.values:
        if key not in forms[main]:
            problems.add(
                found.place(key),
                f"{key} does not go with {main}",
                f"allowed beside {main}: {', '.join(k for k in forms[main] if k != main) or '-'}",
            )
            return None
    match main:
        case "files":
            return _file_set(path, found, line, problems)
        case "content":
            return _literal(path, found, line, problems)
        case "symlink":
            target = fields.exact(found.values["symlink"], problems, what="a link's target")
            return None if target is None else Symlink(path=path, target=target, line=line)
        case "zoo":
            return _zoo(path, found, line, problems)
        case "sqlite":
            return _database(path, found, line, problems)
        case _:
            of = fields.path(found.values["copy-of"], problems)
            return None if of is None else CopyOf(path=path, of=of, line=line)


def _file_set(path: str, found: Fields, line: int, problems: Problems) -> FileSet | None:
    files = fields.whole(
        found.values["files"], problems, what="number of files", low=0, high=MOST_FILES
    )
    size = _size(found, problems)
    kind: ContentKind | None = "text"
    if (node := found.get("kind")) is not None:
        kind = fields.word(  # type: ignore[assignment]  # one of words.KINDS, or None
            node, problems, what="kind", allowed=words.KINDS, later=words.SOURCE_LATER
        )
    depth: int | None = 2
    if (node := found.get("depth")) is not None:
        depth = fields.whole(node, problems, what="depth", low=0, high=20)
    if files is None or size is None or kind is None or depth is None:
        return None
    return FileSet(path=path, files=files, size=size, kind=kind, depth=depth, line=line)


def _size(found: Fields, problems: Problems) -> Size | None:
    cut: int | None = None
    if (node := found.get("max")) is not None:
        cut = fields.parsed(node, problems, parse_bytes, what="a size", advice=SIZES)
        if cut is None:
            return None
    if (node := found.get("size")) is not None:
        return fields.parsed(
            node,
            problems,
            lambda written: parse_size(written, max_bytes=cut),
            what="a size" if cut is None else "a size that goes with this max",
            advice=SIZES,
        )
    try:
        return parse_size(DEFAULT_SIZE, max_bytes=cut)
    except ValueError as error:
        problems.add(found.place("max"), f"size is {DEFAULT_SIZE} here", str(error))
        return None


def _literal(path: str, found: Fields, line: int, problems: Problems) -> LiteralFile | None:
    content = found.values["content"]
    if not isinstance(content, Scalar):
        problems.add(content.place, "content is one text", 'write it in quotes: "a line\\n"')
        return None
    mode: int | None = 0o644
    if (node := found.get("mode")) is not None:
        mode = fields.parsed(
            node, problems, parse_mode, what="a mode", advice="allowed: octal digits such as 0644"
        )
    if mode is None:
        return None
    return LiteralFile(path=path, content=content.value, mode=mode, line=line)


def _database(path: str, found: Fields, line: int, problems: Problems) -> Database | None:
    def parse(written: str) -> Database:
        return Database(path=path, size_bytes=parse_bytes(written), line=line)

    node = found.values["sqlite"]
    advice = "allowed: a size from 16 KiB to 1 GiB"
    return fields.parsed(node, problems, parse, what="the size of a database", advice=advice)


def _zoo(path: str, found: Fields, line: int, problems: Problems) -> Zoo | None:
    node = found.values["zoo"]
    things: list[ZooThing] = []
    for item in fields.items(node):
        word = fields.word(item, problems, what="thing of the zoo", allowed=words.ZOO_THINGS)
        if word in things:
            problems.add(item.place, f"{word} stands twice", "allowed: each thing once")
        elif word is not None:
            things.append(cast(ZooThing, word))
    if not fields.items(node):
        problems.add(node.place, "an empty zoo", f"allowed: {', '.join(words.ZOO_THINGS)}")
    return Zoo(path=path, things=tuple(things), line=line) if things else None


def refuse_absent(
    source: Iterable[SourceEntry],
    places: dict[str, Place],
    *,
    otherwise: Place,
    problems: Problems,
) -> None:
    """Note each ``copy-of`` whose tree does not lie on this machine."""
    for entry in source:
        if isinstance(entry, CopyOf) and not Path(entry.of).is_dir():
            problems.add(
                places.get(entry.path, otherwise),
                f"{entry.of} is no folder here",
                "name a folder that exists",
            )


def is_covered(path: str, source: Iterable[SourceEntry]) -> bool:
    """Whether *path* can exist: an entry, above one, or below generated or copied files."""
    for entry in source:
        if path == entry.path or entry.path.startswith(path.rstrip("/") + "/"):
            return True
        if isinstance(entry, FileSet | CopyOf | Zoo) and path.startswith(
            entry.path.rstrip("/") + "/"
        ):
            return True
    return False


def require_covered(
    path: str, place: Place, source: Iterable[SourceEntry], problems: Problems
) -> None:
    """Note a *path* that lies in no entry of the source, with the nearest that does."""
    entries = list(source)
    if not entries or is_covered(path, entries):
        return
    known = [entry.path for entry in entries]
    near = nearest(path, known)
    problems.add(
        place,
        f"{path} lies in no entry of source",
        f"did you mean {near}?" if near else "",
        f"source has: {', '.join(known)}",
    )
