"""``bindery status``: the bindings of the server, their state and their books."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from bindery.cli.client import Client, connect
from bindery.cli.options import server_options
from bindery.cli.output import console

_BOOKS = ("Listed", "Indexed", "Unchanged", "Excluded", "Failed", "Pending", "Deleted")
_ENTRIES = ("Indexed", "Unchanged")
"""Objects that were read, in this listing or before."""


@click.command()
@click.option("--project", help="Only this project.")
@click.option("--json", "as_json", is_flag=True, help="Print the bindings as JSON.")
@server_options
def status(project: str | None, as_json: bool, endpoint: str, data: Path) -> None:
    """Show every binding: its state, phase, reason and counts.

    \b
    bindery status
    bindery status --project default --json
    """
    bindings = list_bindings(connect(endpoint, data), project)
    if as_json:
        click.echo(json.dumps(bindings, ensure_ascii=False, indent=2))
        return
    if not bindings:
        click.echo("no bindings; make one with: bindery bind STORE")
        return
    console().print(bindings_table(bindings))


def list_bindings(client: Client, project: str | None) -> list[dict[str, Any]]:
    """All bindings of one project, or of all of them."""
    projects = [project] if project else [item["ProjectName"] for item in _pages(client, "Projects")]
    return [binding for name in projects for binding in _pages(client, "Bindings", ProjectName=name)]


def _pages(client: Client, noun: str, **parameters: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    token = ""
    while True:
        answer = client.call(f"List{noun}", **parameters, NextToken=token or None)
        items.extend(answer.get(noun, []))
        token = answer.get("NextToken", "")
        if not token:
            return items


def bindings_table(bindings: list[dict[str, Any]]) -> Table:
    """One row a binding, with its books where the server shows them."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("Dataset", "Bucket", "State", "Phase", "Entries", *_BOOKS, "Reason"):
        table.add_column(name, overflow="fold")
    for binding in bindings:
        progress = binding.get("Progress", {})
        table.add_row(
            f"{binding['ProjectName']}/{binding['DatasetName']}",
            Text(binding["URI"]),
            binding["State"],
            binding.get("Phase", ""),
            f"{sum(progress[name] for name in _ENTRIES):,}" if progress else "-",
            *(f"{progress[name]:,}" if name in progress else "-" for name in _BOOKS),
            Text(binding.get("Reason", "")),
        )
    return table
