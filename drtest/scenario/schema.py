"""The JSON Schema of one document, for completion and first mistakes in editors."""

from __future__ import annotations

from drtest.model.rule import WITHOUT_VALUE
from drtest.model.scenario import OWN_STORES
from drtest.scenario import words
from drtest.scenario.budget import SCHEMA as BUDGET
from drtest.scenario.drill_schema import drill, point
from drtest.scenario.grid import schema as tune
from drtest.scenario.promise import FAILURES
from drtest.scenario.shape import (
    INSTANT,
    INTERVAL,
    ONE_SIZE,
    PATH,
    SIZE,
    Schema,
    choice,
    many,
    mapping,
    matching,
    one_or_many,
    or_part,
    properties,
    text,
    whole,
)


def schema() -> Schema:
    """Return the schema (JSON Schema 2020-12). The loader is stricter and explains itself better.

    Values are described as an editor sees them, where YAML has made numbers of some texts.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "drtest scenario",
        "description": "What a duplicity backup does over time, and what must come back.",
        "type": "object",
        "required": ["scenario", "why", "source"],
        "additionalProperties": False,
        "properties": properties(
            words.DOCUMENT,
            {
                "scenario": text(),
                "why": text(),
                "expect": {"$ref": "#/$defs/expect"},
                "seed": whole(0),
                "source": or_part("source"),
                "mutate": or_part("mutate"),
                "policy": or_part("policy"),
                "calendar": many({"$ref": "#/$defs/entry"}),
                "drills": many({"$ref": "#/$defs/drill"}),
                "objectives": or_part("objectives"),
                "time-limit": matching(INTERVAL),
                "store": one_or_many(
                    {"anyOf": [choice((*OWN_STORES, "aws")), matching(r"^https?://")]}
                ),
                "needs": one_or_many(choice(words.NEEDS)),
                "bucket": choice(words.BUCKETS),
                "credentials": choice(words.CREDENTIALS),
                "tune": {"$ref": "#/$defs/tune"},
            },
        ),
        "$defs": {
            "source": _source(),
            "mutate": _mutate(),
            "policy": _policy(),
            "entry": _entry(),
            "step": _step(),
            "drill": drill(),
            "damage": _damage(),
            "toxic": _toxic(),
            "points": one_or_many({"$ref": "#/$defs/point"}),
            "point": point(),
            "objectives": _objectives(),
            "expect": {
                "anyOf": [
                    {"const": "PASS"},
                    {"$ref": "#/$defs/expectation"},
                    many({"$ref": "#/$defs/expectation"}),
                ]
            },
            "expectation": _expectation(),
            "tune": tune(),
        },
    }


# ---------------------------------------------------------------- sections


def _source() -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": PATH},
        "additionalProperties": {
            "anyOf": [
                matching(r"^[0-9]+ files?$"),
                mapping(
                    words.FILE_SET,
                    {
                        "files": whole(0),
                        "size": matching(SIZE),
                        "max": matching(rf"^{ONE_SIZE}$"),
                        "kind": choice(words.KINDS),
                        "depth": whole(0),
                    },
                    "files",
                ),
                mapping(
                    words.LITERAL,
                    {
                        "content": {"type": ["string", "number", "boolean"]},
                        "mode": {"anyOf": [matching("^(0o?)?[0-7]{3,4}$"), {"type": "integer"}]},
                    },
                    "content",
                ),
                mapping(words.SYMLINK, {"symlink": {"type": "string"}}, "symlink"),
                mapping(words.COPY_OF, {"copy-of": matching(PATH)}, "copy-of"),
                mapping(words.SQLITE, {"sqlite": matching(rf"^{ONE_SIZE}$")}, "sqlite"),
                {"const": "zoo"},
                mapping(words.ZOO, {"zoo": one_or_many(choice(words.ZOO_THINGS))}, "zoo"),
            ]
        },
    }


def _mutate() -> Schema:
    target = matching(r"^([0-9]+ files?|[0-9]+(\.[0-9]+)? ?%|/.*)$")
    verbs = mapping(words.MUTATIONS, {verb: one_or_many(target) for verb in words.MUTATIONS})
    return one_or_many({**verbs, "minProperties": 1})


def _policy() -> Schema:
    key = r"new (rsa2048|ed25519)|[0-9A-Fa-f ]{40,50}"
    return mapping(
        words.POLICY,
        {
            "no-encryption": {"type": "boolean"},
            "encrypt-key": {"anyOf": [matching(rf"^({key})$"), _key()]},
            "sign-key": {"anyOf": [matching(rf"^(same|{key})$"), _key()]},
            "keys": text(),
            "full-if-older-than": matching(INTERVAL),
            "volsize": whole(1),
            "s3-multipart-chunk-size": whole(5),
            "select": many(_rule()),
            "remove-older-than": matching(INTERVAL),
            "remove-all-but-n-full": whole(1),
            "remove-all-inc-of-but-n-full": whole(1),
            "options": one_or_many(text()),
        },
    )


def _key() -> Schema:
    return mapping(
        words.KEY,
        {
            "new": choice(words.ALGORITHMS),
            "expires": matching(INSTANT),
            "passphrase": choice(("none",)),
        },
        "new",
    )


def _rule() -> Schema:
    bare = [word for word in words.RULES if _takes_no_value(word)]
    pattern = text()  # what it begins with depends on the filters before it
    lines: Schema = {"anyOf": [text(), many({"type": ["string", "number"]})]}
    values = {
        word: lines
        if word.endswith(("-filelist", "files-from"))
        else matching(INTERVAL)
        if word == "exclude-older-than"
        else pattern
        for word in words.RULES
        if word not in bare
    }
    rule: Schema = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": properties({word: words.RULES[word] for word in values}, values),
    }
    return {"anyOf": [choice(bare), rule]}


def _takes_no_value(word: str) -> bool:
    return word.startswith("filter-") or word.removeprefix("exclude-") in WITHOUT_VALUE


def _entry() -> Schema:
    return {
        **mapping(
            words.ENTRY,
            {
                "at": matching(INSTANT),
                "every": matching(INTERVAL),
                "from": matching(INSTANT),
                "times": whole(1),
                "until": matching(INSTANT),
                "do": one_or_many({"$ref": "#/$defs/step"}),
            },
            "do",
        ),
        "oneOf": [{"required": ["at"]}, {"required": ["every", "from"]}],
    }


_WITH_DETAILS = frozenset({"lose", "change", "revoke", "wait", "clock", "damage"})


def _step() -> Schema:
    must_be = {"must-be": {"description": words.DETAILS["must-be"], "enum": ["done", "refused"]}}
    action: Schema = {"type": "object", "additionalProperties": False, "properties": must_be}
    force = {"force": {"description": words.DETAILS["force"], "type": "boolean"}}
    prune = {**action, "properties": {**must_be, **force}}
    toxics = {
        "toxics": {"description": words.DETAILS["toxics"], **one_or_many({"$ref": "#/$defs/toxic"})}
    }
    same = {
        "same-second": {"description": words.DETAILS["same-second"], "type": "boolean"},
    }
    during = {
        "during": {
            "description": words.DETAILS["during"],
            **mapping(
                words.DURING,
                {"mutate": {"$ref": "#/$defs/mutate"}, "when": _when()},
                "mutate",
                "when",
            ),
        }
    }
    action = {**action, "properties": {**must_be, **toxics, **same, **during}}
    details: dict[str, Schema] = {
        "mutate": {"$ref": "#/$defs/mutate"},
        **dict.fromkeys(words.ACTIONS, action),
        "prune": prune,
        "lose": choice(words.LOSABLE),
        "change": choice(words.CHANGEABLE),
        "revoke": choice(words.REVOCABLE),
        "damage": {"$ref": "#/$defs/damage"},
        "wait": matching(INTERVAL),
        "clock": matching(r"^[-+]?([0-9]+[smhDWMY])+$"),
    }
    return {
        "anyOf": [
            choice(word for word in words.STEPS if word not in _WITH_DETAILS),
            {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
                "properties": properties(
                    {word: told for word, told in words.STEPS.items() if word in details}, details
                ),
            },
        ]
    }


def _damage() -> Schema:
    what = r"(volume [1-9][0-9]*|manifest|signatures)"
    of = r"((full|set|chain) [1-9][0-9]*|the latest (full|incremental))"
    target = matching(rf"^({what} of {of}|all objects( of {of})?)$")
    harms = mapping(words.HARMS, {harm: one_or_many(target) for harm in words.HARMS})
    return {**harms, "minProperties": 1, "maxProperties": 1}


def _when() -> Schema:
    return mapping(
        words.WHEN,
        {
            "operation": one_or_many(choice(words.OPERATIONS)),
            "of": matching("^(volume( [1-9][0-9]*)?|manifest|signatures|all objects)$"),
            "nth": whole(1),
            "bytes": matching(rf"^{ONE_SIZE}$"),
            "times": whole(1),
        },
    )


def _toxic() -> Schema:
    return mapping(
        words.TOXIC,
        {"kill": choice(("SIGKILL",)), "at": choice(words.HELD_AT), "when": _when()},
        "kill",
        "when",
    )


def _objectives() -> Schema:
    return mapping(
        words.OBJECTIVES,
        {
            "protect": {"anyOf": [{"const": "selected"}, one_or_many(matching(PATH))]},
            "because": text(),
            "keep": matching(INTERVAL),
            "gone-after": matching(INTERVAL),
            "rpo": matching(INTERVAL),
            "rto": matching(INTERVAL),
            "real-size": {"type": "boolean"},
            "warnings": choice(("none", "allowed")),
            "requests-per-month": whole(0),
            "cost-per-month": matching(BUDGET),
            "restore-cost": matching(BUDGET),
        },
    )


def _expectation() -> Schema:
    finding: Schema = {
        "anyOf": [
            choice(FAILURES),
            {
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
                "properties": {code: text() for code in FAILURES},
            },
        ]
    }
    return mapping(
        words.EXPECT,
        {
            "verdict": choice(("PASS", "FAIL")),
            "findings": one_or_many(finding),
            "because": text(),
            "with": mapping(words.WITH, {"duplicity": {"type": "string"}}, "duplicity"),
        },
        "verdict",
    )
