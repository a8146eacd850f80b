"""Writes a scenario as YAML that loads back to an equal value, every default filled in."""

from __future__ import annotations

from typing import assert_never

from drtest.model.interval import format_instant, format_interval
from drtest.model.scenario import (
    CopyOf,
    Database,
    Drill,
    Everything,
    Expectation,
    FileSet,
    KeySpec,
    LiteralFile,
    NewKey,
    Objectives,
    OneFile,
    OwnKey,
    Paths,
    Policy,
    Run,
    Scenario,
    SourceEntry,
    Symlink,
    Zoo,
)
from drtest.scenario.amount import format_bytes, format_size
from drtest.scenario.emit import Flow, Tree, emit
from drtest.scenario.grid import grid_words
from drtest.scenario.host import host_words
from drtest.scenario.phrase import (
    Entry,
    damage_words,
    entries,
    mutation_words,
    selector_tree,
    selector_words,
    step_words,
)
from drtest.scenario.probe import probe_words
from drtest.scenario.rules import rule_words
from drtest.scenario.words import ESCROW, THE_REST


def dump(scenario: Scenario) -> str:
    """Return *scenario* as one document, its parts in place.

    ``loads`` gives an equal value back, but for files and lines. ValueError where a value has no
    words: two source entries at one path, or two files of own keys.
    """
    tree: dict[str, Tree] = {"scenario": scenario.name, "why": scenario.why}
    tree["expect"] = _expect(scenario.expect)
    tree["seed"] = scenario.seed
    tree["source"] = _source(scenario.source)
    if scenario.mutate:
        tree["mutate"] = mutation_words(scenario.mutate)
    tree["policy"] = _policy(scenario.policy)
    tree["calendar"] = [_entry(one) for one in entries(scenario.steps)]
    tree["drills"] = [_drill(drill) for drill in scenario.drills]
    tree["objectives"] = _objectives(scenario.objectives)
    tree["time-limit"] = format_interval(scenario.time_limit)
    if scenario.stores:
        tree["store"] = Flow(list(scenario.stores))
    if scenario.needs:
        tree["needs"] = Flow(list(scenario.needs))
    tree["bucket"] = scenario.bucket
    tree["credentials"] = scenario.credentials
    if scenario.tune is not None:
        tree["tune"] = grid_words(scenario.tune)
    return emit(tree)


# ---------------------------------------------------------------- head


def _expect(expect: tuple[Expectation, ...]) -> Tree:
    if not expect:
        return "PASS"
    parts: list[Tree] = [_expectation(one) for one in expect]
    return parts[0] if len(parts) == 1 else parts


def _expectation(one: Expectation) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if one.duplicity is not None:
        tree["with"] = Flow({"duplicity": one.duplicity})
    tree["verdict"] = one.verdict.value
    if one.findings:
        tree["findings"] = [
            finding.code if finding.subject is None else Flow({finding.code: finding.subject})
            for finding in one.findings
        ]
    if one.because:
        tree["because"] = one.because
    return tree


# ---------------------------------------------------------------- source and mutations


def _source(source: tuple[SourceEntry, ...]) -> dict[str, Tree]:
    tree: dict[str, Tree] = {entry.path: _source_entry(entry) for entry in source}
    if len(tree) < len(source):
        raise ValueError("two source entries at one path have no words")
    return tree


def _source_entry(entry: SourceEntry) -> Tree:
    match entry:
        case FileSet():
            tree: dict[str, Tree] = {"files": entry.files, "size": format_size(entry.size)}
            if entry.size.shape == "about":
                tree["max"] = format_bytes(entry.size.high_bytes)
            return Flow({**tree, "kind": entry.kind, "depth": entry.depth})
        case LiteralFile():
            return Flow({"content": entry.content, "mode": f"{entry.mode:04o}"})
        case Symlink():
            return Flow({"symlink": entry.target})
        case CopyOf():
            return Flow({"copy-of": entry.of})
        case Database(size_bytes=size_bytes):
            return Flow({"sqlite": format_bytes(size_bytes)})
        case Zoo(things=None):
            return "zoo"
        case Zoo(things=things):
            return Flow({"zoo": Flow(list(things or ()))})
        case _ as never:
            assert_never(never)


# ---------------------------------------------------------------- policy


def _policy(policy: Policy) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if policy.encryption == "key" or policy.sign_key is not None:
        tree.update(_keys(policy))
    else:
        tree["no-encryption"] = policy.encryption == "none"
    if policy.full_if_older_than is not None:
        tree["full-if-older-than"] = format_interval(policy.full_if_older_than)
    tree["volsize"] = policy.volsize_mib
    if policy.s3_multipart_chunk_size_mib is not None:
        tree["s3-multipart-chunk-size"] = policy.s3_multipart_chunk_size_mib
    if policy.select:
        tree["select"] = [rule_words(rule) for rule in policy.select]
    if policy.remove_older_than is not None:
        tree["remove-older-than"] = format_interval(policy.remove_older_than)
    if policy.remove_all_but_n_full is not None:
        tree["remove-all-but-n-full"] = policy.remove_all_but_n_full
    if policy.remove_all_inc_of_but_n_full is not None:
        tree["remove-all-inc-of-but-n-full"] = policy.remove_all_inc_of_but_n_full
    if policy.options:
        tree["options"] = Flow(list(policy.options))
    return tree


