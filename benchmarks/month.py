"""A month of nightlies, every point restored cold and compared: drtest against a shell loop.

``python benchmarks/month.py [--nights N] [--no-preload]``: the shell loop runs the same duplicity
commands one after another, on the same states of the same source, against a moto of its own, with
the same gpg settings, and compares each restore with ``diff -r``. Then drtest runs the scenario,
plainly and with ``--preload``. Printed are the ratios of wall time, drtest's own CPU (its process
and the gateway's) over all CPU of that run, the time of ``drtest report``, and ``--jobs 1`` over
``--jobs 2`` for the shipped edges. Ends with 1 where a limit is not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jobs import EDGES, ratio

from drtest import process, workload
from drtest.api.options import cache_folder
from drtest.chance import Seed
from drtest.clock import monotonic_s
from drtest.duplicity.command import Commands, Target
from drtest.duplicity.machine import NOWHERE
from drtest.duplicity.versions import DEFAULT, find
from drtest.model.scenario import Backup, Mutate, Scenario
from drtest.process import Completed
from drtest.scenario import loads
from drtest.store.moto import Moto

LIMITS = {"plain over loop": 0.75, "preloaded over loop": 0.40, "own CPU": 0.10, "report_s": 3.0}
HOUR_S = 3600.0

MONTH = """\
scenario: a month of nightlies
why: One full and the incrementals after it; every night is restored on an empty machine.
source:
  /srv/www:       {{files: 100, size: about 4 KiB, max: 256 KiB}}
  /var/lib/mysql: {{files: 2, size: 512 KiB, kind: database}}
  /var/log:       {{files: 8, size: 16 KiB, kind: log}}
mutate: {{edit: 3%, append: 8 files, add: 2 files, rename: 1 file, delete: 1 file}}
policy: {{full-if-older-than: 2M}}
calendar:
  - every: 1D
    from: 2026-01-01 03:00
    times: {nights}
    do: [mutate, backup]
drills:
  - restore: everything
    at: each restore point
"""

# Runs one scenario and says what CPU was whose. The gateway is drtest's own, in another process.
RUN = """\
import json, resource, sys
from pathlib import Path
from drtest.api import Options, run
from drtest.api import session
from drtest.gateway import Gateway
seen = []
class Measured(Gateway):
    def __exit__(self, *problem):
        seen.append(self.measure().cpu_s)
        super().__exit__(*problem)
