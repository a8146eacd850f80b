"""argv, by heart for both grammars and held against the real command lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drtest import process
from drtest.duplicity.command import Commands, Target
from drtest.duplicity.versions import Duplicity, find
from drtest.model.scenario import NewKey, Policy

AT = datetime(2026, 1, 9, 3, 0, tzinfo=UTC)
EPOCH = "1767927600"
TARGET = Target(bucket="b", prefix="host", endpoint_url="http://127.0.0.1:9", region="eu-central-1")
MODERN = Duplicity(program=Path("/d"), version="3.2.1", which="3.2.1")
OLD = Duplicity(program=Path("/d"), version="0.8.22", which="system")
KEY = NewKey(algorithm="ed25519")
WHERE = (
    f"--name x --archive-dir /a --log-file /l --current-time {EPOCH} "
    "--s3-endpoint-url http://127.0.0.1:9 --s3-region-name eu-central-1"
)
FULL_POLICY = Policy(
    encryption="key",
    encrypt_key=KEY,
    sign_key="same",
    full_if_older_than=timedelta(days=30),
    volsize_mib=25,
    s3_multipart_chunk_size_mib=10,
    remove_older_than=timedelta(days=9),
    remove_all_but_n_full=2,
    remove_all_inc_of_but_n_full=1,
    options=("--numeric-owner",),
)


def commands(duplicity: Duplicity, policy: Policy) -> Commands:
    keys = {"encrypt_key": "AAAA", "sign_key": "BBBB"} if policy.encryption == "key" else {}
    return Commands(
        duplicity=duplicity,
        policy=policy,
        name="x",
        rules=lambda _at: ("--exclude", "/s/a"),
        **keys,
    )


def backup(duplicity: Duplicity, policy: Policy, action: str, place: Path = Path("/")) -> list[str]:
    return commands(duplicity, policy).backup(
        action, source=place / "s", target=TARGET, archive=place / "a", log=place / "l", at=AT
    )


def restore(
    duplicity: Duplicity, policy: Policy, place: Path = Path("/"), **more: object
) -> list[str]:
    return commands(duplicity, policy).restore(
        into=place / "t",
        target=TARGET,
        archive=place / "a",
        log=place / "l",
        now=AT,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("duplicity", "url"), [(MODERN, "s3:///b/host"), (OLD, "boto3+s3:///b/host")]
)
def test_argv(duplicity: Duplicity, url: str) -> None:
    keys = "--encrypt-key AAAA --sign-key BBBB"
    tail = "--volsize 25 --s3-multipart-chunk-size 10 --exclude /s/a --numeric-owner"
    # 0.8 counts an interval from the real now, so it is given the instant 30 days before.
    limit = "2592000s" if duplicity.is_modern else str(int(EPOCH) - 2592000)
    assert " ".join(backup(duplicity, FULL_POLICY, "full")) == (
        f"/d full {WHERE} {keys} --full-if-older-than {limit} {tail} /s {url}"
    )
    plain = Policy(encryption="none")
    assert " ".join(backup(duplicity, plain, "backup")) == (
        f"/d {WHERE} --no-encryption --volsize 200 --exclude /s/a /s {url}"
    )
    assert " ".join(restore(duplicity, plain)) == f"/d restore {WHERE} --no-encryption {url} /t"
    word = "--path-to-restore" if duplicity.is_modern else "--file-to-restore"
    assert f"{word}=-a" in restore(duplicity, plain, path="-a")  # no option of its own
    assert " ".join(restore(duplicity, FULL_POLICY, at=AT, path="etc/a b")) == (
        f"/d restore {WHERE} --time {EPOCH} {word}=etc/a b {url} /t"
    )


@pytest.mark.parametrize("force", [True, False])
def test_retention_is_in_duplicitys_order_with_absolute_times(force: bool) -> None:
    actions = commands(MODERN, FULL_POLICY).retention(
        target=TARGET, archive=Path("/a"), log=Path("/l"), at=AT, force=force
    )
    told = {action: " ".join(argv) for action, argv in actions}
    assert list(told) == [
        "remove-older-than",
        "remove-all-but-n-full",
        "remove-all-inc-of-but-n-full",
    ]
    end = " --force s3:///b/host" if force else " s3:///b/host"
    nine_days_before = int(EPOCH) - 9 * 86400
    assert told["remove-older-than"] == (
        f"/d remove-older-than {nine_days_before} {WHERE} --encrypt-key AAAA --sign-key BBBB{end}"
    )
    assert told["remove-all-but-n-full"].startswith("/d remove-all-but-n-full 2 --name x")


def status_of(argv: list[str], folder: Path) -> tuple[int, str]:
    log = folder / "output"
    env = {
        **process.CLEAN_LOCALE,
        "PATH": process.SYSTEM_PATH,
        "HOME": str(folder),
        "PASSPHRASE": "x",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_MAX_ATTEMPTS": "1",
    }
    done = process.run([*argv[:1], *argv[1:], "--num-retries=1"], env=env, log=log, timeout_s=60)
    return done.status, log.read_text()


def check_every_command_is_understood(duplicity: Duplicity, folder: Path) -> None:
    """A command line that is understood gets as far as the endpoint, where nobody listens."""
    policy = Policy(
        encryption="none",
        full_if_older_than=timedelta(days=30),
        s3_multipart_chunk_size_mib=10,
        remove_older_than=timedelta(days=9),
        remove_all_but_n_full=2,
        remove_all_inc_of_but_n_full=1,
    )
    (folder / "s").mkdir()
    (folder / "a").mkdir()
    rules = {"rules": lambda _at: ("--exclude", str(folder / "s/a"))}
    made = Commands(duplicity=duplicity, policy=policy, name="x", **rules)  # type: ignore[arg-type]
    where = {"target": TARGET, "archive": folder / "a", "log": folder / "l"}
    lines = [
        made.backup(action, source=folder / "s", at=AT, **where)  # type: ignore[arg-type]
        for action in ("full", "incremental", "backup")
    ]
    lines += [argv for _, argv in made.retention(at=AT, force=True, **where)]  # type: ignore[arg-type]
    lines.append(made.restore(into=folder / "t", now=AT, at=AT, path="x", **where))  # type: ignore[arg-type]
    for argv in lines:
        status, said = status_of(argv, folder)
        assert status == 50, (argv, said)
        assert "127.0.0.1:9" in said, argv


@pytest.mark.needs("gpg")
def test_duplicity_understands_every_command(duplicity: Duplicity, tmp_path: Path) -> None:
    check_every_command_is_understood(duplicity, tmp_path)


@pytest.mark.needs("gpg", "duplicity-0.8")
def test_old_duplicity_understands_every_command(tmp_path: Path) -> None:
    check_every_command_is_understood(find("system", cache=tmp_path), tmp_path)
