"""Two sorted streams of entries -> their differences. Pure; holds one entry of each at a time.

What duplicity keeps, and so what a known loss looks like, was found by running duplicity 3.2.1 and
0.8.22 (docs/findings.md): mode, owner, whole seconds of mtime, content, symlink text and device
numbers come back; hard links, holes, extended attributes and the mtime of a symlink do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from drtest.model.tree import Difference, Entry

NOT_COMPARED: tuple[str, ...] = (
    "atime, ctime and birth time",
    "inode, device and link count",
    "size of folders",
    "mode of symlinks",
    "ACLs, capabilities and labels, but for being extended attributes that were lost",
    "extended attributes, holes and hard links that only the restore has",
    "file flags (chattr)",
    "owners that only root can set, where the restore ran as an ordinary user",
    "content of what could not be read (reported as truth-incomplete)",
)
"""What no difference is ever made of; printed in every report, tested to be ignored."""

_NS = 1_000_000_000

Flux = Mapping[str, tuple[Entry | None, Entry | None]]
"""What changed while it was backed up: path of the source -> as it was before, and after."""


def diff(
    want: Iterator[Entry],
    got: Iterator[Entry],
    *,
    as_root: bool,
    below: str = ".",
    rules: bool = False,
    compare_owner: bool = True,
    flux: Flux | None = None,
) -> Iterator[Difference]:
    """Yield every difference between the truth *want* and the restored tree *got*, sorted by path.

    Both are in the order of ``Entry.sort_key``. *want* is the whole source with its flags; *got* is
    one target. *below* is the path that alone was restored, relative to the source: the restored
    root is that path, and differences name paths relative to the source. *as_root*: the restore ran
    as root, so owners must be right; otherwise only the group of what belonged to the restoring
    user can be. *rules*: selection rules stand between source and backup, so a path that is
    missing, selected by drtest's model and not protected may be the model's mistake
    (``selection-disagrees``). *flux*: what changed while it was backed up may have come back as it
    was before or after; a file that is neither, and its attributes are, is ``changed-while-read``.

    A path that was not selected and did not come back is no difference: a restore must hold what
    was selected, and a promise beyond that is judged without a restore.
    """
    unlisted: set[str] = set()  # folders of the truth whose content is unknown
    for wanted, found in pairs(reroot(want, below), got):
        one = wanted or found
        whole = _full(one.path, below) if flux and one is not None else ""
        both = flux.get(whole) if flux else None
        if both and any(state is not None and state.selected for state in both):
            yield from _in_flux(whole, both, found, owner=compare_owner, as_root=as_root)
            continue
        if wanted is None:
            if found is not None and not _is_below_any(found.path, unlisted):
                yield _difference("extra-path", below, None, found)
            continue
        if wanted.type == "dir" and wanted.error:
            unlisted.add(wanted.path)
        if found is None:
            if wanted.selected:
                yield _missing(wanted, below, rules=rules)
            continue
        if not wanted.selected:
            yield _difference("selection-disagrees", below, wanted, found)
            if not wanted.protected:
                continue
        for code, kind in _compare(wanted, found, owner=compare_owner, as_root=as_root):
            yield _difference(code, below, wanted, found, kind)


def flux(before: Iterator[Entry], after: Iterator[Entry]) -> Flux:
    """Return the paths in which two trees of one source differ, each with both its entries."""
    return {
        one.path: (old, new)
        for old, new in pairs(before, after)
        if old != new and (one := old or new) is not None
    }


def _in_flux(
    path: str,
    both: tuple[Entry | None, Entry | None],
    found: Entry | None,
    *,
    owner: bool,
    as_root: bool,
) -> Iterator[Difference]:
    """Yield how *found* differs from *path* of the source, which changed while it was read."""
    states = [one for one in both if one is not None and one.selected]
    if found is None:
        # It came or went meanwhile, or was a socket: only what was there all the time is missing.
        if len(states) == len(both) and all(one.type != "socket" for one in states):
            yield Difference(code="missing-path", path=path, want=states[0], got=None)
        return
    torn = [
        one._replace(digest=found.digest, size_bytes=found.size_bytes)
        for one in states
        if one.type == found.type == "file"
    ]
    said = list(_compare(states[0], found, owner=owner, as_root=as_root))
    for number, state in enumerate((*states, *torn)):
        seen = list(_compare(state, found, owner=owner, as_root=as_root))
        if all(code == "known-loss" for code, _ in seen):
            mixed = [("changed-while-read", "")] if number >= len(states) else []
            said = [*mixed, *seen]
            break
    for code, kind in said:
        yield Difference(code=code, path=path, want=states[0], got=found, kind=kind)


def matches(
    want: Iterator[Entry],
    got: Iterator[Entry],
    *,
    as_root: bool,
    below: str = ".",
    compare_owner: bool = True,
) -> bool:
    """Return whether *got* is *want* but for known losses."""
    found = diff(want, got, as_root=as_root, below=below, compare_owner=compare_owner)
    return all(one.code == "known-loss" for one in found)


def reroot(entries: Iterator[Entry], below: str) -> Iterator[Entry]:
    """Yield the path *below* as ``.`` and what lies under it, relative to it; ``.`` is a no-op.

    One prefix is taken from every path, so the order stays.
    """
    return entries if _is_whole(below) else _rerooted(entries, below.strip("/"))


def _is_whole(below: str) -> bool:
    return below.strip("/") in ("", ".")


def kept_mtime_ns(mtime_ns: int) -> int:
    """Return the mtime that duplicity stores: whole seconds, and 0 for what lies before 1970.

    ``int(os.stat_result.st_mtime)``, and that float is made as here, so the last 0.1 microseconds
    of a second become the next one.
    """
    seconds, rest = divmod(mtime_ns, _NS)
    return max(0, int(seconds + 1e-9 * rest)) * _NS


def _rerooted(entries: Iterator[Entry], below: str) -> Iterator[Entry]:
    prefix = below + "/"
    for entry in entries:
        if entry.path == below:
            yield entry._replace(path=".")
        elif entry.path.startswith(prefix):
            yield entry._replace(path=entry.path.removeprefix(prefix))


def pairs(
    want: Iterator[Entry], got: Iterator[Entry]
) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Merge two sorted streams: one pair for each path, None where a side has not got it."""
    wanted, found = next(want, None), next(got, None)
    while wanted is not None and found is not None:
        if wanted.path == found.path:
            yield wanted, found
            wanted, found = next(want, None), next(got, None)
        elif wanted.sort_key < found.sort_key:
            yield wanted, None
            wanted = next(want, None)
        else:
            yield None, found
            found = next(got, None)
    while wanted is not None:
        yield wanted, None
        wanted = next(want, None)
    while found is not None:
        yield None, found
        found = next(got, None)


