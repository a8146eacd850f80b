"""Asks duplicity's own modules, in duplicity's own Python."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from drtest import process
from drtest.duplicity.versions import Duplicity

_ASK = """
import json, sys
asked = json.load(sys.stdin)
{body}
json.dump([answer(one) for one in asked], sys.stdout)
"""


def ask(duplicity: Duplicity, body: str, asked: list[Any]) -> list[Any]:
    """Return what ``answer``, which *body* defines, says to each of *asked*."""
    with tempfile.TemporaryDirectory(prefix="dt-ask-") as folder:
        log = Path(folder) / "log"
        done = process.run(
            [str(duplicity.program.parent / "python"), "-I", "-c", _ASK.format(body=body)],
            env={**process.CLEAN_LOCALE, "PATH": process.SYSTEM_PATH, "HOME": folder},
            log=log,
            timeout_s=60,
            stdin=json.dumps(asked).encode(),
        )
        said = log.read_text()
    assert done.status == 0, said
    answers = json.loads(said)
    assert isinstance(answers, list)
    return answers
