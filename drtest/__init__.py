"""drtest: proves whether a duplicity backup on S3 can be restored.

The map, one line for each unit (tests/test_architecture.py compares it with the tree):

    errors      the exception tree, each class with its exit status
    model       frozen values, no I/O: what every other unit speaks
    process     the one door to other programs
    clock       the one door to the real clock, and the timeline's own
    chance      the one door to randomness: one seed, named streams
    scenario    YAML file -> Scenario, every problem found in one pass; JSON Schema
    workload    builds and mutates the source tree from one seed
    oracle      captures a tree, diffs two trees, models duplicity's file selection
    duplicity   everything that knows duplicity: versions, argv, log stanzas
    keys        throw-away GNUPGHOMEs and keys
    store       S3 servers, each behind one interface
    gateway     the proxy between duplicity and the store: meter, classify, toxics
    cost        traffic and prices -> bill; the request model; pure
    checks      judge(history) -> findings; pure
    runner      runs a scenario's timeline and drills, yields events
    report      reporters and the run archive under reports/
    api         composes all of the above for Python users
    cli         the only part that prints or exits
"""

from __future__ import annotations

__version__ = "0.1.0"
