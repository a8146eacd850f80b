"""run.json held against its schema: for every test that makes a run."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from drtest.report.document import schema


def problems(document: Any) -> list[str]:
    """Return where *document* is not what the schema says; a field it does not name is one too."""
    errors = Draft202012Validator(_strict(schema())).iter_errors(document)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def _strict(node: Any) -> Any:
    """The schema with every field forbidden that it does not name."""
    match node:
        case dict():
            made = {key: _strict(value) for key, value in node.items()}
            return made | {"additionalProperties": False} if "properties" in node else made
        case list():
            return [_strict(value) for value in node]
        case _:
            return node
