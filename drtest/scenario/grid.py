"""Reads ``tune``: the grid of ``drtest tune``, and the reader's own source. And writes it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from drtest.model.grid import LEAST_CHUNK_MIB, Grid, Project
from drtest.scenario import fields, words
from drtest.scenario.emit import Flow, Tree
from drtest.scenario.fields import Fields
from drtest.scenario.node import Node, Scalar
from drtest.scenario.problem import Problems
from drtest.scenario.quantity import (
    BITS,
    COUNTS,
    NUMBER,
    PLACES,
    RATIOS,
    RESTORES,
    SHARES,
    SPEEDS,
    TOTALS,
    UNITS,
    format_total,
    parse_many,
    parse_place,
    parse_ratio,
    parse_restores,
    parse_share,
    parse_speed,
    parse_total,
    plain,
)
from drtest.scenario.shape import Schema, mapping, matching, one_or_many, whole

T = TypeVar("T")
MOST_MIB = 100_000
# ---------------------------------------------------------------- reading


def read_grid(found: Fields, problems: Problems) -> Grid | None:
    """Return what stands below ``tune``, None where there is none or anything is wrong with it."""
    node = found.get("tune")
    if node is None:
        return None
    before = len(problems.found)
    inner = fields.read_fields(node, problems, what="key of tune", allowed=words.TUNE)
    if inner is None:
        return None
    usual = Grid()
    restores = _one(inner, problems, "restores-per-month", parse_restores, RESTORES)
    speed = _one(inner, problems, "download", parse_speed, SPEEDS)
    volsizes = _sizes(inner, problems, "volsize", least=1)
    chunks = _sizes(inner, problems, "s3-multipart-chunk-size", least=LEAST_CHUNK_MIB)
    prices = _each(
        inner,
        problems,
        "prices",
        lambda item: fields.parsed(
            item, problems, parse_place, what="a place of prices", advice=PLACES
        ),
    )
    project = _project(inner, problems)
    if len(problems.found) > before:
        return None
    return Grid(
        volsizes_mib=volsizes or usual.volsizes_mib,
        chunks_mib=chunks,
        prices=prices,
        restores_per_month=usual.restores_per_month if restores is None else restores,
        download_bytes_per_s=speed or usual.download_bytes_per_s,
        project=project,
    )


def _one(
    found: Fields, problems: Problems, key: str, parse: Callable[[str], T], advice: str
) -> T | None:
    node = found.get(key)
    return (
        None
        if node is None
        else fields.parsed(node, problems, parse, what=f"a value of {key}", advice=advice)
    )


def _sizes(found: Fields, problems: Problems, key: str, *, least: int) -> tuple[int, ...]:
    return _each(
        found,
        problems,
        key,
        lambda item: fields.whole(item, problems, what=key, low=least, high=MOST_MIB),
    )


def _each(
    found: Fields, problems: Problems, key: str, read: Callable[[Node], T | None]
) -> tuple[T, ...]:
    """One value or a list of them, each once."""
    node = found.get(key)
    if node is None:
        return ()
    values: list[T] = []
    nodes = fields.items(node)
    if not nodes:
        problems.add(node.place, f"{key} names nothing", f"{words.TUNE[key]}")
    for item in nodes:
        value = read(item)
        if value is None:
            continue
        if value in values:
            written = item.value if isinstance(item, Scalar) else ""
            problems.add(item.place, f"{written} stands twice", "allowed: each value once")
            continue
        values.append(value)
    return tuple(values)


def _project(found: Fields, problems: Problems) -> Project | None:
    node = found.get("project")
    if node is None:
        return None
    inner = fields.read_fields(node, problems, what="key of project", allowed=words.PROJECT)
    if inner is None:
        return None
    if "size" not in inner.values:
        problems.add(node.place, "project has no size", "add   size: 100 GiB")
        return None
    size_bytes = _one(inner, problems, "size", parse_total, TOTALS)
    change = _one(inner, problems, "change", parse_share, SHARES)
    files = _one(inner, problems, "files", parse_many, COUNTS)
    compress = _one(inner, problems, "compress", parse_ratio, RATIOS)
    if size_bytes is None:
        return None
    return Project(size_bytes=size_bytes, change=change, files=files, compress=compress)


# ---------------------------------------------------------------- writing


def grid_words(grid: Grid) -> dict[str, Tree]:
    """Return the words that ``read_grid`` reads back to an equal value."""
    tree: dict[str, Tree] = {"volsize": Flow([*grid.volsizes_mib])}
    if grid.chunks_mib:
        tree["s3-multipart-chunk-size"] = Flow([*grid.chunks_mib])
    if grid.prices:
        tree["prices"] = Flow([*grid.prices])
    tree["restores-per-month"] = plain(grid.restores_per_month)
    tree["download"] = f"{format_total(grid.download_bytes_per_s)}/s"
    if grid.project is not None:
        tree["project"] = Flow(_project_words(grid.project))
    return tree


def _project_words(project: Project) -> dict[str, Tree]:
    tree: dict[str, Tree] = {"size": format_total(project.size_bytes)}
    if project.change is not None:
        tree["change"] = f"{(Decimal(repr(project.change)) * 100).normalize():f}%"
    if project.files is not None:
        tree["files"] = project.files
    if project.compress is not None:
        tree["compress"] = plain(project.compress)
    return tree


def schema() -> Schema:
    """Return the JSON Schema of ``tune``; an editor sees numbers where YAML makes them."""
    total = rf"^{NUMBER} ?({'|'.join(UNITS)})$"
    number: Schema = {"type": "number", "minimum": 0}
    ratio = r"^[0-9]+(\.[0-9]+)?"
    project = mapping(
        words.PROJECT,
        {
            "size": matching(total),
            "change": matching(r"^[0-9]{1,3}(\.[0-9]+)? ?%$"),
            "files": {"anyOf": [whole(1), matching(r"^[0-9]+(\.[0-9]+)? ?[kM]$")]},
            "compress": {"anyOf": [number, matching(rf"{ratio} ?%?$")]},
        },
        "size",
    )
    return mapping(
        words.TUNE,
        {
            "volsize": one_or_many(whole(1)),
            "s3-multipart-chunk-size": one_or_many(whole(LEAST_CHUNK_MIB)),
            "prices": one_or_many(matching(r"^[^/]+/[^/]+/[^/]+$")),
            "restores-per-month": {"anyOf": [number, matching(f"{ratio}$")]},
            "download": matching(rf"^{NUMBER} ?({'|'.join(UNITS | BITS)})(/s)?$"),
            "project": project,
        },
    )
