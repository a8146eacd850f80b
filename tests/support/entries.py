"""Entries and sorted trees, as Hypothesis draws them and as tests write them down."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from drtest.model.tree import Entry, EntryType, sort_key

# Names around the byte of "/": "-" and "." sort before it, "0" and letters after it.
NAMES = ("a", "b", "a-b", "a.b", "a0", "A", "ü", "\udcff", "new\nline", '"', "[x]", "\\", " ")
NS = 1_000_000_000
_DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)


def entry(path: str, kind: EntryType = "file", **facts: object) -> Entry:
    """Return a plain entry: mtime in whole seconds, of the root user, selected, protected."""
    plain: dict[str, object] = {
        "mode": 0o755 if kind == "dir" else 0o644,
        "uid": 0,
        "gid": 0,
        "mtime_ns": 1_700_000_000 * NS,
    }
    if kind == "file":
        plain |= {"size_bytes": 3, "digest": "aa" * 32}
    if kind == "symlink":
        plain |= {"target": "a"}
    if kind in ("block", "char"):
        plain |= {"device": (1, 3)}
    return Entry(path=path, type=kind, **(plain | facts))  # type: ignore[arg-type]


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return *entries* as a stored tree is sorted."""
    return sorted(entries, key=lambda one: one.sort_key)


def paths() -> st.SearchStrategy[list[str]]:
    """Draw the paths of a tree, sorted: the root, and with each path the folders above it."""
    one = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4)
    return st.lists(one, max_size=12).map(_closed)


def _closed(drawn: list[list[str]]) -> list[str]:
    every = {"/".join(parts[: n + 1]) for parts in drawn for n in range(len(parts))}
    return sorted({".", *every}, key=sort_key)


@st.composite
def entries(draw: st.DrawFn, path: str, *, is_dir: bool) -> Entry:
    """Draw one entry of any type and look for *path*."""
    kinds: tuple[EntryType, ...] = (
        ("dir",)
        if is_dir
        else ("file", "file", "dir", "symlink", "fifo", "socket", "char", "block")
    )
    kind = draw(st.sampled_from(kinds))
    facts: dict[str, object] = {
        "mode": draw(st.integers(0, 0o7777)),
        "uid": draw(st.integers(0, 3)),
        "gid": draw(st.integers(0, 3)),
        "mtime_ns": draw(st.integers(-5 * NS, 2**62)),
        "xattrs": draw(st.sampled_from(["", "cc" * 32])),
    }
    if kind == "file":
        facts |= {
            "size_bytes": draw(st.integers(0, 2**40)),
            "digest": draw(_DIGEST),
            "has_holes": draw(st.booleans()),
            "link_group": draw(st.sampled_from(["", path])),
        }
    if kind == "symlink":
        facts["target"] = draw(st.sampled_from(NAMES))
    if kind in ("block", "char"):
        facts["device"] = (draw(st.integers(0, 4095)), draw(st.integers(0, 2**20 - 1)))
    return entry(path, kind, **facts)


@st.composite
def trees(draw: st.DrawFn) -> list[Entry]:
    """Draw a whole tree, sorted, with every type and hostile names."""
    names = draw(paths())
    return [
        draw(entries(name, is_dir=name == "." or any(o.startswith(f"{name}/") for o in names)))
        for name in names
    ]
