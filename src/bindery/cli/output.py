"""What commands print. Names, keys and reasons are anybody's text: none may steer the terminal.

Every command prints through here: ``say`` and ``cell`` for people, ``say_json`` for programs.
"""

from __future__ import annotations

from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bindery.printable import printable, printable_json

_WIDTH_WITHOUT_TERMINAL = 160


class _Output(Console):
    """A closed pipe ends a command in one way, see ``failures``; rich has its own."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Standard output; wide where it is no terminal, so that URIs stay whole in pipes and logs."""
    made = _Output(stderr=stderr, markup=False, emoji=False, highlight=False)
    if made.is_terminal:
        return made
    width = max(made.width, _WIDTH_WITHOUT_TERMINAL)
    return _Output(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def say(text: str, *, err: bool = False) -> None:
    """Print one line, escaped; line breaks in it are escaped too."""
    click.echo(printable(text), err=err)


def say_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON, in which everything unseen is escaped."""
    click.echo(printable_json(value, indent=indent))


def cell(value: object) -> Text:
    """A value in a table, or beside a progress bar: escaped, and never read as markup."""
    return Text(printable(str(value)))


def table(*names: str) -> Table:
    """An empty table with these columns; long values are folded, never cut."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        made.add_column(name, overflow="fold")
    return made
