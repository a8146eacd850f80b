"""Probes in restored trees: what they see, what they may not, and what each of their ends gives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.bench import codes, drill, opened

from drtest import process
from drtest.duplicity.versions import Duplicity
from drtest.model.events import DrillFinished
from drtest.model.host import Host
from drtest.model.probe import Probe, Probed
from drtest.model.run import ScenarioResult
from drtest.model.scenario import Drill, LiteralFile, Paths, Policy, Scenario
from drtest.runner import probe as probes
from drtest.runner.bench import Bench

HELLO = LiteralFile(path="/srv/www/hello.txt", content="hello\n")
PLAIN = Policy(encryption="none")
# Says what there is: the folder, the environment, the interfaces that can be sent to.
LOOK = """
import os, pathlib
print("cwd", sorted(os.listdir(".")))
print("env", *sorted(os.environ))
print("home", os.listdir(os.environ["HOME"]), "tmp", os.listdir(os.environ["TMPDIR"]))
print("point", os.environ.get("DRTEST_POINT"))
routes = pathlib.Path("/proc/net/route").read_text().splitlines()[1:]
print("net", *sorted(line.split()[0] for line in routes))
print("user", os.getuid())
"""


@pytest.fixture(scope="module")
def bench(duplicity: Duplicity) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="dt-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)  # for another user to come through
        with opened(duplicity, Path(folder)) as ready:
            yield ready


def probed(
    bench: Bench, folder: Path, *command: str, limit_s: float = 60, **more: object
) -> tuple[Probed | None, ScenarioResult]:
    """Back up one file, restore it, and run *command* there."""
    one = Drill(
        number=1,
        name="asked",
        probe=Probe(command=command, limit=timedelta(seconds=limit_s)),
        **more,  # type: ignore[arg-type]
    )
    scenario = Scenario(
        name=f"probed {folder.name}", why="Ask.", source=(HELLO,), policy=PLAIN, drills=(one,)
    )
    events, result = drill(bench, scenario, folder)
    (finished,) = [event for event in events if isinstance(event, DrillFinished)]
    return finished.restored[0].probed, result


def test_it_sees_the_restored_tree_and_nothing_of_this_machine(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PASSPHRASE", "of the one who tests")
    told, result = probed(bench, tmp_path, "python3", "-c", LOOK)
    assert told is not None
    assert told.outcome == "passed", told.tail
    said = dict(line.partition(" ")[::2] for line in told.tail)
    assert said["cwd"] == "['srv']"
    # python3 itself adds LC_CTYPE in some locales, and the shell that stands before it PWD.
    assert set(said["env"].split()) - {"LC_CTYPE", "PWD", "OLDPWD", "SHLVL", "_"} == {
        "DRTEST_POINT",
        "DRTEST_RESTORED",
        "HOME",
        "LANG",
        "LC_ALL",
        "PATH",
        "TMPDIR",
        "TZ",
    }
    assert said["home"] == "[] tmp []"
    assert said["point"] == "2026-01-01T03:00:00+00:00"
    assert (probes.isolation() is None) != told.is_isolated
    if told.is_isolated:
        assert said["net"] == ""
    assert codes(result) == []
    (seen,) = result.judgement.drills
    assert seen.probed == (told,)


def test_of_a_path_it_stands_in_that_folder_and_beside_a_file(bench: Bench, tmp_path: Path) -> None:
    of = Paths(paths=("/srv/www",))
    told, _ = probed(bench, tmp_path / "folder", "cat", "hello.txt", restore=of)
    assert told is not None
    assert told.tail == ("hello",)
    of = Paths(paths=("/srv/www/hello.txt",))
    told, _ = probed(
        bench, tmp_path / "file", "sh", "-c", 'cat "$DRTEST_RESTORED"; pwd', restore=of
    )
    assert told is not None
    assert told.tail[0] == "hello"


def test_what_it_spoils_is_not_compared(bench: Bench, tmp_path: Path) -> None:
    told, result = probed(bench, tmp_path, "sh", "-c", "rm -r srv; echo x >new")
    assert told is not None
    assert told.status == 0
    assert codes(result) == []


def test_a_failure_is_one_with_the_end_of_what_it_said(bench: Bench, tmp_path: Path) -> None:
    script = f"echo {bench.store.credentials.secret_key}; echo it is broken >&2; exit 3"
    told, result = probed(bench, tmp_path, "sh", "-c", script)
    assert told is not None
    (found,) = [one for one in result.judgement.findings if one.code == "probe-failed"]
    assert found.subject == "asked"
    assert found.evidence["status"] == 3
    assert found.evidence["output_tail"] == ["[redacted]", "it is broken"]
    assert bench.store.credentials.secret_key not in str(found)
    assert found.message.endswith("which is as the source was: it is broken.")
    assert bench.store.credentials.secret_key not in (tmp_path / told.log).read_text()
    assert result.verdict.value == "FAIL"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("no-such-program",), "lies in no folder of"),
        (("./srv/www/hello.txt",), "can't be executed"),
        (("./nothing",), "there is no"),
        (("sh", "-c", "no-such-program"), "ended with status 127"),
        (("sh", "-c", "./srv/www/hello.txt"), "ended with status 126"),
    ],
    ids=["not found", "no permission", "not there", "not found by a shell", "refused by a shell"],
)
def test_what_cannot_start_says_nothing_of_the_backup(
    command: tuple[str, ...], why: str, bench: Bench, tmp_path: Path
) -> None:
    _, result = probed(bench, tmp_path, *command)
    assert codes(result) == ["probe-not-started"]
    assert why in result.judgement.findings[0].message
    assert result.verdict.value == "UNVERIFIED"


def test_one_that_floods_stderr_and_never_ends_is_killed_with_its_children(
    bench: Bench, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    script = f"echo $$ >{pids}; (while :; do echo noise; done >&2) & exec yes >&2"
    told, result = probed(bench, tmp_path / "run", "sh", "-c", script, limit_s=1)
    assert told is not None
    assert told.timed_out
    assert codes(result) == ["probe-hung"]
    assert "after its time limit of 1s" in result.judgement.findings[0].message
    assert not Path(f"/proc/{pids.read_text().strip()}").exists()
    assert (tmp_path / "run" / told.log).stat().st_size <= probes.TAIL_BYTES


def test_a_restore_that_fails_is_not_probed(bench: Bench, tmp_path: Path) -> None:
    told, result = probed(
        bench, tmp_path, "true", restore=Paths(paths=("/srv/www",)), options=("--no-such-option",)
    )
    assert told is None
    assert codes(result) == ["restore-refused"]


def test_points_that_must_be_refused_are_not_probed(bench: Bench, tmp_path: Path) -> None:
    one = Drill(
        number=1, escrow=frozenset(), must_be=((None, "refused"),), probe=Probe(command=("false",))
    )
    scenario = Scenario(name="locked", why="No key.", source=(HELLO,), drills=(one,))
    _, result = drill(bench, scenario, tmp_path)
    assert codes(result) == []


@pytest.mark.needs("root")
def test_it_runs_as_the_one_who_restored(bench: Bench, tmp_path: Path) -> None:
    host = Host(user="nobody", timezone="Europe/Berlin")
    told, _ = probed(
        bench,
        tmp_path,
        *("sh", "-c", 'echo "$(id -u) $TZ"; touch "$HOME/x" "$TMPDIR/y" new && exit 4'),
        host=host,
        options=("--no-restore-ownership",),
    )
    assert told is not None
    assert (told.tail, told.status) == (("65534 Europe/Berlin",), 4)


def test_an_ordinary_machine_without_name_spaces_says_so(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "isolation", lambda: None)
    told, result = probed(bench, tmp_path, "true")
    assert told is not None
    assert (told.outcome, told.is_isolated) == ("passed", False)
    assert codes(result) == []


def test_its_loopback_is_up(bench: Bench, tmp_path: Path) -> None:
    if probes.isolation() is None:
        pytest.skip("this machine allows no network name space")
    script = (
        "import socket; server = socket.create_server(('127.0.0.1', 0)); "
        "socket.create_connection(server.getsockname(), 5).close()"
    )
    told, _ = probed(bench, tmp_path, "python3", "-c", script)
    assert told is not None
    assert told.outcome == "passed", told.tail


@pytest.mark.parametrize("uid", [0, 1000], ids=["root", "an ordinary user"])
def test_whoever_runs_it_only_the_loopback_is_left(
    uid: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    words = probes.isolation.__wrapped__()
    if words is None:
        pytest.skip("this machine allows no network name space")
    assert ("--user" in words) == (uid != 0)
    done = process.run(
        [*words, "cat", "/proc/net/dev"],
        env={"PATH": process.SYSTEM_PATH},
        log=tmp_path / "log",
        timeout_s=20,
    )
    assert done.status == 0
    interfaces = [line.partition(":")[0].strip() for line in done.log.read_text().splitlines()[2:]]
    assert interfaces == ["lo"]
