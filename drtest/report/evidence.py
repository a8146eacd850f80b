"""A finding's evidence as short tables: what a reader must see to believe it, never all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drtest.model.finding import Finding
from drtest.report.plots import lasting

ROWS = 5  # of one table; run.json has up to a thousand
_COLUMNS = 5
_TAIL = 12  # lines of a log or a traceback
_LONGEST = 300  # of one cell
_TAILS = ("log_tail", "traceback", "output_tail")
_DIGEST = 12  # so many letters tell two digests apart
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?(?:\.\d+)?(?:Z|\+00:00)", re.ASCII
)
# What a code is about; of one that is not named, whatever differs is shown.
_ABOUT = {
    "digest-differs": {"blake3", "size_bytes"},
    "mtime-differs": {"mtime_at"},
    "mode-differs": {"mode"},
    "owner-differs": {"uid", "gid"},
    "type-differs": {"type"},
    "link-target-differs": {"target"},
    "device-differs": {"device"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text; ``more`` were left out."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves one finding."""

    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    tail: tuple[str, ...]  # the last lines of a log
    log: str  # side file below the scenario's folder, "" for none


def evidence(finding: Finding) -> Evidence:
    """Return what is shown of *finding*'s evidence."""
    facts: list[tuple[str, str]] = []
    tables: list[Table] = []
    tail: list[str] = []
    for name, value in finding.evidence.items():
        if name == "log":
            continue
        if name in _TAILS:
            tail += _lines(value)[-_TAIL:]
        elif rows := _rows(value):
            is_compared = name == "paths" and {"want", "got"} <= rows[0].keys()
            tables.append(_compared(rows, finding.code) if is_compared else _table(name, rows))
        elif (text := _fact(name, value)) != "":
            facts.append((_words(name.removesuffix("_s")), text))
    log = finding.evidence.get("log")
    return Evidence(
        facts=tuple(facts),
        tables=tuple(tables),
        tail=tuple(tail),
        log=log if isinstance(log, str) else "",
    )


def cell(value: object) -> str:
    """Return plain JSON *value* in a few words."""
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case int():
            text = f"{value:,}"
        case float():
            text = f"{value:,.2f}".rstrip("0").rstrip(".")
        case list() | tuple():
            shown = ", ".join(cell(one) for one in value[:ROWS])
            text = f"{shown}, and {len(value) - ROWS:,} more" if len(value) > ROWS else shown
        case Mapping():
            pairs = [f"{_words(str(key))} {cell(one)}" for key, one in value.items()]
            text = ", ".join(pairs[:ROWS]) + (", …" if len(pairs) > ROWS else "")
        case _:
            text = _INSTANT.sub(_instant, str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _instant(found: re.Match[str]) -> str:
    """``2026-01-09 03:00``, seconds only where not zero, as everywhere."""
    seconds = "" if found[3] in {None, ":00"} else found[3]
    return f"{found[1]} {found[2]}{seconds}"


def _fact(name: str, value: object) -> str:
    if name.endswith("_s") and isinstance(value, int | float):
        return lasting(value)
    return cell(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _lines(value: object) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _rows(value: object) -> list[Mapping[str, object]]:
    """Return *value* where it is a table: a list of nothing but records; else nothing."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, Mapping) for one in value):
        return []
    return list(value)


def _table(name: str, rows: Sequence[Mapping[str, object]]) -> Table:
    head = list(dict.fromkeys(str(key) for row in rows[:ROWS] for key in row))[:_COLUMNS]
    return Table(
        title=_words(name),
        head=tuple(_words(one) for one in head),
        rows=tuple(tuple(cell(row.get(key)) for key in head) for row in rows[:ROWS]),
        more=max(0, len(rows) - ROWS),
    )


def _compared(rows: Sequence[Mapping[str, object]], code: str) -> Table:
    """Paths with what they should be beside what they are: only what differs between the two."""
    has_origin = any(row.get("matches_point") for row in rows[:ROWS])
    made = []
    for row in rows[:ROWS]:
        want, got = row.get("want"), row.get("got")
        sides = [", ".join(_facts(one, other, code)) for one, other in ((want, got), (got, want))]
        made.append(
            (
                str(row.get("path", "")),
                *(side or "nothing" for side in sides),
                *([str(row.get("matches_point", ""))[:10]] if has_origin else []),
            )
        )
    head = ("path", "in the source", "restored", *(["which is that of"] if has_origin else []))
    return Table(title="paths", head=head, rows=tuple(made), more=max(0, len(rows) - ROWS))


def _facts(one: object, other: object, code: str) -> Iterator[str]:
    if not isinstance(one, Mapping):
        return
    if not isinstance(other, Mapping):
        kind = str(one.get("type", ""))
        size = one.get("size_bytes")
        yield f"{kind}, {size:,} bytes" if isinstance(size, int) else kind
        return
    for key, value in one.items():
        if other.get(key) != value and key in _ABOUT.get(code, one.keys()):
            text = str(value)[:_DIGEST] if key == "blake3" else cell(value)
            yield f"{_words(key.removesuffix('_bytes').removesuffix('_at'))} {text}"
