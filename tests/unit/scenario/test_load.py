"""What a sound file means: defaults, parts, calendars, and the files that are shipped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drtest.model.plan import plan
from drtest.model.scenario import (
    Backup,
    Change,
    CopyOf,
    Drill,
    Expectation,
    FileSet,
    LiteralFile,
    Mutate,
    NewKey,
    OwnKey,
    Policy,
    Revoke,
    Scenario,
    Size,
    Symlink,
    Wait,
)
from drtest.scenario import count, dump, find_files, load, loads, show

HEAD = "scenario: a test\nwhy: It is tested.\n"
SOURCE = "source:\n  /srv/www: 40 files\n"
SHIPPED = Path(__file__).parents[3] / "scenarios"


def one(text: str) -> Scenario:
    (scenario,) = loads(text)
    return scenario


def instants(calendar: str) -> list[str]:
    steps = one(HEAD + SOURCE + f"calendar:\n{calendar}").steps
    return [f"{dated.at:%m-%d %H:%M} {type(dated.step).__name__.lower()}" for dated in steps]


def test_three_keys_are_enough() -> None:
    scenario = one(HEAD + SOURCE)
    about = Size(shape="about", low_bytes=4096, high_bytes=256 * 1024)
    assert scenario.source == (FileSet(path="/srv/www", files=40, size=about, line=4),)
    assert [dated.step for dated in scenario.steps] == [Backup(action="full")]
    assert scenario.steps[0].at == datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert scenario.drills == (Drill(number=1, line=1),)
    assert scenario.policy == Policy()
    assert (scenario.seed, scenario.expect, scenario.time_limit) == (1, (), timedelta(minutes=30))


def test_the_seed_of_the_command_line_wins() -> None:
    assert [s.seed for s in loads(HEAD + "seed: 7\n" + SOURCE, seed=42)] == [42]
    assert [s.seed for s in loads(HEAD + "seed: 7\n" + SOURCE, seed=0)] == [0]


def test_every_scalar_is_text() -> None:
    text = "scenario: 2026-01-01\nwhy: no\nsource:\n  /a: {content: 0644, mode: 0644}\n"
    scenario = one(text)
    assert (scenario.name, scenario.why) == ("2026-01-01", "no")
    assert scenario.source == (LiteralFile(path="/a", content="0644", mode=0o644, line=4),)


def test_all_forms_of_source() -> None:
    scenario = one(
        HEAD
        + 'source:\n  /a: {content: "x\\n"}\n  /b: {symlink: ../a}\n  /c: {copy-of: /etc/}\n'
        + "  /d/: {files: 3, size: 1 KiB to 2 KiB, kind: log, depth: 0}\n"
    )
    size = Size(shape="uniform", low_bytes=1024, high_bytes=2048)
    assert scenario.source == (
        LiteralFile(path="/a", content="x\n", line=4),
        Symlink(path="/b", target="../a", line=5),
        CopyOf(path="/c", of="/etc", line=6),
        FileSet(path="/d", files=3, size=size, kind="log", depth=0, line=7),
    )


def test_entries_are_merged_by_time() -> None:
    assert instants(
        "  - every: 1D\n    from: 2026-01-02 03:00\n    times: 3\n    do: backup\n"
        "  - at: 2026-01-03 12:00\n    do: mutate\n"
        "  - at: +1h\n    do: mutate\n"
        "  - every: 12h\n    from: 2026-01-01\n    until: 2026-01-01\n    do: [mutate, full]\n"
    ) == [
        "01-01 00:00 mutate",
        "01-01 00:00 backup",
        "01-01 12:00 mutate",
        "01-01 12:00 backup",
        "01-02 03:00 backup",
        "01-03 03:00 backup",
        "01-03 12:00 mutate",
        "01-03 13:00 mutate",
        "01-04 03:00 backup",
    ]


def test_plus_counts_from_the_last_repetition_before() -> None:
    found = instants(
        "  - every: 1D\n    from: 2026-01-01\n    times: 3\n    do: [backup, wait: 1h, mutate]\n"
        "  - every: 1D\n    from: +1D\n    times: 2\n    do: backup\n"
    )
    assert found[-2:] == ["01-04 00:00 backup", "01-05 00:00 backup"]


def test_waits_move_time_within_their_entry_and_at_the_end() -> None:
    text = (
        "calendar:\n  - at: 2026-01-01\n    do: [full, wait: 3h, mutate, incremental, wait: 1D]\n"
    )
    scenario = one(HEAD + SOURCE + text)
    assert [dated.at.hour for dated in scenario.steps] == [0, 0, 3, 3, 3]
    assert scenario.end_at == datetime(2026, 1, 2, 3, tzinfo=UTC)
    assert isinstance(scenario.steps[-1].step, Wait)


def test_a_years_end_is_crossed_by_until() -> None:
    text = "calendar:\n  - every: 1M\n    from: 2024-12-15\n    until: 2025-03-15\n    do: backup\n"
    days = [dated.at.strftime("%m-%d") for dated in one(HEAD + SOURCE + text).steps]
    assert days == ["12-15", "01-14", "02-13", "03-15"]  # a month is 30 days


def test_parts_are_read_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/source.yaml").write_text("# a comment\n/etc/hosts: {content: x}\n")
    (tmp_path / "parts/policy.yaml").write_text(
        "encrypt-key: 0123 4567 89ab cdef 0123 4567 89ab cdef 0123 4567\nkeys: ../own.asc\n"
    )
    (tmp_path / "own.asc").write_text("not read here")
    file = tmp_path / "a.yaml"
    file.write_text(HEAD + "source: parts/source.yaml\npolicy: parts/policy.yaml\n")
    (scenario,) = load([file])
    assert scenario.source == (LiteralFile(path="/etc/hosts", content="x", line=2),)
    key = scenario.policy.encrypt_key
    assert isinstance(key, OwnKey)
    assert key.fingerprint == "0123456789ABCDEF0123456789ABCDEF01234567"
    assert Path(key.file).resolve() == (tmp_path / "own.asc").resolve()
    (again,) = loads(dump(scenario))
    assert again.policy.encrypt_key == key


def test_keys_are_read_with_all_that_happens_to_them() -> None:
    scenario = one(
        HEAD
        + SOURCE
        + """
