"""The command ``bindery``."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

import bindery
from bindery.cli.failures import told_in_a_sentence

_COMMANDS = (
    "audit",
    "bind",
    "call",
    "completion",
    "confirm",
    "demo",
    "docs",
    "doctor",
    "estimate",
    "fields",
    "get",
    "index",
    "keys",
    "ledger",
    "move",
    "query",
    "serve",
    "status",
    "unbind",
)
"""Each a function of its name in the module of its name."""


class _Commands(click.Group):
    """Imports a command when it is asked for.

    A command line starts quickly, and so does every worker process of a server, which imports this module
    as its main module anew.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, ascending."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None when there is none."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"bindery.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant. Raises UsageError with the nearest name."""
        near = get_close_matches(args[0].lower(), _COMMANDS, n=1)
        if near and args[0] not in _COMMANDS:
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]}?", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options in front of the command's name."""
        with told_in_a_sentence():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever goes wrong is told in a sentence."""
        with told_in_a_sentence():
            return super().invoke(ctx)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(bindery.__version__, prog_name="bindery")
def main() -> None:
    """A self-hosted Intelligent Media Management server: bind a bucket, query its metadata.

    \b
    bindery serve --bucket photos=/srv/photos     start a server
    bindery bind photos --wait                    index the bucket and follow it
    bindery query 'MediaType = image and ImageWidth > 4000'
    """


if __name__ == "__main__":
    main()
