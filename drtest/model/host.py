"""The machine that a drill runs on, as far as it differs from the one that drtest runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass

# POSIX's names of users (useradd(8)) and of hosts (RFC 1123); what sethostname(2) takes at most.
_USER = re.compile(r"[a-z_][a-z0-9_.-]{0,31}|[0-9]{1,9}", re.ASCII | re.IGNORECASE)
_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,62}[A-Za-z0-9])?", re.ASCII)
_TIMEZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
_LANG = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]{0,40}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is not None is changed for one drill's calls, and for nothing else.

    ``user`` is a name or a number of the machine that drtest runs on, ``timezone`` a name below
    /usr/share/zoneinfo, ``lang`` a locale.
    """

    user: str | None = None
    hostname: str | None = None
    timezone: str | None = None
    umask: int | None = None
    lang: str | None = None

    def __post_init__(self) -> None:
        for what, value, pattern in (
            ("user", self.user, _USER),
            ("hostname", self.hostname, _HOSTNAME),
            ("timezone", self.timezone, _TIMEZONE),
            ("lang", self.lang, _LANG),
        ):
            if value is not None and not pattern.fullmatch(value):
                raise ValueError(f"{value!r} is no {what}")
        if self.umask is not None and not 0 <= self.umask <= 0o777:
            raise ValueError("a umask has three octal digits")
        if not str(self):
            raise ValueError("a host says what is different on it")

    def __str__(self) -> str:
        told = {
            "user": self.user,
            "hostname": self.hostname,
            "timezone": self.timezone,
            "umask": None if self.umask is None else f"{self.umask:04o}",
            "lang": self.lang,
        }
        return ", ".join(f"{key} {value}" for key, value in told.items() if value is not None)
