"""Changes a source tree as one step of the calendar does."""

# Text paths and os throughout: a tree may hold a million files.
# ruff: noqa: PTH101, PTH104, PTH108

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Literal, assert_never

from drtest.chance import Seed
from drtest.errors import CapabilityMissing
from drtest.model.scenario import Mutation, MutationTarget, PathTarget, SourceEntry
from drtest.workload import database, edit, moves
from drtest.workload.choice import choose, wanted
from drtest.workload.content import blocks
from drtest.workload.disk import create, faults, is_below, parent, relative, unlocked, whole_seconds
from drtest.workload.layout import stream
from drtest.workload.site import Site

_MODES = (0o600, 0o640, 0o644, 0o755)
_OWNERS = ((0, 0), (1, 1), (2, 2), (65_534, 65_534), (54_321, 54_322))  # the last has no name


def mutate(
    mutations: Sequence[Mutation],
    source: Sequence[SourceEntry],
    root: Path,
    *,
    seed: Seed,
    step: int,
    at: datetime,
) -> dict[str, int]:
    """Apply *mutations* in their order to the tree below *root*; return verb -> files changed.

    What is chosen, and what becomes of it, depends on *seed*, *step* and the state of the tree
    alone. Each changed or added file, and each folder whose entries changed, gets *at* (whole
    seconds) as its mtime; what ``rewrite`` and ``move`` change keeps its own. Where fewer files are
    there than are asked for, all of them are changed and the true number is returned. A path that
    is not in the source is a ValueError that names it; what the machine refuses is an
    EnvironmentFault, a chown by an ordinary user CapabilityMissing.
    """
    with faults(str(root)):
        site = Site(source, str(root.absolute()), at_s=whole_seconds(at), step=step)
        changed: dict[str, int] = {}
        for number, mutation in enumerate(mutations):
            mine = seed.child("mutate").child(str(step)).child(str(number))
            changed[mutation.verb] = changed.get(mutation.verb, 0) + _apply(mutation, site, mine)
        site.close()
        return changed


def _apply(mutation: Mutation, site: Site, seed: Seed) -> int:
    rng, targets = seed.rng(), mutation.targets
    match mutation.verb:
        case "add":
            return _add(targets, site, seed, rng)
        case "delete":
            return _delete(targets, site, rng)
        case "rename":
            return _rename(targets, site, rng)
        case "swap":
            return moves.swap(targets, site, rng)
        case "move":
            return moves.move(targets, site, rng)
        case "recase":
            return moves.recase(targets, site, rng)
        case "replace":
            return moves.replace(targets, site, seed, rng)
        case "copy":
            return moves.copy(targets, site, rng)
        case "edit" | "append" | "grow" | "truncate" | "rewrite" | "chmod" | "chown" | "touch":
            return _change(mutation.verb, targets, site, seed, rng)
        case _:
            assert_never(mutation.verb)


def _change(
    verb: Literal["edit", "append", "grow", "truncate", "rewrite", "chmod", "chown", "touch"],
    targets: Sequence[MutationTarget],
    site: Site,
    seed: Seed,
    rng: Random,
) -> int:
    def can_change(path: str) -> bool:
        # A stat for each candidate only where the verb may find nothing to do.
        if verb in ("truncate", "rewrite"):
            return os.lstat(site.full(path)).st_size > 0
        return verb != "touch" or os.lstat(site.full(path)).st_mtime_ns != site.at_s * 10**9

    if verb == "chown" and os.geteuid() != 0:
        raise CapabilityMissing("only root can give files to another owner", capability="chown")
    chosen = choose(targets, site.tree, rng, can_change=can_change)
    for path in chosen:
        full, own = site.full(path), stream(seed, "file", path).rng()
        match verb:
            case "edit" | "append" | "grow" | "rewrite" if database.write(full, verb, own):
                if verb == "rewrite":
                    continue
            case "edit":
                edit.edit(full, site.kind(path), own, at_s=site.at_s)
            case "append":
                edit.append(full, site.kind(path), own, at_s=site.at_s)
            case "grow":
                edit.grow(full, site.kind(path), own, at_s=site.at_s)
            case "truncate":
                edit.truncate(full, own)
            case "rewrite":
                edit.rewrite(full, site.kind(path), own)
                continue  # its mtime is what it was: nothing but the content tells
            case "chmod":
                now = stat.S_IMODE(os.lstat(full).st_mode)
                os.chmod(full, own.choice([mode for mode in _MODES if mode != now]))
            case "chown":
                seen = os.lstat(full)
                others = [one for one in _OWNERS if one != (seen.st_uid, seen.st_gid)]
                os.chown(full, *own.choice(others))
                os.chmod(full, stat.S_IMODE(seen.st_mode))  # a new owner takes setuid away
            case "touch":
                pass
            case _:
                assert_never(verb)
        site.date(path)
    return len(chosen)


