"""Each thing that ``host`` names is another in the call, and in nothing else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from drtest import process
from drtest.duplicity.host import Dress, dress, give
from drtest.errors import CapabilityMissing
from drtest.model.host import Host

TELL = """#!/bin/sh
echo "$(id -u) $(id -g) $(id -G) $(uname -n) $(umask) $(date -d @0 +%H) $LANG/$LC_ALL"
"""


@pytest.fixture
def teller(short_tmp: Path) -> Path:
    """A program that tells of the machine it runs on, where anybody may run it."""
    short_tmp.chmod(0o755)
    program = short_tmp / "teller"
    program.write_text(TELL)
    program.chmod(0o755)
    return program


def told(dressed: Dress | None, program: Path) -> list[str]:
    env = {**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH}
    prefix: tuple[str, ...] = ()
    if dressed is not None:
        env, prefix = {**env, **dressed.env}, dressed.prefix
    log = program.parent / "log"
    done = process.run([*prefix, str(program)], env=env, log=log, timeout_s=30)
    assert done.status == 0, log.read_text()
    return log.read_text().split()


@pytest.mark.parametrize(
    ("host", "changes"),
    [
        (Host(timezone="Asia/Tokyo"), {5: "09"}),
        (Host(umask=0o077), {4: "0077"}),
        (Host(lang="C"), {6: "C/"}),
        pytest.param(
            Host(user="54321"),
            {0: "54321", 1: "54321", 2: "54321"},
            marks=pytest.mark.needs("root"),
        ),
        pytest.param(Host(hostname="rescue"), {3: "rescue"}, marks=pytest.mark.needs("root")),
        pytest.param(
            Host(user="daemon", hostname="cold", timezone="Asia/Tokyo", umask=0o027, lang="C"),
            {0: "1", 1: "1", 2: "1", 3: "cold", 4: "0027", 5: "09", 6: "C/"},
            marks=pytest.mark.needs("root"),
        ),
    ],
    ids=str,
)
def test_what_is_named_differs_and_nothing_else(
    host: Host, changes: dict[int, str], teller: Path
) -> None:
    before = told(None, teller)
    inside = told(dress(host, teller), teller)
    assert {number: word for number, word in enumerate(inside) if word != before[number]} == changes
    assert told(None, teller) == before
    assert socket.gethostname() == before[3]


@pytest.mark.needs("root")
def test_a_program_in_a_closed_folder_runs_and_writes_nothing_more(teller: Path) -> None:
    closed = teller.parent / "closed"
    closed.mkdir(mode=0o700)
    inner = closed / "teller"
    inner.write_text(TELL + f"echo x >>{teller.parent}/target 2>/dev/null || exit 0; exit 9\n")
    inner.chmod(0o755)
    (teller.parent / "target").write_text("root's own")
    assert told(dress(Host(user="54321"), inner), inner)[0] == "54321"
    assert (teller.parent / "target").read_text() == "root's own"


def test_whether_root_restores(teller: Path) -> None:
    assert dress(Host(lang="C"), teller).is_root == (os.geteuid() == 0)
    if os.geteuid() == 0:
        assert not dress(Host(user="nobody"), teller).is_root
        assert dress(Host(user="root"), teller).is_root


@pytest.mark.parametrize(
    ("host", "capability"),
    [
        (Host(timezone="Mars/Olympus"), "host: timezone"),
        (Host(user="nobody-of-this-name"), "host: user"),
        (Host(lang="tlh_QO.UTF-8"), "host: lang"),
    ],
    ids=str,
)
def test_what_this_machine_cannot_do_is_named(host: Host, capability: str, teller: Path) -> None:
    with pytest.raises(CapabilityMissing) as caught:
        dress(host, teller)
    assert caught.value.capability == capability
    assert str(caught.value).startswith(capability)


def test_a_program_that_does_not_run_is_told_with_its_words(teller: Path) -> None:
    teller.write_text("#!/bin/sh\necho it is broken; exit 3\n")
    with pytest.raises(CapabilityMissing, match="it is broken"):
        dress(Host(umask=0o022), teller)


@pytest.mark.needs("root")
def test_all_of_a_folder_is_given_and_no_link_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("")
    folder = tmp_path / "folder"
    (folder / "a").mkdir(parents=True)
    (folder / "a/link").symlink_to(outside)
    give(folder, (54_321, 54_321))
    for path in (folder, folder / "a", folder / "a/link"):
        assert path.lstat().st_uid == 54_321
    assert outside.stat().st_uid == 0


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"user": "no body"},
        {"user": "-x"},
        {"hostname": "-x"},
        {"hostname": "a;b"},
        {"timezone": "../etc/passwd"},
        {"timezone": "/etc/passwd"},
        {"umask": 0o1000},
        {"lang": "C; reboot"},
    ],
)
def test_a_host_refuses_nonsense_at_birth(said: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Host(**said)  # type: ignore[arg-type]
