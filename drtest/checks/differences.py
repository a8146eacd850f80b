"""Differences of one code, over all paths and restores, as one finding."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from drtest.checks.case import Case
from drtest.checks.ledger import Pile, Sample
from drtest.checks.words import at_points, counted, shown
from drtest.model.finding import Finding
from drtest.model.interval import format_instant, from_epoch
from drtest.model.tree import Entry, EntryType

_NS = 1_000_000_000


def path_finding(case: Case, code: str, pile: Pile) -> Finding:
    """Return the finding that *pile* is; its subject is the first path, sorted."""
    samples = pile.ordered()
    first = pile.first or samples[0]
    origins = _origins(case, [first, *samples]) if code == "digest-differs" else {}
    records = [_record(one, origins) for one in samples]
    evidence: dict[str, object] = {
        "count": len(pile.paths),
        "restores": len(pile.reach.drills),
        "paths": records,
    }
    points = sorted({str(one["matches_point"]) for one in records if "matches_point" in one})
    if points:
        evidence["matches_point"] = points[0] if len(points) == 1 else points
    return Finding(
        code=code,
        subject=shown(first.difference.path),
        message=_message(code, pile, first, origins.get(first.difference.path)),
        line=case.line_of_drill(pile.reach.number),
        drills=tuple(pile.reach.drills),
        restore_points=tuple(sorted(pile.reach.points)),
        silent=pile.reach.silent,
        evidence=evidence,
    )


def _message(code: str, pile: Pile, sample: Sample, origin: datetime | None) -> str:
    one = sample.difference
    text = f"{shown(one.path)} {said(code, one.want, one.got)}"
    if origin is not None:
        text += f", the content of {format_instant(origin)}"
    more = len(pile.paths) - 1
    if more:
        text += f", and {counted(more, 'more path')} likewise"
    where = at_points(pile.reach.points)
    return f"{text}{', ' if where else ''}{where}."


def said(code: str, want: Entry | None, got: Entry | None) -> str:
    """Return what *code* says of one path, figures included, ready to follow its name."""
    match code, want, got:
        case "missing-path", Entry(), _:
            return f"did not come back ({_what(want)})"
        case "extra-path", _, Entry():
            return f"came back and was not in the source ({_what(got)})"
        case "wrong-data-left-behind", None, Entry():
            return f"was left by a refused restore and was not in the source ({_what(got)})"
        case "wrong-data-left-behind", Entry(), Entry():
            return f"was left by a refused restore as {_what(got)}, was {_what(want)}"
        case "selection-disagrees", Entry(), None:
            return "did not come back, though drtest's model of the rules selects it"
        case "selection-disagrees", Entry(), _:
            return "came back, though drtest's model of the rules does not select it"
        case "digest-differs", Entry(), Entry():
            if want.size_bytes == got.size_bytes:
                return f"came back with other content ({want.size_bytes:,} bytes both)"
            return (
                f"came back with other content "
                f"({got.size_bytes:,} bytes, was {want.size_bytes:,} bytes)"
            )
        case "changed-while-read", _, Entry():
            return (
                f"came back neither as it was before the backup nor as it was after it "
                f"({got.size_bytes:,} bytes): it changed while it was read"
            )
        case "type-differs", Entry(), Entry():
            return f"came back as {_noun(got.type)}, was {_noun(want.type)}"
        case "mode-differs", Entry(), Entry():
            return f"came back with mode {got.mode:04o}, was {want.mode:04o}"
        case "owner-differs", Entry(), Entry():
            return f"came back owned by {got.uid}:{got.gid}, was {want.uid}:{want.gid}"
        case "mtime-differs", Entry(), Entry():
            return f"came back with mtime {_time(got)}, was {_time(want)}"
        case "link-target-differs", Entry(), Entry():
            return f"came back pointing to {got.target}, pointed to {want.target}"
        case "device-differs", Entry(), Entry():
            return f"came back as device {_device(got)}, was {_device(want)}"
        case _:
            raise AssertionError(f"{code} has no words for {want} and {got}")


def _what(entry: Entry) -> str:
    if entry.type == "file":
        return f"{entry.size_bytes:,} bytes"
    return _noun(entry.type)


def _noun(kind: EntryType) -> str:
    match kind:
        case "file" | "socket" | "fifo":
            return f"a {kind}"
        case "dir":
            return "a folder"
        case "symlink":
            return "a symlink"
        case "block" | "char":
            return f"a {kind} device"
        case _ as never:
            assert_never(never)


def _time(entry: Entry) -> str:
    seconds = entry.mtime_ns // _NS
    try:
        return from_epoch(seconds).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):  # file systems know years that calendars do not
        return f"{seconds} s after 1970"


def _device(entry: Entry) -> str:
    return "none" if entry.device is None else ":".join(map(str, entry.device))


def _record(sample: Sample, origins: dict[str, datetime]) -> dict[str, object]:
    one = sample.difference
    record: dict[str, object] = {
        "path": shown(one.path),
        "want": None if one.want is None else _facts(one.want),
        "got": None if one.got is None else _facts(one.got),
    }
    if one.path in origins:
        record["matches_point"] = origins[one.path].isoformat()
    return record


def _facts(entry: Entry) -> dict[str, object]:
    """Everything known of a path, without what is not set."""
    facts: dict[str, object] = {
        "type": entry.type,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "mtime_at": _time(entry),
    }
    if entry.type == "file":
        facts |= {"size_bytes": entry.size_bytes, "blake3": entry.digest}
    if entry.type == "symlink":
        facts["target"] = entry.target
    if entry.device is not None:
        facts["device"] = _device(entry)
    return facts


def _origins(case: Case, samples: list[Sample]) -> dict[str, datetime]:
    """Return at which other point each restored content was right: the newest older, or a newer."""
    wanted = {
        one.difference.path: (one.truth, one.difference.got.digest)
        for one in samples
        if one.difference.got is not None and one.difference.got.digest and one.truth is not None
    }
    older: dict[str, int] = {}
    newer: dict[str, int] = {}
    for number in sorted(case.truths):
        for entry in case.history.trees.truth(number):
            found = wanted.get(entry.path)
            if found is None or entry.digest != found[1]:
                continue
            if number < found[0]:
                older[entry.path] = number
            elif number > found[0]:
                newer.setdefault(entry.path, number)
    return {path: case.truths[number] for path, number in (newer | older).items()}
