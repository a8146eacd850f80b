"""A wreck holds what one needs to look further once store and run are gone."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from support.shell import drtest, environment

from drtest.keys.keyring import Keyring
from drtest.model.scenario import NewKey

FAILING = """\
scenario: keyless
why: The key is in no safe, so that its drill fails; the chain itself is sound.
source: {/srv/www: 5 files}
policy: {encrypt-key: new ed25519}
drills:
  - restore: everything
    escrow: none
  - restore: everything
  - restore: everything
    damage: {delete: volume 1 of full 1}
"""
PLAIN = """\
scenario: pruned
why: Nothing to decrypt; the drill after each prune asks for a refusal that does not come.
source: {/srv/www: 3 files}
mutate: {edit: 1 file}
policy: {no-encryption: true, full-if-older-than: 1D, remove-all-but-n-full: 1}
calendar:
  - every: 2D
    from: 2026-01-01 03:00
    times: 3
    do: [mutate, backup, prune]
drills:
  - restore: everything
    when: after each prune
    must-be: refused
"""


@pytest.fixture
def cache(short_tmp: Path) -> Path:
    """A cache of one's own, but for the duplicity in it."""
    ours = Path(environment(short_tmp)["XDG_CACHE_HOME"]) / "drtest" / "duplicity"
    (short_tmp / "cache" / "drtest").mkdir(parents=True)
    (short_tmp / "cache" / "drtest" / "duplicity").symlink_to(ours)
    return short_tmp / "cache"


def wrecked(text: str, folder: Path, cache: Path, *more: str) -> Path:
    """Run a scenario that fails and return its wreck."""
    (folder / "a.yaml").write_text(text)
    said = drtest(
        "run",
        "a.yaml",
        "--work",
        str(cache.parent),
        *more,
        cwd=folder,
        env={"XDG_CACHE_HOME": str(cache)},
    )
    assert said.status == 1, said
    (wreck,) = (cache / "drtest" / "wrecks").glob("*/*")
    return wreck


def commands(wreck: Path) -> str:
    """What README.txt says to do."""
    return "".join(
        f"{line.strip()}\n"
        for line in (wreck / "README.txt").read_text().splitlines()
        if line.startswith("    ")
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_source_comes_back_from_the_objects_as_the_wreck_says(
    tmp_path: Path, cache: Path
) -> None:
    wreck = wrecked(FAILING, tmp_path, cache)
    assert stat.S_IMODE(wreck.stat().st_mode) == 0o700
    assert {path.name for path in wreck.iterdir() if path.is_dir()} == {
        *("d1.1", "d3.1", "source", "keys", "objects", "objects-d3")
    }
    script = commands(wreck).replace("TARGET", str(tmp_path / "back"))
    temporary = cache.parent / "t"  # short: a gpg-agent's socket lies there
    temporary.mkdir()
    done = subprocess.run(
        ["sh", "-eux", "-c", script],
        cwd=wreck,
        env={
            **{"PATH": environment(tmp_path)["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
            "TMPDIR": str(temporary),
        },
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert list(temporary.iterdir()) == []
    assert contents(tmp_path / "back") == contents(wreck / "source") != {}
    whole, harmed = contents(wreck / "objects"), contents(wreck / "objects-d3")
    (lost,) = set(whole) - set(harmed)
    assert ".vol1." in lost and all(whole[name] == body for name, body in harmed.items())
    assert lost in (wreck / "objects.txt").read_text()
    assert lost not in (wreck / "objects-d3.txt").read_text()


def test_what_a_later_prune_removes_is_there_as_the_drill_saw_it(
    tmp_path: Path, cache: Path
) -> None:
    wreck = wrecked(PLAIN, tmp_path, cache)
    (early,) = wreck.glob("objects-after-step-*/")
    assert {name.split(".")[1] for name in contents(early)} == {"20260103T030000Z"}
    assert {name.split(".")[1] for name in contents(wreck / "objects")} == {"20260105T030000Z"}
    assert not (wreck / "keys").exists()
    assert "--no-encryption" in commands(wreck)


def test_objects_that_do_not_fit_are_listed(tmp_path: Path, cache: Path) -> None:
    text = FAILING.replace("5 files", "{files: 1, size: 800 KiB, kind: random}")
    wreck = wrecked(text, tmp_path, cache, "--keep-max", "1", "--drill", "1")
    assert not (wreck / "objects").exists() and "difftar" in (wreck / "objects.txt").read_text()
    assert "--keep-max has no room for it" in (wreck / "README.txt").read_text()
    assert commands(wreck) == ""


def test_a_key_of_the_users_own_is_not_kept(tmp_path: Path, cache: Path) -> None:
    secret = "correct horse"
    ring = Keyring(cache.parent / "gpg")
    mine = ring.make(NewKey(algorithm="ed25519"), name="mine", passphrase=secret)
    ring.close()
    file = tmp_path / "mine.asc"
    file.write_text(mine.secret)
    text = FAILING.replace("new ed25519", f"{mine.fingerprint}, keys: {file}")
    (tmp_path / "a.yaml").write_text(text)
    said = drtest(
        *("run", "a.yaml", "--work", str(cache.parent)),
        cwd=tmp_path,
        env={"XDG_CACHE_HOME": str(cache), "DRTEST_KEY_PASSPHRASE": secret},
    )
    assert said.status == 1, said
    (wreck,) = (cache / "drtest" / "wrecks").glob("*/*")
    assert (wreck / "objects").is_dir() and not (wreck / "keys").exists()
    assert not list(wreck.rglob("gnupg")) and not list(wreck.rglob("private-keys*"))
    assert "your own key" in (wreck / "README.txt").read_text()
    assert not any(secret.encode() in body for body in contents(wreck).values())
