"""The JSON Schema of a drill."""

from __future__ import annotations

from drtest.scenario import words
from drtest.scenario.shape import (
    INSTANT,
    INTERVAL,
    PATH,
    Schema,
    choice,
    many,
    mapping,
    matching,
    one_or_many,
    text,
)


def point() -> Schema:
    """Return the schema of one restore point, by a phrase."""
    return {
        "anyOf": [
            choice(
                (
                    "end",
                    "each restore point",
                    "oldest promised",
                    "newest",
                    "edges",
                    "before the first",
                )
            ),
            matching(r"^(sample of [0-9]+|edges of [0-9]+ sets?|chain [0-9]+)$"),
            matching(INTERVAL),
            matching(INSTANT),
        ]
    }


def _typed() -> Schema:
    typed = matching(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2})?$")
    return mapping(words.TYPED, {"typed": typed, "timezone": text()}, "typed", "timezone")


def drill() -> Schema:
    """Return the schema of one entry of ``drills``."""
    points = {"anyOf": [{"const": words.THE_REST}, {"$ref": "#/$defs/point"}]}
    restore: Schema = {"anyOf": [choice(("everything", "one file")), one_or_many(matching(PATH))]}
    return mapping(
        words.DRILL,
        {
            "name": text(),
            "restore": restore,
            "run": choice(words.RUNS),
            "damage": one_or_many({"$ref": "#/$defs/damage"}),
            "at": one_or_many({"anyOf": [{"$ref": "#/$defs/point"}, _typed()]}),
            "when": choice(words.MOMENTS),
            "escrow": {
                "anyOf": [
                    choice(("none", *words.ESCROW)),
                    {"type": "array", "items": choice(words.ESCROW)},
                ]
            },
            "host": mapping(
                words.HOST,
                {
                    "user": text(),
                    "hostname": text(),
                    "timezone": text(),
                    "umask": {"anyOf": [matching("^0?[0-7]{3}$"), {"type": "integer"}]},
                    "lang": text(),
                },
            ),
            "options": one_or_many(text()),
            "sign-key": choice(words.WHICH),
            "probe": {
                "anyOf": [
                    _command(),
                    mapping(
                        words.PROBE,
                        {"command": _command(), "time-limit": matching(INTERVAL)},
                        "command",
                    ),
                ]
            },
            "must-be": {
                "anyOf": [
                    choice(words.OUTCOMES),
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "minProperties": 1,
                        "properties": {word: one_or_many(points) for word in words.OUTCOMES},
                    },
                ]
            },
        },
    ) | {"oneOf": [{"required": ["restore"]}, {"required": ["run"]}]}


def _command() -> Schema:
    words_of_it: Schema = {"type": ["string", "number", "boolean"]}  # as an editor sees them
    return {"anyOf": [text(), many(words_of_it)]}