session.Gateway = Measured
file, reports, preload = sys.argv[1:]
done = run(Options(paths=(Path(file),), reports=Path(reports), preload=preload == "yes"))
own = resource.getrusage(resource.RUSAGE_SELF)
others = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "status": done.result.exit_status,
    "folder": str(done.folder),
    "own_s": own.ru_utime + own.ru_stime + sum(seen),
    "all_s": own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime,
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run of drtest."""

    elapsed_s: float
    own_s: float
    all_s: float
    folder: Path


def states(scenario: Scenario, folder: Path) -> list[Path]:
    """Make the source as it is at each backup, one copy each; not timed."""
    source, found = folder / "growing", list[Path]()
    seed = Seed(value=scenario.seed)
    workload.build(scenario.source, source, seed=seed, at=scenario.steps[0].at, without=set())
    for dated in scenario.steps:
        match dated.step:
            case Mutate():
                workload.mutate(
                    scenario.mutate,
                    scenario.source,
                    source,
                    seed=seed.child("mutate"),
                    step=dated.index,
                    at=dated.at,
                )
            case Backup():
                found.append(folder / f"state{len(found)}")
                _sh(f"cp -a {source} {found[-1]}", folder)
            case _:
                pass
    return found


def script(scenario: Scenario, folder: Path, store: Moto, before: list[Path]) -> str:
    """Return the plain shell loop: the commands that drtest runs, and nothing of drtest."""
    duplicity = find(DEFAULT, cache=cache_folder())
    commands = Commands(duplicity=duplicity, policy=scenario.policy, name="month")
    store.make_bucket("month")
    target = Target(
        bucket="month", prefix="host", endpoint_url=store.endpoint_url, region=store.region
    )
    source, archive, log = folder / "src", folder / "archive", folder / "log"
    nights = [dated.at for dated in scenario.steps if isinstance(dated.step, Backup)]
    lines = ["set -e", f"cd {folder}", *_machine("server")]
    for at, state in zip(nights, before, strict=True):
        argv = commands.backup(
            "backup", source=source, target=target, archive=archive, log=log, at=at
        )
        lines += [f"mv {state} {source}", shlex.join(argv), f"mv {source} {state}"]
    for at, state in zip(nights, before, strict=True):
        argv = commands.restore(
            into=folder / "back",
            target=target,
            archive=folder / "cold",
            log=log,
            now=scenario.end_at,
            at=at,
        )
        lines += [
            "rm -rf back cold",
            "mkdir -m 700 cold",
            *_machine("new"),
            shlex.join(argv),
            f"diff -r --no-dereference {state} back",
            "gpgconf --kill gpg-agent",
            "rm -rf new",
        ]
    return "\n".join(lines) + "\n"


def _machine(name: str) -> list[str]:
    return [
        f"mkdir -m 700 {name} {name}/gnupg {name}/tmp",
        f"echo 's2k-count 65536' > {name}/gnupg/gpg-agent.conf",
        f"export HOME=$PWD/{name} GNUPGHOME=$PWD/{name}/gnupg TMPDIR=$PWD/{name}/tmp",
    ]


def loop_s(scenario: Scenario, folder: Path) -> float:
    """Return how long the shell loop takes; its store is started before."""
    before = states(scenario, folder)
    store = Moto()
    store.start(folder / "moto")
    try:
        text = script(scenario, folder, store, before)
        env = {
            "PASSPHRASE": "benchmark",
            "AWS_ACCESS_KEY_ID": store.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": store.credentials.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HTTPS_PROXY": NOWHERE,
        }
        return _sh(text, folder, env).elapsed_s
    finally:
        store.stop()


def drtest(file: Path, folder: Path, *, preload: bool) -> Ran:
    """Run the scenario with drtest in a process of its own, its start and end included."""
    words = [str(file), str(folder / "reports"), "yes" if preload else "no"]
    done = _python(["-c", RUN, *words], folder)
    said = json.loads((folder / "out").read_text(encoding="utf-8").splitlines()[-1])
    if said["status"] != 0:
        raise SystemExit(f"the month did not pass: {said['folder']}")
    return Ran(
        elapsed_s=done.elapsed_s,
        own_s=said["own_s"],
        all_s=said["all_s"],
        folder=Path(said["folder"]),
    )


def _sh(text: str, folder: Path, env: dict[str, str] | None = None) -> Completed:
    file = folder / "loop.sh"
    file.write_text(text, encoding="utf-8")
    return _run(["/bin/sh", str(file)], folder, env or {})


def _python(words: list[str], folder: Path) -> Completed:
    return _run([sys.executable, *words], folder, {"HOME": str(Path.home())})


def _run(argv: list[str], folder: Path, env: dict[str, str]) -> Completed:
    done = process.run(
        argv,
        env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, **env},
        log=folder / "out",
        timeout_s=HOUR_S,
        cwd=folder,
    )
    if done.status != 0:
        tail = (folder / "out").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SystemExit(f"{shlex.join(argv[:3])[:200]} ended with {done.status}:\n{tail}")
    return done


def main() -> int:
    """Measure and print; 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--no-preload", action="store_true")
    given = parser.parse_args()
    seen: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="drtest-month-") as name:
        folder = Path(name)
        (folder / "moto").mkdir()
        file = folder / "month.yaml"
        file.write_text(MONTH.format(nights=given.nights), encoding="utf-8")
        (scenario,) = loads(file.read_text(encoding="utf-8"))
        began, load = monotonic_s(), os.getloadavg()[0]
        plain = drtest(file, folder, preload=False)
        loop = loop_s(scenario, folder)
        print(f"shell loop {loop:.1f} s, drtest {plain.elapsed_s:.1f} s")
        seen["plain over loop"] = plain.elapsed_s / loop
        if not given.no_preload:
            fast = drtest(file, folder, preload=True)
            print(f"drtest --preload {fast.elapsed_s:.1f} s")
            seen["preloaded over loop"] = fast.elapsed_s / loop
        print(f"drtest's own CPU {plain.own_s:.1f} s of {plain.all_s:.1f} s")
        seen["own CPU"] = plain.own_s / plain.all_s
        report = _python(["-m", "drtest", "report", str(plain.folder)], folder)
        seen["report_s"] = report.elapsed_s
        if (jobs := ratio(EDGES, folder)) is None:
            raise SystemExit("the edges at --jobs 1 and 2 do not say the same")
        seen["jobs 2 over jobs 1"] = jobs
        print(
            f"load {load:.1f} before, {os.getloadavg()[0]:.1f} after {monotonic_s() - began:.0f} s"
        )
    bad = False
    for what, value in seen.items():
        limit = LIMITS.get(what)
        over = limit is not None and value > limit
        bad |= over
        told = "reported" if limit is None else f"limit {limit:.2f}{', NOT KEPT' if over else ''}"
        print(f"{what:22} {value:.3f}  {told}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
