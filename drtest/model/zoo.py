"""The zoo: the odd things that people back up, each by name.

What each thing is made of is the workload's; here is what others must know of it: what the machine
must be able to give, and which known losses a restore by duplicity is predicted to show. The
predictions were held against 3.2.1 and 0.8.22 (docs/findings.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ZooThing = Literal[
    "unicode",
    "non-utf-8",
    "newline",
    "quote",
    "backslash",
    "trailing-space",
    "glob",
    "long-name",
    "deep-path",
    "empty-file",
    "empty-folder",
    "mode-000",
    "setuid",
    "setgid",
    "sticky",
    "fifo",
    "socket",
    "device",
    "hard-link",
    "sparse",
    "symlink-dangling",
    "symlink-folder",
    "symlink-loop",
    "symlink-absolute",
    "mtime-past",
    "mtime-future",
    "mtime-sub-second",
    "xattr",
    "other-owner",
]

Need = Literal["root", "device nodes", "extended attributes", "any bytes in names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing of the zoo."""

    meaning: str
    needs: Need | None = None
    losses: frozenset[str] = frozenset()  # kinds of ``known-loss``, all that a restore shows


def _thing(meaning: str, *losses: str, needs: Need | None = None) -> Thing:
    return Thing(meaning=meaning, needs=needs, losses=frozenset(losses))


THINGS: dict[ZooThing, Thing] = {
    "unicode": _thing("Names composed and decomposed (é both ways), right to left, emoji."),
    "non-utf-8": _thing("Names in Latin-1, no UTF-8.", needs="any bytes in names"),
    "newline": _thing("Names with newlines and control characters."),
    "quote": _thing("Names with quotes, apostrophes, dollars and backticks."),
    "backslash": _thing("Names with backslashes, as if they were escapes."),
    "trailing-space": _thing("Names that begin or end with a space or a dot."),
    "glob": _thing("Names with *, ?, [], {}, !, and one that begins with a dash."),
    "long-name": _thing("Names of 240 bytes, a file's and a folder's."),
    "deep-path": _thing("A file 40 folders deep."),
    "empty-file": _thing("A file of no bytes."),
    "empty-folder": _thing("A folder with nothing in it."),
    "mode-000": _thing("A file and a folder that only root may open.", needs="root"),
    "setuid": _thing("A program with the setuid bit."),
    "setgid": _thing("A program and a folder with the setgid bit."),
    "sticky": _thing("A folder that all may write to, with the sticky bit."),
    "fifo": _thing("A named pipe."),
    "socket": _thing("A socket, which duplicity passes over.", "socket"),
    "device": _thing("A character and a block device.", needs="device nodes"),
    "hard-link": _thing("Two names of one file.", "hard-link"),
    "sparse": _thing("A file with holes.", "hole"),
    "symlink-dangling": _thing("A link to nothing.", "symlink-mtime"),
    "symlink-folder": _thing("A link to a folder beside it.", "symlink-mtime"),
    "symlink-loop": _thing("A link to itself.", "symlink-mtime"),
    "symlink-absolute": _thing("A link to an absolute path outside.", "symlink-mtime"),
    "mtime-past": _thing("Files last changed before 1970.", "pre-1970-mtime"),
    "mtime-future": _thing("A file last changed in the year 2100."),
    "mtime-sub-second": _thing(
        "Files whose mtime has fractions, one of them .99999999.", "sub-second-mtime"
    ),
    "xattr": _thing(
        "A file and a folder with extended attributes.", "xattr", needs="extended attributes"
    ),
    "other-owner": _thing("Files of an owner with a name and of one without.", needs="root"),
}
assert tuple(THINGS) == get_args(ZooThing)