def _missing(wanted: Entry, below: str, *, rules: bool) -> Difference:
    if wanted.type == "socket":
        return _difference("known-loss", below, wanted, None, "socket")
    if rules and wanted.selected and not wanted.protected:
        return _difference("selection-disagrees", below, wanted, None)
    return _difference("missing-path", below, wanted, None)


def _compare(want: Entry, got: Entry, *, owner: bool, as_root: bool) -> Iterator[tuple[str, str]]:
    """Yield (code, kind) for each fact in which two entries of one path differ."""
    if want.type != got.type:
        yield "type-differs", ""
        return
    if not (want.error or got.error):
        if (want.size_bytes, want.digest) != (got.size_bytes, got.digest):
            yield "digest-differs", ""
        if want.target != got.target:
            yield "link-target-differs", ""
    if want.device != got.device:
        yield "device-differs", ""
    if want.uid < 0 or got.uid < 0:  # lstat failed: no attribute is known
        return
    if want.type != "symlink" and want.mode != got.mode:
        yield "mode-differs", ""
    if owner and _owner_differs(want, got, as_root=as_root):
        yield "owner-differs", ""
    if want.mtime_ns != got.mtime_ns:
        yield _mtime(want, got)
    if want.link_group and not got.link_group:
        yield "known-loss", "hard-link"
    if want.xattrs and want.xattrs != got.xattrs:
        yield "known-loss", "xattr"
    if want.has_holes and not got.has_holes:
        yield "known-loss", "hole"


def _owner_differs(want: Entry, got: Entry, *, as_root: bool) -> bool:
    if as_root:
        return (want.uid, want.gid) != (got.uid, got.gid)
    # An ordinary user's files are his own, whoever owned them; the group can be one of his.
    return want.uid == got.uid and want.gid != got.gid


def _mtime(want: Entry, got: Entry) -> tuple[str, str]:
    if want.type == "symlink":
        return "known-loss", "symlink-mtime"
    if got.mtime_ns != kept_mtime_ns(want.mtime_ns):
        return "mtime-differs", ""
    return "known-loss", "pre-1970-mtime" if want.mtime_ns < 0 else "sub-second-mtime"


def _difference(
    code: str, below: str, want: Entry | None, got: Entry | None, kind: str = ""
) -> Difference:
    entry = want or got
    assert entry is not None
    return Difference(code=code, path=_full(entry.path, below), want=want, got=got, kind=kind)


def _full(path: str, below: str) -> str:
    """Return a path of the restored tree as one of the source."""
    if _is_whole(below):
        return path
    return below.strip("/") if path == "." else f"{below.strip('/')}/{path}"


def _is_below_any(path: str, folders: set[str]) -> bool:
    if not folders:
        return False
    return any(str(parent) in folders for parent in PurePosixPath(path).parents)