policy:
  encrypt-key: {new: rsa2048, expires: 2026-02-01 12:00, passphrase: none}
  sign-key: {new: ed25519}
calendar:
  - {at: 2026-01-01, do: [full, change: passphrase, change: sign-key, revoke: encrypt-key]}
drills:
  - {restore: everything, sign-key: old, escrow: [secret key, new passphrase]}
"""
    )
    assert scenario.policy.encrypt_key == NewKey(
        algorithm="rsa2048",
        expires_at=datetime(2026, 2, 1, 12, tzinfo=UTC),
        has_passphrase=False,
    )
    assert scenario.policy.sign_key == NewKey(algorithm="ed25519")
    assert [dated.step for dated in scenario.steps[1:]] == [
        Change(what="passphrase"),
        Change(what="sign-key"),
        Revoke(what="encrypt-key"),
    ]
    (drill,) = scenario.drills
    assert drill.sign_key == "old"
    assert drill.escrow == {"secret key", "new passphrase"}


def test_a_part_that_is_overlaid_by_nothing_is_replaced_whole() -> None:
    text = (
        "calendar:\n  - at: 2026-01-01\n    do:\n      - mutate: {delete: /srv/www}\n      - full\n"
    )
    scenario = one(HEAD + SOURCE + "mutate:\n  edit: 3%\n" + text)
    step = scenario.steps[0].step
    assert isinstance(step, Mutate) and step.mutations is not None
    assert [mutation.verb for mutation in step.mutations] == ["delete"]
    assert [mutation.verb for mutation in scenario.mutate] == ["edit"]


def test_the_word_pass_is_the_same_as_no_expectation() -> None:
    assert one(HEAD + "expect: PASS\n" + SOURCE).expect == ()
    assert one(HEAD + "expect: {verdict: PASS}\n" + SOURCE).expect == (Expectation(line=3),)


def test_an_archived_scenario_loads_where_its_key_and_tree_are_gone() -> None:
    text = (
        HEAD
        + "source:\n  /a: {copy-of: /no/such/tree}\n"
        + f"policy:\n  encrypt-key: {'A' * 40}\n  keys: /no/such/file\n"
    )
    assert loads(text)[0].source == (CopyOf(path="/a", of="/no/such/tree", line=4),)


def test_a_restore_below_generated_files_is_legal_below_a_literal_file_not() -> None:
    drill = "drills:\n  - restore: /srv/www/a/b.html\n"
    assert one(HEAD + SOURCE + drill).drills[0].number == 1
    with pytest.raises(Exception, match="lies in no entry of source"):
        one(HEAD + "source:\n  /srv/www: {content: x}\n" + drill)


def test_long_calendars_are_planned_counted_and_dumped_quickly() -> None:
    text = (
        "calendar:\n  - every: 30m\n    from: 2024-01-01\n    times: 10000\n"
        "    do: [mutate, backup]\n"
    )
    scenario = one(
        HEAD + SOURCE + text + "drills:\n  - restore: everything\n    at: each restore point\n"
    )
    assert count([scenario]).drills == 10_000
    assert "times: 10000" in dump(scenario)
    assert show(scenario).count("\n") < 120


# ---------------------------------------------------------------- shipped files


def test_shipped_files_load_and_are_few_enough_for_four_minutes() -> None:
    scenarios = load(find_files([SHIPPED]))
    counts = count(scenarios)
    # one call of duplicity is about 0.6 s, a cold restore 0.5 s and 0.1 s for each set it reads
    calls = sum(len(scenario.steps) for scenario in scenarios)
    assert counts.backups * 0.7 + (calls - counts.backups) * 0.3 + counts.drills * 1.5 < 2 * 240
    assert counts.scenarios >= 8


@pytest.mark.parametrize("path", find_files([SHIPPED]), ids=lambda path: path.name)
def test_shipped_files_say_why_and_round_trip(path: Path) -> None:
    for scenario in load([path]):
        assert len(scenario.why) > 40
        assert plan(scenario).made
        assert show(scenario).count("\n") < 120
        (again,) = loads(dump(scenario))
        assert dump(again) == dump(scenario)
