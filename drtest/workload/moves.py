"""Changes where things lie: swaps, copies, moves of folders, case-only renames, replacements."""

# Text paths and os throughout: a tree may hold a million files.
# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH112, PTH114, PTH211

from __future__ import annotations

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from random import Random
from string import ascii_letters

from drtest.chance import Seed
from drtest.model.scenario import MutationTarget, PathTarget, SourceEntry
from drtest.model.source import COPY
from drtest.workload import database
from drtest.workload.choice import choose, shuffled, wanted
from drtest.workload.content import text
from drtest.workload.disk import create, is_below, opened, parent, relative, unlocked
from drtest.workload.layout import stream
from drtest.workload.site import Site

_FOLDER_MODE = 0o755
_INSIDE = "inside"  # the file in a folder that took a file's place
_LONGEST_NAME_BYTES = 255
_BLOCK_BYTES = 256 * 1024


def swap(targets: Sequence[MutationTarget], site: Site, rng: Random) -> int:
    """Let files take each other's place, two by two; one that is left over takes any other.

    What belongs to a file (content, mode, owner) goes with it; both get the step's mtime.
    """
    chosen = choose(targets, site.tree, rng, can_change=lambda _path: True)
    if len(chosen) % 2:
        taken = set(chosen)
        spare = next((path for path in shuffled(site.tree.files, rng) if path not in taken), None)
        chosen = chosen[:-1] if spare is None else [*chosen, spare]
    for one, other in zip(chosen[::2], chosen[1::2], strict=True):
        between = site.new_path_beside(one)
        with _open_folders(site, one, other):
            for old, new in ((one, between), (other, one), (between, other)):
                os.rename(site.full(old), site.full(new))
        site.date(one)
        site.date(other)
    return len(chosen)


def recase(targets: Sequence[MutationTarget], site: Site, rng: Random) -> int:
    """Rename files so that only the case of letters differs; a name that is taken stays free."""

    def can_change(path: str) -> bool:
        return any(sign in ascii_letters for sign in _name(path)) and not os.path.lexists(
            site.full(_recased(path))
        )

    renamed: dict[str, str] = {}
    for path in choose(targets, site.tree, rng, can_change=can_change):
        to = renamed[path] = _recased(path)
        with _open_folders(site, path):
            os.rename(site.full(path), site.full(to))
        site.date(to)
    site.rename(renamed)
    return len(renamed)


def move(targets: Sequence[MutationTarget], site: Site, rng: Random) -> int:
    """Move whole folders with all that lies in them; return how many files moved along.

    A path names what moves, a file too. Shares and counts move folders, by the seed, until at
    least so many files have moved; never one that an entry of the source stands for or lies in.
    What moves keeps its times; only the folders that it left and came to get the step's mtime.
    """
    files_in = _files_in(site)
    chosen: dict[str, int] = {}
    for target in targets:
        if isinstance(target, PathTarget):
            path = _present(target, site)
            if _is_clear(path, chosen):
                chosen[path] = files_in.get(path, 1 if path in site.tree.files else 0)
    left = wanted(targets, site.tree)
    for path in shuffled(list(_movable(site)), rng) if left > 0 else ():
        if files_in[path] and _is_clear(path, chosen):
            chosen[path] = files_in[path]
            left -= files_in[path]
            if left <= 0:
                break
    homes = _homes(site, chosen)
    moved: dict[str, str] = {}
    for path in chosen:
        folder = rng.choice(homes.get(id(site.owner(path)), [parent(path)]))
        to = moved[path] = site.new_path_in(folder, path)
        with _open_folders(site, path, to):
            _rename(site.full(path), site.full(to))
    site.rename(moved)
    return sum(chosen.values())


def copy(targets: Sequence[MutationTarget], site: Site, rng: Random) -> int:
    """Put a copy beside each file, ``NAME.copy``, in the place of an older one.

    That of a sqlite database is made by its own backup, as a server's nightly job does it.
    """

    def can_change(path: str) -> bool:
        is_short = len(os.fsencode(_name(path))) + len(COPY) <= _LONGEST_NAME_BYTES
        to = site.full(path + COPY)
        return is_short and (path + COPY in site.tree.files or not os.path.lexists(to))

    chosen = choose(targets, site.tree, rng, can_change=can_change)
    for path in chosen:
        full, to = site.full(path), path + COPY
        with _open_folders(site, to):
            if os.path.lexists(site.full(to)):
                os.unlink(site.full(to))
            if not database.copy(full, site.full(to)):
                with opened(full) as fd:
                    parts = iter(partial(os.read, fd, _BLOCK_BYTES), b"")
                    create(site.full(to), parts, mode=0o600, mtime_s=site.at_s)
            os.chmod(site.full(to), stat.S_IMODE(os.lstat(full).st_mode))
        site.date(to)
        if to not in site.tree.files:
            site.tree.files.append(to)
    site.tree.sort()
    return len(chosen)


