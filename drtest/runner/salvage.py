"""Saves what the store held into a wreck: bucket and store go with the run, the wreck stays.

A wreck must not change what a run comes to: what cannot be saved is a line of its README.txt.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from drtest.errors import StoreFailed
from drtest.model.events import StoredObject
from drtest.runner.bench import PREFIX, Stand
from drtest.runner.chain import COLD
from drtest.runner.copies import Copies
from drtest.runner.workspace import remove_tree
from drtest.runner.wreck import Wreck, size_bytes
from drtest.store import Place

OBJECTS, KEYS, README = "objects", "keys", "README.txt"


@dataclass(slots=True, kw_only=True)
class Salvage:
    """Copies objects and throw-away keys into *wreck*, if there is one by then.

    A bucket is saved whole or, where it would exceed the stand's ``keep_max_bytes``, as a list.
    """

    stand: Stand
    wreck: Wreck
    copies: Copies
    keys: Sequence[str] = field(default=(), repr=False)  # secret ones, as gpg exports them
    passphrases: Sequence[str] = field(default=(), repr=False)
    is_plain: bool = False  # nothing is ever encrypted
    _saved: dict[str, str] = field(default_factory=dict)  # name -> what it is

    def after_step(self, index: int) -> None:
        """Save the bucket after the first prune by which a drill has failed.

        Later steps may remove what the drill saw. Once is enough: a policy may prune every night.
        """
        if self.wreck.labels and not self._saved:
            self._save(
                f"{OBJECTS}-after-step-{index}", self.stand.where, f"the bucket after step {index}"
            )

    def finish(self, source: Path) -> None:
        """Save what the drills shared: *source*, the bucket, the copies that they harmed, keys."""
        if not self.wreck.labels:
            return
        self.wreck.add_common("source", source)
        self._save(OBJECTS, self.stand.where, "the bucket as the calendar left it")
        for number, copy in self.copies.made().items():
            if self.wreck.has_drill(number):
                what = f"drill {number}'s own copy of it, with the damage that the drill names"
                self._save(f"{OBJECTS}-d{number}", copy.stand.where, what)
        if self.wreck.keeps_keys:
            for number, text in enumerate(self.keys, start=1):
                self.wreck.write(f"{KEYS}/key{number}.asc", [text])
            for number, text in enumerate(self.passphrases, start=1):
                self.wreck.write(f"{KEYS}/passphrase{number}.txt", [text])
        self.wreck.write(README, self._readme())

    def _save(self, name: str, where: Place, what: str) -> None:
        store, folder = self.stand.bench.store, f"{where.prefix}{PREFIX}/"
        into = self.wreck.folder / name
        try:
            found = list(store.list_objects(where.bucket, folder))
            self.wreck.write(f"{name}.txt", (_line(one, folder) for one in found))
            size, most = sum(one.size_bytes for one in found), self.stand.keep_max_bytes
            if most is not None and size_bytes(self.wreck.folder) + size > most:
                self._saved[f"{name}.txt"] = f"{what}, as a list: --keep-max has no room for it"
                return
            into.mkdir(mode=0o700)
            warm = [one for one in found if one.storage_class not in COLD]
            for one in warm:
                self.stand.bench.check_stop()
                name_of_file = one.key.removeprefix(folder).replace("/", "_")  # never a folder's
                self._copy(where, one.key, into / name_of_file)
        except (StoreFailed, ClientError, OSError) as problem:
            remove_tree(into)
            self._saved[name] = f"not saved: {self.stand.bench.redact(str(problem))}"
        except BaseException:
            remove_tree(into)
            raise
        else:
            cold = len(found) - len(warm)
            but = f", but for {cold:,} cold ones" if cold else ""
            self._saved[name] = f"{what}: {len(warm):,} objects{but}, listed in {name}.txt"

    def _copy(self, where: Place, key: str, into: Path) -> None:
        with into.open("xb") as file:
            for piece in self.stand.bench.store.read(where.bucket, key):
                file.write(piece)

    def _readme(self) -> list[str]:
        kept = self.wreck.keeps_keys
        rows = {
            "dN.M": "the machine of drill N, restore M: target0 is what came back",
            "source": "the source as it was in the end",
            **self._saved,
        }
        if kept and (self.keys or self.passphrases):
            rows[KEYS] = "the throw-away keys and passphrases of this run"
        width = max(map(len, rows))
        return [
            f"What the failing drills of {self.stand.title!r} left. `drtest clean` removes it.",
            "",
            *(f"{name:<{width}}  {what}" for name, what in rows.items()),
            *(self._commands() if (self.wreck.folder / OBJECTS).is_dir() else ()),
        ]

    def _commands(self) -> list[str]:
        lines = ['export GNUPGHOME="$(mktemp -d)"']
        if self.is_plain:
            pass
        elif not self.wreck.keeps_keys:
            lines += ["gpg --import FILE  # your own key, which is not kept here"]
            lines += ["export PASSPHRASE  # and its passphrase"]
        else:
            if self.keys:
                lines.append(f"gpg --batch --import {KEYS}/*.asc")
            said = f'"$(cat {KEYS}/passphrase1.txt)"' if self.passphrases else '""'
            lines.append(f"export PASSPHRASE={said}")
        plain = ["--no-encryption"] if self.is_plain else []
        words = shlex.join([str(self.stand.bench.duplicity.program), "restore", *plain])
        lines.append(f'{words} --archive-dir "$GNUPGHOME/archive" "file://$PWD/{OBJECTS}" TARGET')
        lines.append('gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME"  # the agent would outlive it')
        return [
            "",
            "To restore from the objects by hand, in this folder:",
            "",
            *map(_indented, lines),
        ]


def _indented(line: str) -> str:
    return f"    {line}"


def _line(one: StoredObject, folder: str) -> str:
    return f"{one.size_bytes:>12,}  {one.storage_class:<12}  {one.key.removeprefix(folder)}"
