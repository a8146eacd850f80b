"""MinIO: a ``minio`` binary on PATH or named by the user."""

from __future__ import annotations

import contextlib
import mmap
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from drtest import process
from drtest.errors import ToolMissing
from drtest.store import identity
from drtest.store.audit import AuditLog
from drtest.store.capability import Capability
from drtest.store.client import Credentials
from drtest.store.interface import LoggedRequest, Place, as_place
from drtest.store.server import DATA, Server

# No package index has the server; this is the version that the contract suite is run with.
PINNED = "v0.0.0-20260212201848-7aac2a2c5b7c"
HOW_TO_GET = f"go install github.com/minio/minio@{PINNED}, or --minio-binary FILE"

_VERSION = re.compile(r"^minio version (?P<version>\S+)", re.MULTILINE)
# What `go install` builds calls itself DEVELOPMENT.GOGET; Go notes the module's version in every
# binary (runtime/debug.BuildInfo: "mod", path, version, tab-separated).
_UNNAMED = "DEVELOPMENT"
_MODULE = re.compile(rb"\bmod\tgithub\.com/minio/minio\t(?P<version>[\w.+-]+)")


class Minio(Server):
    """MinIO on one folder of this machine; the strictest of the stores, knows only STANDARD."""

    name: ClassVar[str] = "minio"
    probe_path: ClassVar[str] = "/minio/health/ready"
    ports_wanted: ClassVar[int] = 2  # S3, console

    def __init__(self, *, binary: Path | None = None, region: str = "us-east-1") -> None:
        super().__init__(region=region)
        self._binary = binary
        self._audit: AuditLog | None = None

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What MinIO can do; the contract suite tries each, and that it lacks the others."""
        return frozenset(
            {
                Capability.CHECKS_SIGNATURE,
                Capability.CHECKS_CLOCK,
                Capability.CHECKS_BODY_HASH,
                Capability.CHECKS_CHECKSUM,
                Capability.CHECKS_MD5,
                Capability.VERSIONS,
                Capability.ACCESS_LOG,
                Capability.OBJECT_LOCK,
                Capability.LIMITED_CREDENTIALS,
            }
        )

    @cached_property
    def binary(self) -> Path:
        """The ``minio`` that was named, or the one on PATH."""
        found = self._binary or process.find("minio")
        if found is None or not found.is_file():
            raise ToolMissing(f"minio is not there: {HOW_TO_GET}")
        return found

    @cached_property
    def version(self) -> str:
        """What ``minio --version`` says, or the module's version where that is no version."""
        with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
            log = Path(folder) / "version.log"
            env = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": folder}
            process.run((str(self.binary), "--version"), env=env, log=log, timeout_s=20)
            text = log.read_text(encoding="utf-8", errors="replace")
        match = _VERSION.search(text)
        if match is None:
            raise ToolMissing(f"{self.binary} is no minio: it says {text.strip()[:200]!r}")
        if match["version"].startswith(_UNNAMED):
            return _module_version(self.binary) or match["version"]
        return match["version"]

    def command(self, folder: Path, ports: tuple[int, ...]) -> tuple[str, ...]:
        """S3 and the console on ports of their own, data and certificates below the folder."""
        data = folder / DATA
        data.mkdir(exist_ok=True)
        return (
            str(self.binary),
            "server",
            "--address",
            f"127.0.0.1:{ports[0]}",
            "--console-address",
            f"127.0.0.1:{ports[1]}",
            "--certs-dir",
            str(folder / "certs"),
            str(data),
        )

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Nothing of the caller's; no browser console, no look for updates.

        MINIO_CI_CD lets it serve a folder that is no drive of its own.
        """
        return {
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(folder),
            "MINIO_ROOT_USER": self.credentials.access_key,
            "MINIO_ROOT_PASSWORD": self.credentials.secret_key,
            "MINIO_SITE_REGION": self.region,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_CI_CD": "1",
            **self._audit_environment(),
        }

    def _audit_environment(self) -> dict[str, str]:
        if self._audit is None:
            return {}
        return {
            "MINIO_AUDIT_WEBHOOK_ENABLE_DRTEST": "on",
            "MINIO_AUDIT_WEBHOOK_ENDPOINT_DRTEST": self._audit.url,
        }

    def start(self, folder: Path) -> None:
        """Listen to its audit webhook, and start it."""
        self._audit = AuditLog(folder / "audit.jsonl")
        try:
            super().start(folder)
        except BaseException:
            self._audit.close()
            raise

    def stop(self) -> None:
        """End it, and listen no more. Idempotent."""
        super().stop()
        if self._audit is not None:
            self._audit.close()

    def access_log(self) -> Iterator[LoggedRequest]:
        """What its audit says, one event a request, in the order of its answers.

        The audit tells paths decoded and queries without their order: both are encoded anew,
        queries sorted.
        """
        if self._audit is None:
            return iter(())
        with contextlib.suppress(OSError):  # one that is gone has said all that it will
            self._audit.settle(self.endpoint_url)
        return self._audit.requests()

    def limited(self, where: Place | str, actions: Iterable[str]) -> Credentials:
        """A session of root's own under a policy: MinIO's S3 port has STS, its IAM needs a tool."""
        with self.watched():
            return identity.by_sts(self, identity.policy(actions, as_place(where)))

    def is_ready_answer(self, status: int) -> bool:
        """200 from its own readiness probe."""
        return status == 200


def _module_version(binary: Path) -> str:
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
        match = _MODULE.search(code)
        return match["version"].decode() if match else ""
