"""The command ``bindery``."""

from __future__ import annotations

from typing import Any

import click

import bindery
from bindery.cli.commands import Commands
from bindery.cli.failures import told_in_a_sentence

_COMMANDS = (
    "access",
    "audit",
    "backup",
    "bind",
    "call",
    "catalog",
    "completion",
    "confirm",
    "copy",
    "demo",
    "docs",
    "doctor",
    "estimate",
    "export",
    "fields",
    "get",
    "index",
    "keys",
    "ledger",
    "move",
    "open",
    "query",
    "restore",
    "serve",
    "sql",
    "stats",
    "status",
    "tasks",
    "unbind",
    "usage",
)
"""Each a function of its name in the module of its name."""


class _Main(Commands):
    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever goes wrong is told in a sentence."""
        with told_in_a_sentence():
            return super().invoke(ctx)


@click.group(
    cls=_Main,
    package="bindery.cli",
    names=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
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