def replace(targets: Sequence[MutationTarget], site: Site, seed: Seed, rng: Random) -> int:
    """Put another type in the place of what lies there; return how many paths changed theirs.

    A file becomes, by the seed, a folder that holds it or a link to it under another name. A path
    that is a folder or a link becomes a file.
    """
    back = [
        path
        for target in targets
        if isinstance(target, PathTarget)
        and (path := _present(target, site)) not in site.tree.files
    ]
    rest = [t for t in targets if not isinstance(t, PathTarget) or relative(t.path) not in back]
    chosen = choose(rest, site.tree, rng, can_change=lambda _path: True)
    for path in back:
        _into_file(path, site, stream(seed, "file", path).rng())
    for path in chosen:
        with _open_folders(site, path):
            if rng.random() < 0.5:
                _into_folder(path, site)
            else:
                _into_link(path, site)
        site.date(path)
    site.tree.sort()
    return len(back) + len(chosen)


# ---------------------------------------------------------------- replacing


def _into_folder(path: str, site: Site) -> None:
    between = site.new_path_beside(path)
    os.rename(site.full(path), site.full(between))
    os.mkdir(site.full(path), 0o700)
    os.rename(site.full(between), site.full(f"{path}/{_INSIDE}"))
    os.chmod(site.full(path), _FOLDER_MODE)  # not mkdir's, which the umask cuts
    site.drop(path)
    site.tree.folders.append(path)
    site.tree.files.append(f"{path}/{_INSIDE}")
    site.date(f"{path}/{_INSIDE}")


def _into_link(path: str, site: Site) -> None:
    to = site.new_path_beside(path)
    os.rename(site.full(path), site.full(to))
    os.symlink(_name(to), site.full(path))
    site.drop(path)
    site.tree.others.append(path)
    site.tree.files.append(to)
    site.date(to)


def _into_file(path: str, site: Site, rng: Random) -> None:
    with _open_folders(site, path):
        if path in site.tree.folders:
            site.open_below(path)
            shutil.rmtree(site.full(path))
        else:
            os.unlink(site.full(path))
        content = text(rng.randint(1, 4096), rng)
        create(site.full(path), (content,), mode=0o644, mtime_s=site.at_s)
    site.drop(path)
    site.tree.files.append(path)


# ---------------------------------------------------------------- moving


def _present(target: PathTarget, site: Site) -> str:
    path, tree = relative(target.path), site.tree
    if path and (path in tree.files or path in tree.folders or path in tree.others):
        return path
    raise ValueError(f"{target.path} is nothing of the source that could be moved or replaced")


def _files_in(site: Site) -> Counter[str]:
    """Return each folder's number of files, at any depth."""
    found: Counter[str] = Counter(dict.fromkeys(site.tree.folders, 0))
    for file in site.tree.files:
        folder = file
        while folder:
            folder = parent(folder)
            found[folder] += 1
    return found


def _movable(site: Site) -> Iterator[str]:
    entries = site.entry_paths()
    around = {above for path in entries for above in _with_parents(path)}
    for folder in site.tree.folders:
        if folder not in around and site.owner(folder) is not None:
            yield folder


def _homes(site: Site, moving: dict[str, int]) -> dict[int, list[str]]:
    """Return where the folders of each entry can move to: its own folders that stay."""
    found: dict[int, list[str]] = {}
    for folder in site.tree.folders:
        owner: SourceEntry | None = site.owner(folder)
        if owner is not None and not any(above in moving for above in _with_parents(folder)):
            found.setdefault(id(owner), []).append(folder)
    return found


def _is_clear(path: str, chosen: dict[str, int]) -> bool:
    """Whether *path* lies neither in nor around what moves already."""
    return not any(above in chosen for above in _with_parents(path)) and not any(
        is_below(other, path) for other in chosen
    )


def _with_parents(path: str) -> Iterator[str]:
    yield path
    while path:
        path = parent(path)
        yield path


def _rename(old: str, new: str) -> None:
    """Rename a file or a folder; a folder must be writable, for its entry ``..`` changes too."""
    mode = stat.S_IMODE(os.lstat(old).st_mode)
    is_closed = os.path.isdir(old) and not os.path.islink(old) and not mode & stat.S_IWUSR
    if is_closed:
        os.chmod(old, mode | stat.S_IWUSR)
    os.rename(old, new)
    if is_closed:
        os.chmod(new, mode)


# ---------------------------------------------------------------- names


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _recased(path: str) -> str:
    name = "".join(sign.swapcase() if sign in ascii_letters else sign for sign in _name(path))
    return f"{parent(path)}/{name}" if parent(path) else name


def _open_folders(site: Site, *paths: str) -> ExitStack:
    """Unlock the folders that *paths* lie in, and note that their entries change."""
    stack = ExitStack()
    for folder in dict.fromkeys(map(parent, paths)):
        stack.enter_context(unlocked(site.full(folder)))
        site.folders_changed.add(folder)
    return stack
