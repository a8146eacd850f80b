"""Help in plain text, grouped by what one wants and not by the alphabet.

typer groups by ``rich_help_panel`` only in its drawn form, with boxes that no README and no log
file wants; here the same groups head plain lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

OPTIONS, ARGUMENTS, COMMANDS = "Options", "Arguments", "Commands"


class Command(TyperCommand):
    """A command whose options stand under the panels that they name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then options by panel, in the order in which panels come up."""
        _write_options(self.get_params(ctx), ctx, formatter)


class Commands(TyperGroup):
    """The command line, its commands under their panels in the order in which they were added."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the commands' names, not sorted by the alphabet."""
        return list(self.commands)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the few options of drtest itself, then the commands."""
        _write_options(self.get_params(ctx), ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by panel, the whole first sentence of each."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.commands[name]
            panel = getattr(command, "rich_help_panel", None) or COMMANDS
            panels.setdefault(panel, []).append((name, command.get_short_help_str(200)))
        width = max(len(name) for name in self.commands)
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl([(name.ljust(width), text) for name, text in rows])


def _write_options(parameters: Iterable[Any], ctx: Any, formatter: Any) -> None:
    panels: dict[str, list[tuple[str, str]]] = {ARGUMENTS: [], OPTIONS: []}
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        name, text = record
        panel = getattr(parameter, "rich_help_panel", None)
        if parameter.param_type_name == "argument":
            panel, name = panel or ARGUMENTS, name.partition(" <")[0]  # the type says nothing more
        panels.setdefault(panel or OPTIONS, []).append((name, text))
    for panel, rows in panels.items():
        if rows:
            with formatter.section(panel):
                formatter.write_dl(rows)