def _keys(policy: Policy) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if policy.encrypt_key is not None:
        tree["encrypt-key"] = _key(policy.encrypt_key)
    if policy.sign_key is not None:
        tree["sign-key"] = "same" if policy.sign_key == "same" else _key(policy.sign_key)
    files = {key.file for key in (policy.encrypt_key, policy.sign_key) if isinstance(key, OwnKey)}
    if len(files) > 1:
        raise ValueError("own keys of two files have no words: export both into one")
    for file in files:
        tree["keys"] = file
    return tree


def _key(key: KeySpec) -> Tree:
    match key:
        case NewKey(algorithm=algorithm, expires_at=None, has_passphrase=True):
            return f"new {algorithm}"
        case NewKey(algorithm=algorithm, expires_at=expires_at):
            tree: dict[str, Tree] = {"new": algorithm}
            if expires_at is not None:
                tree["expires"] = format_instant(expires_at)
            if not key.has_passphrase:
                tree["passphrase"] = "none"  # noqa: S105  (a word: it has none)
            return Flow(tree)
        case OwnKey(fingerprint=fingerprint):
            return fingerprint
        case _ as never:
            assert_never(never)


# ---------------------------------------------------------------- calendar


def _entry(entry: Entry) -> dict[str, Tree]:
    parts = [step_words(step) for step in entry.steps]
    do: Tree = parts[0] if len(parts) == 1 and isinstance(parts[0], str) else Flow(parts)
    if entry.times == 1:
        return {"at": format_instant(entry.first_at), "do": do}
    return {
        "every": format_interval(entry.every),
        "from": format_instant(entry.first_at),
        "times": entry.times,
        "do": do,
    }


# ---------------------------------------------------------------- drills


def _drill(drill: Drill) -> dict[str, Tree]:
    tree: dict[str, Tree] = {"name": drill.name} if drill.name else {}
    match drill.restore:
        case Everything():
            tree["restore"] = "everything"
        case OneFile():
            tree["restore"] = "one file"
        case Run(action=action):
            tree["run"] = action
        case Paths(paths=paths):
            tree["restore"] = paths[0] if len(paths) == 1 else Flow(list(paths))
        case _ as never:
            assert_never(never)
    if drill.damage:
        harms = [damage_words(one) for one in drill.damage]
        tree["damage"] = harms[0] if len(harms) == 1 else Flow(harms)
    at: list[Tree] = [selector_tree(selector) for selector in drill.at]
    tree["at"] = at[0] if len(at) == 1 else Flow(at)
    if drill.when != "end":
        tree["when"] = drill.when
    if drill.escrow is not None:
        kept: list[Tree] = [item for item in ESCROW if item in drill.escrow]
        tree["escrow"] = Flow(kept) if kept else "none"
    if drill.host is not None:
        tree["host"] = host_words(drill.host)
    if drill.options:
        tree["options"] = Flow(list(drill.options))
    if drill.sign_key is not None:
        tree["sign-key"] = drill.sign_key
    if drill.probe is not None:
        tree["probe"] = probe_words(drill.probe)
    if isinstance(drill.must_be, str):
        tree["must-be"] = drill.must_be
        return tree
    outcomes: dict[str, list[Tree]] = {}
    for selector, outcome in drill.must_be:
        words = THE_REST if selector is None else selector_words(selector)
        outcomes.setdefault(outcome, []).append(words)
    tree["must-be"] = {
        outcome: points[0] if len(points) == 1 else Flow(points)
        for outcome, points in outcomes.items()
    }
    return tree


# ---------------------------------------------------------------- objectives


def _objectives(objectives: Objectives) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if objectives.protect == "selected":
        tree.update({"protect": "selected", "because": objectives.because})
    elif objectives.protect is not None:
        tree["protect"] = Flow([one.path for one in objectives.protect])
    for key, interval in (
        ("keep", objectives.keep),
        ("gone-after", objectives.gone_after),
        ("rpo", objectives.rpo),
        ("rto", objectives.rto),
    ):
        if interval is not None:
            tree[key] = format_interval(interval)
    tree["real-size"] = objectives.real_size
    tree["warnings"] = "allowed" if objectives.warnings_allowed else "none"
    if objectives.requests_per_month is not None:
        tree["requests-per-month"] = objectives.requests_per_month
    for key, budget in (
        ("cost-per-month", objectives.cost_per_month),
        ("restore-cost", objectives.restore_cost),
    ):
        if budget is not None:
            tree[key] = str(budget)
    return tree
