"""What several commands of ``bindery access`` show alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from bindery.cli.access.ram import Answer
from bindery.cli.output import cell, console, say, say_json, table

Command = TypeVar("Command", bound=Callable[..., Any])

json_option: Callable[[Command], Command] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for programs."
)


def show_items(items: Sequence[Answer], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """A table, a row an item; as JSON all that the server tells."""
    if as_json:
        say_json(list(items), indent=2)
    elif not items:
        say(empty)
    else:
        shown = table(*columns)
        for item in items:
            shown.add_row(*(cell(_text(item.get(name, ""))) for name in columns))
        console().print(shown)


def say_granted(kind: str, name: str, policies: Sequence[Answer], *, as_json: bool) -> None:
    """What a group or role was given."""
    names = [policy["PolicyName"] for policy in policies]
    if as_json:
        say_json({f"{kind.capitalize()}Name": name, "Policies": names})
    else:
        say(f"{kind} {name}: {', '.join(names) or 'no policies'}")


def show_key(key: Answer, *, user: str) -> None:
    """A new key, in the form of an environment; the rest is on standard error."""
    click.echo(f"BINDERY_ACCESS_KEY_ID={key['AccessKeyId']}")
    click.echo(f"BINDERY_ACCESS_KEY_SECRET={key['AccessKeySecret']}")
    say(f"the secret of {user}'s key is shown this once", err=True)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
