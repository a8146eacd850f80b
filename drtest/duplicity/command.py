"""duplicity's command lines, for the grammar of 3.x and for that of 0.8.

Source: man pages and cli_data.py of 3.2.1, commandline.py of 0.8.22; shared facts 2.i.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from drtest.duplicity.versions import Duplicity
from drtest.model.interval import epoch
from drtest.model.locks import Encryption
from drtest.model.scenario import Policy, RunAction

# How often duplicity asks a backend again, and how long it waits: of every action alike.
_PATIENCE = frozenset({"--num-retries", "--backend-retry-delay", "--timeout"})


# Options of restore that 0.8 spells otherwise (commandline.py of 0.8.22).
_OLD = {"--no-restore-ownership": "--do-not-restore-ownership"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the backup lies: an S3 bucket and prefix behind an endpoint."""

    bucket: str
    prefix: str
    endpoint_url: str
    region: str

    def url(self, duplicity: Duplicity) -> str:
        """Return the URL form that this duplicity reads with boto3."""
        scheme = "s3" if duplicity.is_modern else "boto3+s3"
        return f"{scheme}:///{self.bucket}/{self.prefix}"


def _no_rules(_at: datetime) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Builds argv for one chain; nothing here is secret, secrets travel by environment."""

    duplicity: Duplicity
    policy: Policy
    name: str  # pins duplicity's --name, so that the URL's spelling means nothing
    # The selection options, made for the workspace, of a backup at some time.
    rules: Callable[[datetime], Sequence[str]] = _no_rules
    # What is encrypted with now, where a calendar changes it; None: what the policy says.
    encryption: Encryption | None = None
    encrypt_key: str = ""  # fingerprints, "" where none
    sign_key: str = ""
    gpg_options: str = ""
    extra: tuple[str, ...] = field(default=())

    def backup(
        self, action: str, *, source: Path, target: Target, archive: Path, log: Path, at: datetime
    ) -> list[str]:
        """``full``, ``incremental``, or ``backup``: duplicity's implied action, no word at all."""
        policy = self.policy
        words: list[str] = [] if action == "backup" else [action]
        options = [*self._where(archive, target, log, at), *self._keys()]
        if policy.full_if_older_than is not None:
            options += ["--full-if-older-than", self._full_limit(policy.full_if_older_than, at)]
        options += ["--volsize", str(policy.volsize_mib)]
        if policy.s3_multipart_chunk_size_mib is not None:
            options += ["--s3-multipart-chunk-size", str(policy.s3_multipart_chunk_size_mib)]
        options += [*self.rules(at), *policy.options]
        return self._argv(words, options, [str(source), target.url(self.duplicity)])

    def retention(
        self, *, target: Target, archive: Path, log: Path, at: datetime, force: bool
    ) -> list[tuple[str, list[str]]]:
        """The policy's retention actions in duplicity's order, each with its argv.

        ``remove-older-than`` gets an absolute time: duplicity reads a relative one against the real
        clock (facts 2.e).
        """
        policy = self.policy
        actions: list[tuple[str, str]] = []
        if policy.remove_older_than is not None:
            actions.append(("remove-older-than", str(epoch(at - policy.remove_older_than))))
        if policy.remove_all_but_n_full is not None:
            actions.append(("remove-all-but-n-full", str(policy.remove_all_but_n_full)))
        if policy.remove_all_inc_of_but_n_full is not None:
            actions.append(
                ("remove-all-inc-of-but-n-full", str(policy.remove_all_inc_of_but_n_full))
            )
        options = [*self._where(archive, target, log, at), *self._keys(), *patience(policy)]
        if force:
            options.append("--force")
        url = target.url(self.duplicity)
        return [
            (action, self._argv([action, argument], options, [url])) for action, argument in actions
        ]

    def restore(
        self,
        *,
        into: Path,
        target: Target,
        archive: Path,
        log: Path,
        now: datetime,
        at: datetime | None = None,
        typed: str = "",
        path: str = "",
        sign_key: str = "",
        more: Sequence[str] = (),
    ) -> list[str]:
        """Restore everything or one *path* (relative) as it was *at*, or the newest.

        *typed* is a restore time as a user types it, given as it is instead of *at*.

        Names no key but *sign_key*, where the signature is to be insisted on: on the day of the
        disaster there is the chain, the keyring and the passphrase, as in the recovery commands
        people keep. *more* are the user's own options, in
        the spelling of 3.x.
        """
        options = self._where(archive, target, log, now)
        options += patience(self.policy)
        if self._is_plain:
            options.append("--no-encryption")
        if sign_key:
            options += ["--sign-key", sign_key]
        if at is not None:
            options += ["--time", typed or str(epoch(at))]
        if path:
            word = "--path-to-restore" if self.duplicity.is_modern else "--file-to-restore"
            options.append(f"{word}={path}")  # a path may begin with a dash
        options += [
            option if self.duplicity.is_modern else _OLD.get(option, option) for option in more
        ]
        return self._argv(["restore"], options, [target.url(self.duplicity), str(into)])

    def look(
        self,
        action: RunAction,
        *,
        source: Path,
        target: Target,
        archive: Path,
        log: Path,
        now: datetime,
        at: datetime | None = None,
    ) -> list[str]:
        """An action that only looks: ``verify``, ``collection-status``, ``cleanup`` without force.

        ``verify`` is given the source, its rules and a time; the others know no time.
        """
        word, _, more = action.partition(" ")
        options = self._where(archive, target, log, now) + patience(self.policy)
        if self._is_plain:
            options.append("--no-encryption")
        operands = [target.url(self.duplicity)]
        if word == "verify":
            operands.append(str(source))
            options += [*self.rules(now), *([more] if more else [])]
            if at is not None:
                options += ["--time", str(epoch(at))]
        return self._argv([word], options, operands)

    def _full_limit(self, interval: timedelta, at: datetime) -> str:
        """An interval for 3.x; for 0.8 an instant, since it counts an interval from the real now.

        Source: 0.8.22, commandline.py (``type="time"``) and dup_main.py (``full_force_time``).
        """
        if self.duplicity.is_modern:
            return f"{int(interval.total_seconds())}s"
        return str(epoch(at - interval))

    def _where(self, archive: Path, target: Target, log: Path, at: datetime) -> list[str]:
        return [
            "--name",
            self.name,
            "--archive-dir",
            str(archive),
            "--log-file",
            str(log),
            "--current-time",
            str(epoch(at)),
            "--s3-endpoint-url",
            target.endpoint_url,
            "--s3-region-name",
            target.region,
        ]

    @property
    def _is_plain(self) -> bool:
        return (self.encryption or self.policy.encryption) == "none"

    def _keys(self) -> list[str]:
        if self._is_plain:
            return ["--no-encryption"]
        options: list[str] = []
        if self.encrypt_key:
            options += ["--encrypt-key", self.encrypt_key]
        if self.sign_key:
            options += ["--sign-key", self.sign_key]
        if self.gpg_options:
            options.append(f"--gpg-options={self.gpg_options}")
        return options

    def _argv(
        self, words: Sequence[str], options: Sequence[str], operands: Sequence[str]
    ) -> list[str]:
        return [str(self.duplicity.program), *words, *options, *self.extra, *operands]


def patience(policy: Policy) -> list[str]:
    """Return those options of *policy* that say how long duplicity tries, for every action.

    What else a policy hands to backups verbatim means something for them alone.
    """
    chosen: list[str] = []
    takes_value = False
    for word in policy.options:
        if takes_value:
            chosen.append(word)
            takes_value = False
        elif word.partition("=")[0] in _PATIENCE:
            chosen.append(word)
            takes_value = "=" not in word
    return chosen
