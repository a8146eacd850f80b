"""The machine that duplicity runs on: HOME, GNUPGHOME, archive dir, temp folder, environment.

Built from empty: nothing of drtest's own environment, no AWS profile, endpoint or credential can
leak in, and a request to anywhere but this machine fails closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drtest import process
from drtest.duplicity import stanzas
from drtest.duplicity.host import Dress
from drtest.duplicity.status import name_of
from drtest.errors import OutOfSpace
from drtest.model.events import Call
from drtest.model.redact import Redactor

# Port 9 is "discard" and nothing listens there: a request that would leave this machine is refused
# at once, instead of reaching the real AWS with throw-away credentials.
NOWHERE = "http://127.0.0.1:9"


@dataclass(slots=True, kw_only=True)
class Machine:
    """One machine-like folder. ``env`` holds what the user's job would export: secrets too."""

    folder: Path
    gnupg: Path
    redact: Redactor
    env: dict[str, str] = field(default_factory=dict, repr=False)
    run: process.Runner = process.run  # or that of a Preload
    dressed: Dress | None = None  # what is another machine's; then ``run`` is process.run

    @property
    def archive(self) -> Path:
        """duplicity's local cache of manifests and signatures."""
        return self.folder / "archive"

    @property
    def home(self) -> Path:
        """HOME, empty at first."""
        return self.folder / "home"

    @property
    def tmp(self) -> Path:
        """TMPDIR: where duplicity builds and unpacks volumes."""
        return self.folder / "tmp"

    def set_up(self) -> None:
        """Make the folders, each for their owner alone."""
        for folder in (self.folder, self.archive, self.home, self.tmp):
            folder.mkdir(mode=0o700, exist_ok=True)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the whole environment of one call."""
        return {
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": str(self.home),
            "GNUPGHOME": str(self.gnupg),
            "TMPDIR": str(self.tmp),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": NOWHERE,
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "http_proxy": NOWHERE,
            "https_proxy": NOWHERE,
            "no_proxy": "127.0.0.1",
            **({} if self.dressed is None else self.dressed.env),
            **self.env,
            **more,
        }

    def call(
        self,
        action: str,
        argv: Sequence[str],
        *,
        more_env: Mapping[str, str],
        log: Path,
        log_name: str,
        machine_log: Path,
        timeout_s: float,
        kill_when: int | None = None,
    ) -> Call:
        """Run duplicity and return the redacted record of it.

        *log* gets its output, redacted; *machine_log* is what ``--log-file`` names. What duplicity
        itself writes stays in the machine's folder, so that no secret reaches a report even if
        drtest dies in between. *kill_when* is ``process.run``'s.
        """
        raw = self.folder / "output.log"
        done = self.run(
            argv if self.dressed is None else [*self.dressed.prefix, *argv],
            env=self.environment(more_env),
            log=raw,
            timeout_s=timeout_s,
            kill_when=kill_when,
        )
        said = raw.read_text(encoding="utf-8", errors="surrogateescape")
        log.write_text(self.redact(said), encoding="utf-8", errors="surrogateescape")
        return Call(
            action=action,
            argv=tuple(self.redact(word) for word in argv),
            status=done.status,
            status_name="timed_out" if done.timed_out else name_of(done.status),
            elapsed_s=round(done.elapsed_s, 3),
            user_s=round(done.user_s, 3),
            system_s=round(done.system_s, 3),
            max_rss_bytes=done.max_rss_bytes,
            timed_out=done.timed_out,
            limit_s=timeout_s,
            log=log_name,
            stanzas=stanzas.read(machine_log, redact=self.redact),
        )


NO_ROOM = 35  # not_enough_freespace: duplicity's own look at TMPDIR before it begins


def is_out_of_space(call: Call) -> bool:
    """Whether a call failed for want of room on this machine's disk: not the backup's fault."""
    return call.status == NO_ROOM or (
        call.status != 0
        and any(
            "No space left on device" in stanza.text or "Errno 28" in stanza.text
            for stanza in call.stanzas
        )
    )


def refuse_full_disk(call: Call) -> None:
    """Raise OutOfSpace where *call* failed for want of room."""
    if is_out_of_space(call):
        raise OutOfSpace(f"{call.action} met a full disk")
