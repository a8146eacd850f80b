"""Which files a mutation hits: by the seed and the state of the tree alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import assert_never

from drtest.model.scenario import Count, MutationTarget, PathTarget, Share
from drtest.workload.disk import Listing, is_below, relative


def choose(
    targets: Sequence[MutationTarget],
    tree: Listing,
    rng: Random,
    *,
    can_change: Callable[[str], bool],
) -> list[str]:
    """Return the files that *targets* mean, each once, no file where *can_change* is false.

    A share is of all files of the tree. Paths take theirs first, shares and counts choose among
    the rest; where there are fewer than asked for, all of them. A path that is not there is a
    ValueError that names it.
    """
    chosen: dict[str, None] = {}
    for target in targets:
        if isinstance(target, PathTarget):
            chosen.update(dict.fromkeys(filter(can_change, files_at(target, tree))))
    left = wanted(targets, tree)
    for path in shuffled(tree.files, rng) if left else ():
        if path not in chosen and can_change(path):
            chosen[path] = None
            left -= 1
            if not left:
                break
    return list(chosen)


def wanted(targets: Sequence[MutationTarget], tree: Listing) -> int:
    """Return how many files the shares and counts among *targets* ask for together."""
    total = 0
    for target in targets:
        match target:
            case Count(files=files):
                total += files
            case Share(of_files=share):
                total += max(1, int(share * len(tree.files) + 0.5))
            case PathTarget():
                pass
            case _:
                assert_never(target)
    return total


def files_at(target: PathTarget, tree: Listing) -> list[str]:
    """Return the file at the target's path, or all files below the folder there."""
    path = relative(target.path)
    found = [file for file in tree.files if file == path or is_below(file, path)]
    if not found and path not in tree.folders:
        raise ValueError(f"{target.path} is neither a file nor a folder of the source")
    return found


def shuffled(paths: Sequence[str], rng: Random) -> Iterator[str]:
    """Yield *paths* in an order of the generator's; costs only as much as is taken."""
    moved: dict[int, int] = {}
    for position in range(len(paths)):
        other = rng.randrange(position, len(paths))
        yield paths[moved.get(other, other)]
        moved[other] = moved.get(position, position)