def _add(targets: Sequence[MutationTarget], site: Site, seed: Seed, rng: Random) -> int:
    places = [site.folder_at(target) for target in targets if isinstance(target, PathTarget)]
    for _ in range(wanted(targets, site.tree)):
        place = site.new_place(rng)
        if place is not None:
            places.append(place)
    for folder in places:
        plan, kind = site.new_file(folder, rng)
        own = stream(seed, "file", plan.path).rng()
        parts = blocks(kind, plan.size_bytes, own, until_s=site.at_s)
        with unlocked(site.full(folder)):
            create(site.full(plan.path), parts, mode=plan.mode, mtime_s=site.at_s)
        site.folders_changed.add(folder)
        site.tree.files.append(plan.path)
    site.tree.sort()
    return len(places)


def _rename(targets: Sequence[MutationTarget], site: Site, rng: Random) -> int:
    chosen = choose(targets, site.tree, rng, can_change=_always)
    renamed: list[str] = []
    for path in chosen:
        to = site.new_path(path, rng)
        with ExitStack() as stack:
            for folder in {parent(path), parent(to)}:
                stack.enter_context(unlocked(site.full(folder)))
                site.folders_changed.add(folder)
            os.rename(site.full(path), site.full(to))
        site.date(to)
        renamed.append(to)
    gone = set(chosen)
    site.tree.files = [path for path in site.tree.files if path not in gone] + renamed
    site.tree.sort()
    return len(chosen)


def _delete(targets: Sequence[MutationTarget], site: Site, rng: Random) -> int:
    removed = sum(_delete_at(target, site) for target in targets if isinstance(target, PathTarget))
    rest = [target for target in targets if not isinstance(target, PathTarget)]
    chosen = choose(rest, site.tree, rng, can_change=_always)
    for path in chosen:
        _unlink(path, site)
    gone = set(chosen)
    site.tree.files = [path for path in site.tree.files if path not in gone]
    return removed + len(chosen)


def _delete_at(target: PathTarget, site: Site) -> int:
    path, tree = relative(target.path), site.tree
    if path in tree.files or path in tree.others:
        removed = 1
        _unlink(path, site)
    elif path in tree.folders:
        removed = sum(is_below(file, path) for file in tree.files)
        _remove_folder(path, site)
    else:
        raise ValueError(f"{target.path} is not in the source, and cannot be deleted")
    site.drop(path)
    return removed


def _unlink(path: str, site: Site) -> None:
    with unlocked(site.full(parent(path))):
        os.unlink(site.full(path))
    site.folders_changed.add(parent(path))


def _remove_folder(path: str, site: Site) -> None:
    tree = site.tree
    site.open_below(path)
    if path:
        with unlocked(site.full(parent(path))):
            shutil.rmtree(site.full(path))
        site.folders_changed.add(parent(path))
        return
    with unlocked(site.root):  # the root itself stays
        for folder in [other for other in tree.folders if other and not parent(other)]:
            shutil.rmtree(site.full(folder))
        for other in [other for other in (*tree.files, *tree.others) if not parent(other)]:
            os.unlink(site.full(other))
    site.folders_changed.add("")


def _always(_path: str) -> bool:
    return True
