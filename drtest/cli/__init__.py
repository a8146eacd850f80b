"""The only part that prints or exits: one module for each subcommand, each a thin call of api."""

from __future__ import annotations

from drtest.cli.app import main

__all__ = ["main"]
