"""Dresses a call as another machine's: its user, hostname, time zone, umask and locale."""

from __future__ import annotations

import ctypes
import os
import pwd
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drtest import process
from drtest.errors import CapabilityMissing
from drtest.model.host import Host

ZONES = Path("/usr/share/zoneinfo")
PROBE_TIMEOUT_S = 60.0
_ALL_CATEGORIES = 0x1FBF  # glibc's LC_ALL_MASK (locale.h)
# In the new UTS namespace only this host's name is another one (uts_namespaces(7)).
_DRESS = (
    'if [ -n "$1" ]; then printf %s "$1" >/proc/sys/kernel/hostname || exit 125; fi; '
    'if [ -n "$2" ]; then umask "$2"; fi; shift 2; exec "$@"'
)
# Lets a user run a duplicity that lies where only its owner may look, such as below /root: read
# what is anyone's and enter folders, and neither write nor chown more than before.
_READ_ALL = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """How to run a command as *host* would: words before it, and what its environment has."""

    host: Host
    prefix: tuple[str, ...]
    owner: tuple[int, int] | None  # of what belongs to the restoring user; None: nobody else's

    @property
    def env(self) -> dict[str, str]:
        """What the environment has on this host."""
        found: dict[str, str] = {}
        if self.host.timezone is not None:
            found["TZ"] = self.host.timezone
        if self.host.lang is not None:
            # LC_ALL would win over LANG; an empty one counts as none (locale(7)).
            found |= {"LANG": self.host.lang, "LC_ALL": ""}
        return found

    @property
    def is_root(self) -> bool:
        """Whether the call runs as root, so that it may give files to anybody."""
        return os.geteuid() == 0 if self.owner is None else self.owner[0] == 0


def dress(host: Host, program: Path) -> Dress:
    """Return how to run *program* as on *host*, once that was seen to work.

    CapabilityMissing where this machine cannot do it: another user or hostname needs root, a time
    zone or a locale must be known.
    """
    if host.lang is not None and not _has_locale(host.lang):
        raise _missing("lang", f"this machine has no locale {host.lang}, and libc would take C")
    if host.timezone is not None and not (ZONES / host.timezone).is_file():
        raise _missing("timezone", f"there is no {ZONES / host.timezone}, and libc would take UTC")
    owner = None if host.user is None else _owner(host.user)
    outside = _outside(host)
    if owner is None:
        prefixes = [outside]
    else:
        prefixes = [(*outside, *_stepping_down(owner, more)) for more in ((), _READ_ALL)]
    said = ""
    for prefix in prefixes:
        found = Dress(host=host, prefix=prefix, owner=owner)
        said = _try(found, program)
        if not said:
            return found
    what = "user" if host.user is not None else "hostname" if host.hostname is not None else "host"
    raise _missing(what, said)


def need_reachable(dressed: Dress, folder: Path) -> None:
    """Raise CapabilityMissing where the restoring user cannot come to *folder*, which is theirs.

    Without the right to read all, for gpg-agent lays down whatever rights it was given.
    """
    if dressed.owner is None:
        return
    with tempfile.TemporaryDirectory(prefix="drtest-") as place:
        done = process.run(
            [*_stepping_down(dressed.owner, ()), "/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
            env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH},
            log=Path(place) / "log",
            timeout_s=PROBE_TIMEOUT_S,
        )
    if done.status != 0:
        raise _missing(
            "user", f"{dressed.host.user} may not enter the folders above {folder}: try --work"
        )


def give(folder: Path, owner: tuple[int, int]) -> None:
    """Give *folder* and all below it to *owner*; links are not followed."""
    os.chown(folder, *owner, follow_symlinks=False)
    for path in folder.rglob("*"):
        os.chown(path, *owner, follow_symlinks=False)


def _has_locale(name: str) -> bool:
    """Whether libc has the locale *name*; asked without setting it, since that is for all threads.

    Where it can't be asked, as in a libc without locales, the answer is yes.
    """
    try:
        libc = ctypes.CDLL(None)
        libc.newlocale.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
        libc.newlocale.restype = libc.freelocale.restype = ctypes.c_void_p
        libc.freelocale.argtypes = (ctypes.c_void_p,)
    except (OSError, AttributeError):
        return True
    found = libc.newlocale(_ALL_CATEGORIES, name.encode(), None)
    if found:
        libc.freelocale(found)
    return bool(found)


def _outside(host: Host) -> tuple[str, ...]:
    """The words that run as drtest's own user: they may need root, and come first."""
    words: list[str] = []
    if host.hostname is not None:
        words += [_tool("unshare", "hostname"), "--uts", "--"]
    if host.hostname is not None or host.umask is not None:
        umask = "" if host.umask is None else f"{host.umask:04o}"
        words += ["/bin/sh", "-c", _DRESS, "sh", host.hostname or "", umask]
    return tuple(words)


def _stepping_down(owner: tuple[int, int], more: Sequence[str]) -> tuple[str, ...]:
    # Another user takes the death signal away that process.run asked for: asked for again.
    uid, gid = map(str, owner)
    return (
        _tool("setpriv", "user"),
        *("--reuid", uid, "--regid", gid, "--clear-groups", *more, "--pdeathsig", "KILL", "--"),
    )


def _owner(user: str) -> tuple[int, int]:
    if os.geteuid() != 0:
        raise _missing("user", "only root can run a drill as another user")
    try:
        found = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        if user.isdecimal():
            return int(user), int(user)
        raise _missing("user", f"this machine knows no user {user}") from None
    return found.pw_uid, found.pw_gid


def _tool(name: str, what: str) -> str:
    found = process.find(name, process.SYSTEM_PATH)
    if found is None:
        raise _missing(what, f"{name} of util-linux is not there")
    return str(found)


def _try(dressed: Dress, program: Path) -> str:
    """Run the program's ``--version`` so dressed; return why it failed, "" where it did not."""
    with tempfile.TemporaryDirectory(prefix="drtest-") as folder:
        log = Path(folder) / "log"
        env: Mapping[str, str] = {
            **process.CLEAN_LOCALE,
            "PATH": process.SYSTEM_PATH,
            "HOME": "/",
            **dressed.env,
        }
        done = process.run(
            [*dressed.prefix, str(program), "--version"],
            env=env,
            log=log,
            timeout_s=PROBE_TIMEOUT_S,
        )
        if done.status == 0:
            return ""
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return said[-1] if said else f"{program} ended with {done.status}"


def _missing(what: str, why: str) -> CapabilityMissing:
    return CapabilityMissing(f"host: {what}: {why}", capability=f"host: {what}")
