"""What a run is told."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from drtest.duplicity.versions import DEFAULT
from drtest.errors import UsageError
from drtest.gateway.listener import Mode
from drtest.model.scenario import OWN_STORES, is_store

GIB = 1024**3
_DRILL = re.compile(r"([1-9][0-9]*)(?:\.([1-9][0-9]*))?")


def cache_folder() -> Path:
    """Return where provisioned duplicities and wrecks lie: ``$XDG_CACHE_HOME/drtest``."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "drtest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything that ``drtest run`` can be told; the defaults are its own."""

    paths: tuple[Path, ...] = (Path("scenarios"),)
    words: str = ""  # only scenarios whose name has these words
    duplicity: str = DEFAULT
    stores: tuple[str, ...] = ()  # none: each scenario's own, or moto
    region: str = ""  # of an endpoint or aws
    bucket: str = ""  # NAME or NAME/PREFIX at an endpoint or aws; "": buckets of drtest's own
    minio_binary: Path | None = None  # None: the minio on PATH
    jobs: int | None = None  # None: one for each core
    seed: int | None = None  # None: each scenario's own
    drill: str = ""  # "3" or "3.2": only that drill, only that restore
    reports: Path = Path("reports")
    work: Path | None = None  # None: the system's temporary folder
    keep_max_bytes: int = 2 * GIB
    long: bool = False
    gateway: Mode | None = None  # None: plain, and forward to a store beyond this machine
    preload: bool = False  # fork a duplicity that is imported once
    prices: tuple[str, ...] = ()  # provider/region/CLASS or a price book's path; none: no bill
    price: tuple[str, ...] = ()  # KEY=VALUE that correct them
    max_price_age_days: int | None = None
    baseline: Path | None = None  # the folder of a run that budgets may be a share of
    command: str = "drtest run"

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise UsageError(f"--jobs {self.jobs}: at least 1")
        if self.max_price_age_days is not None and self.max_price_age_days < 0:
            raise UsageError(f"--max-price-age {self.max_price_age_days}: days, 0 or more")
        if self.drill and not _DRILL.fullmatch(self.drill):
            raise UsageError(
                f"--drill {self.drill}: write a drill's number, 3, or a restore's, 3.2"
            )

        for name in self.stores:
            if not is_store(name):
                raise UsageError(
                    f"--store {name}: allowed are {', '.join(OWN_STORES)}, aws, and the URL of an "
                    "S3 endpoint (http:// or https://)"
                )
        if len(set(self.stores)) != len(self.stores):
            raise UsageError("--store: each store once")

    @property
    def cores(self) -> int:
        """How many cores this process may use."""
        return len(os.sched_getaffinity(0))

    @property
    def calls(self) -> int:
        """How many duplicity processes may run at once: each waits for gpg and the store at times.

        One more than cores keeps the cores busy; a restore whose time is judged runs alone.
        """
        return self.cores + 1

    @property
    def work_parent(self) -> Path:
        """Where the working folder is made."""
        return (self.work or Path(tempfile.gettempdir())).absolute()

    @property
    def only_drill(self) -> tuple[int, int | None] | None:
        """The drill, and the restore of it, that are wanted alone."""
        found = _DRILL.fullmatch(self.drill)
        if found is None:
            return None
        return int(found[1]), int(found[2]) if found[2] else None
