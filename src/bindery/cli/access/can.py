"""``bindery access can``: everything that somebody may do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from bindery.cli.access.principal import (
    asked_about,
    condition_option,
    principal_argument,
    session_option,
)
from bindery.cli.access.ram import Ram
from bindery.cli.access.showing import json_option
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import console, say, say_json, table
from bindery.printable import printable

_PAGE = 1_000


@click.command()
@principal_argument
@condition_option
@session_option
@json_option
@server_options
def can(
    *,
    principal: str,
    conditions: tuple[str, ...],
    session_file: Path | None,
    as_json: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Show everything that PRINCIPAL may do, on what, and which statement says so.

    PRINCIPAL is a user's name, user/NAME or role/NAME. Conditions that are not given are shown.

    \b
    bindery access can reader
    bindery access can role/nightly --condition acs:SourceIp=10.0.0.1
    bindery access can reader --json
    """
    asked = asked_about(principal, conditions, session_file)
    client = connect(endpoint, data)
    with Ram(client).nearest_told(asked):
        found = list(client.items("ListPermissions", "Permissions", page=_PAGE, **asked))
    if as_json:
        say_json(found, indent=2)
    elif found:
        _show(found)
    else:
        say(f"{principal} may do nothing; policies are given with: bindery access user attach")


def _show(permissions: list[dict[str, Any]]) -> None:
    """Actions that the same rules are about stand together."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for permission in permissions:
        rules = {name: value for name, value in permission.items() if name != "Action"}
        groups.setdefault(json.dumps(rules, sort_keys=True), []).append(permission)
    shown = table("May", "On", "But not on", "Says")
    for members in groups.values():
        allows, session = members[0]["Allows"], members[0].get("SessionAllows")
        on = [_rule(rule) for rule in allows]
        if session is not None:
            on += ["and only on", *(_rule(rule) for rule in session)]
        shown.add_row(
            _lines(member["Action"] for member in members),
            _lines(on),
            _lines(_rule(rule) for rule in members[0].get("Denies", [])),
            _lines(_source(rule) for rule in allows),
        )
        shown.add_section()
    console().print(shown)


def _rule(rule: dict[str, Any]) -> str:
    names = ", ".join(rule["Resources"])
    what = f"everything but {names}" if rule.get("AllBut") else "everything" if names == "*" else names
    conditions = rule.get("Conditions", [])
    return f"{what}, if {' and '.join(conditions)}" if conditions else what


def _source(rule: dict[str, Any]) -> str:
    return f"{rule['PolicyName']} statement {rule['Statement']} (of {rule['Source']})"


def _lines(texts: Iterable[str]) -> Text:
    """A cell with a line a text, each once; line breaks inside of one are escaped."""
    return Text("\n".join(dict.fromkeys(printable(text) for text in texts)))
