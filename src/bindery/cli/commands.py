"""A group of commands that are imported when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click


class Commands(click.Group):
    """Each command is a function of its name in the module of its name in ``package``.

    A command line starts quickly, and so does every worker process of a server, which imports the main module anew.
    """

    def __init__(self, *, package: str, names: Sequence[str], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._package, self._names = package, names

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, ascending."""
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None when there is none."""
        if cmd_name not in self._names:
            return None
        command: click.Command = getattr(import_module(f"{self._package}.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant. Raises UsageError with the nearest name."""
        near = get_close_matches(args[0].lower(), self._names, n=1)
        if near and args[0] not in self._names:
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]}?", ctx)
        return super().resolve_command(ctx, args)
