"""Which paths of a source duplicity's rules select, by drtest's own model of them.

For each path the rules are asked in order. A rule includes, excludes, says nothing, or (include
only) says that the path is a folder on the way to something it could include. The first that
includes or excludes decides; none at all means included. A folder that an include leads through is
entered even where a later rule excludes it, and is stored if anything below it is. Nothing below an
excluded folder is looked at. The root is always stored. Where ``files-from`` names paths, nothing
else is looked at, and the rules go over those.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from drtest.model.rule import Rule
from drtest.model.tree import Entry
from drtest.oracle.criteria import Criterion, Disk, Says, Setting, Surroundings
from drtest.oracle.filelist import flat
from drtest.oracle.ruling import criteria


class Selection:
    """The rules of a policy over a source at *root* (absolute), as a backup *at* some time has it.

    ``rules`` are the policy's, each line of a list one by one (``filelist.flat``). ``matched[i]``
    counts the paths that rule *i* covers, ``decided[i]`` those where it was the first to say
    include or exclude; both grow while ``select`` runs. *around* is asked for what an entry does
    not say (default: the disk). Raises PatternError where duplicity refuses a pattern
    (``refusal.problems`` says all that it would refuse), ValueError for a rule about age without
    *at*.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        root: Path,
        *,
        at: datetime | None = None,
        around: Surroundings | None = None,
    ) -> None:
        self.root = root
        self.rules = flat(rules)
        self._prefix = str(root).rstrip("/") + "/"
        setting = Setting(root, at, around or Disk(root))
        self._criteria: list[tuple[int, Criterion]] = criteria(self.rules, setting)
        self._listed = _listed(self.rules)
        self.matched = [0] * len(self.rules)
        self.decided = [0] * len(self.rules)

    def select(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield a sorted stream of a whole source with ``selected`` set on each entry.

        A folder that is only scanned is held back until something below it is selected or its last
        path has gone by; what follows it waits too. So memory holds the longest stretch of a tree
        in which folders were scanned and nothing was found.

        Sockets and what cannot be read are never stored, so they bring no folder along.
        """
        waiting: list[Entry] = []  # from the first undecided folder on, in order
        undecided: dict[str, int] = {}  # folder -> its place in waiting
        cut: dict[str, int | None] = {}  # excluded folder -> the rule that excluded it
        for entry in entries:
            settled = [path for path in undecided if _is_past(entry.path, path)]
            for path in settled:
                del undecided[path]
            for path in [path for path in cut if _is_past(entry.path, path)]:
                del cut[path]
            if settled and not undecided:
                yield from waiting
                waiting.clear()
            word, rule = self._judge(entry)
            parents = list(_parents(entry.path))
            above = next((path for path in parents if path in cut), None)
            if above is not None:
                word, rule = "exclude", cut[above]
            if rule is not None:
                self.decided[rule] += 1
            is_selected = word == "include"
            marked = (
                entry if entry.selected == is_selected else entry._replace(selected=is_selected)
            )
            if word == "exclude" and entry.type == "dir" and above is None:
                cut[entry.path] = rule
            if is_selected and entry.type != "socket" and not entry.error:
                for path in parents:
                    if path in undecided:
                        place = undecided.pop(path)
                        waiting[place] = waiting[place]._replace(selected=True)
                if waiting and not undecided:
                    yield from waiting
                    waiting.clear()
            if word == "scan" and entry.type == "dir":
                undecided[entry.path] = len(waiting)
            if undecided:
                waiting.append(marked)
            else:
                yield marked
        yield from waiting

    def _judge(self, entry: Entry) -> tuple[Says, int | None]:
        """Return the rules' word on one path, and the rule that was first to include or exclude."""
        if entry.path == ".":
            return "include", None
        line: int | None = None
        if self._listed is not None:
            line = self._listed.get(entry.path, -1)
            if line is not None and line < 0:
                header = next(n for n, rule in enumerate(self.rules) if rule.kind == "files-from")
                self.matched[header] += 1
                return "exclude", header
            if line is not None:
                self.matched[line] += 1
        name = self._prefix + entry.path
        word: Says = None
        decider: int | None = None
        scans = False
        for number, criterion in self._criteria:
            said = criterion.says(name, entry)
            if said is None:
                continue
            if said == "scan":
                scans = scans or decider is None
                continue
            self.matched[number] += 1
            if decider is None:
                word, decider = said, number
        if scans and word != "include":
            return "scan", decider
        return word or "include", line if decider is None else decider


def _listed(rules: Sequence[Rule]) -> dict[str, int | None] | None:
    """Return the paths that ``files-from`` names: path -> its rule, None for a folder above one."""
    if not any(rule.kind == "files-from" for rule in rules):
        return None
    found: dict[str, int | None] = {}
    for number, rule in enumerate(rules):
        if rule.kind == "listed":
            found[rule.pattern] = number
    for path in list(found):
        for folder in _parents(path):
            found.setdefault(folder, None)
    return found


def _parents(path: str) -> Iterator[str]:
    """Yield the folders above *path*, the nearest first, without the root."""
    while (slash := path.rfind("/")) > 0:
        path = path[:slash]
        yield path


def _is_past(path: str, folder: str) -> bool:
    """Return whether nothing below *folder* can follow *path* in sorted order."""
    return path.encode("utf-8", "surrogateescape") >= (
        folder.encode("utf-8", "surrogateescape") + b"0"  # the byte after "/"
    )
