"""moto: the default store, part of drtest's own dependencies; everything in memory."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from drtest import process
from drtest.store import identity
from drtest.store.capability import Capability
from drtest.store.client import Credentials
from drtest.store.interface import LoggedRequest, Place, as_place
from drtest.store.server import Server

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(
    r'^\S+ - - \[[^\]]+\] "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3}) '
)

# moto's own pages, and where IAM's requests are posted to (S3 lists buckets with GET "/").
_STATUS, _ENFORCE, _IAM = "/moto-api/data.json", "/moto-api/reset-auth", ("POST", "/")


class Moto(Server):
    """moto's server as a child.

    It checks no signature, clock or integrity, and is the only one here that refuses to read a
    GLACIER object. Buckets live in its memory: delete them as soon as they aren't needed.

    With *authenticates* it looks at signatures and policies, and can make limited credentials.
    Its keys are then moto's own choice, known once it is started.
    """

    name: ClassVar[str] = "moto"
    thaws_at_once: ClassVar[bool] = True
    probe_path: ClassVar[str] = _STATUS

    def __init__(self, *, authenticates: bool = False, region: str = "us-east-1") -> None:
        super().__init__(region=region)
        self._authenticates = authenticates

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What moto can do; the contract suite tries each, and that it lacks the others."""
        always = frozenset(
            {
                Capability.VERSIONS,
                Capability.STORAGE_CLASSES,
                Capability.REFUSES_COLD_READS,
                Capability.ACCESS_LOG,
                Capability.OBJECT_LOCK,
                Capability.ANY_KEY,
            }
        )
        if self._authenticates:
            return always | {Capability.CHECKS_SIGNATURE, Capability.LIMITED_CREDENTIALS}
        return always

    @property
    def version(self) -> str:
        """The version of the installed package, which the child is started from."""
        return metadata.version("moto")

    def command(self, folder: Path, ports: tuple[int, ...]) -> tuple[str, ...]:  # noqa: ARG002
        """Isolated (-I): neither the user's PYTHONPATH nor the folder it runs in gets a say."""
        arguments = ("-H", "127.0.0.1", "-p", str(ports[0]))
        return (sys.executable, "-I", "-u", "-m", "moto.server", *arguments)

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Nothing of the caller's; HOME is the store's folder."""
        return {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": str(folder)}

    def start(self, folder: Path) -> None:
        """Start it; where it authenticates, become one of its users and lock the door."""
        super().start(folder)
        if not self._authenticates:
            return
        try:
            with self.watched():
                self.credentials = identity.by_iam(self, identity.policy(("*",)))
            # How many requests are still let through unchecked (docs.getmoto.org, "IAM").
            if self._ask("POST", _ENFORCE, b"0") != 200:
                raise self._failed("does not enforce policies")
        except BaseException:
            self.stop()
            raise

    def limited(self, where: Place | str, actions: Iterable[str]) -> Credentials:
        """A user of moto's IAM, under a policy."""
        if not self._authenticates:
            return super().limited(where, actions)
        allowed = set(actions)
        if "s3:ListBucket" in allowed:
            allowed.add("s3:HeadBucket")  # an action of moto's own; at Amazon ListBucket allows it
        with self.watched():
            return identity.by_iam(self, identity.policy(allowed, as_place(where)))

    def is_ready_answer(self, status: int) -> bool:
        """moto's own status page answers 200 once the application is loaded."""
        return status == 200

    def access_log(self) -> Iterator[LoggedRequest]:
        """Parse what werkzeug writes, one line a request, before the body of the answer leaves.

        werkzeug decodes the percent-encoding of what is not ASCII; it is put back here.
        """
        if self._child is None:
            return
        with self._child.log.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                match = _LINE.match(_ANSI.sub("", line))
                if match is None or match["path"] in {_STATUS, _ENFORCE}:
                    continue
                if (match["method"], match["path"]) == _IAM:
                    continue
                yield LoggedRequest(
                    method=match["method"],
                    path="".join(c if c.isascii() else quote(c) for c in match["path"]),
                    status=int(match["status"]),
                )
