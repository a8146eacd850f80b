"""The only part that prints or exits: one module for each subcommand, each a thin call of api."""

from __future__ import annotations

import sys
import traceback

BROKE = 70


def main() -> None:
    """Run the command line and exit with its status; whatever breaks in drtest is 70, never 1."""
    try:
        # Late, so that even a broken installation does not end in Python's own status, 1: FAIL.
        from drtest.cli.app import run

        status = run()
    except Exception:
        traceback.print_exc()
        print(f"drtest itself broke; please report it\nexit {BROKE}", file=sys.stderr)
        status = BROKE
    sys.exit(status)
