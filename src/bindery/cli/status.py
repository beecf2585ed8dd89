"""``bindery status``: the bindings of the server, their state and their books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from bindery.cli.client import Client, connect
from bindery.cli.options import server_options
from bindery.cli.output import cell, console, say, say_json, table

_BOOKS = ("Listed", "Indexed", "Unchanged", "Excluded", "Failed", "Pending", "Deleted")


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
        say_json(bindings, indent=2)
        return
    if not bindings:
        say("no bindings; make one with: bindery bind STORE")
        return
    console().print(bindings_table(bindings))
    for binding in bindings:
        if reason := binding.get("Reason"):
            say(f"{binding['ProjectName']}/{binding['DatasetName']} {binding['URI']}: {reason}")


def list_bindings(client: Client, project: str | None) -> list[dict[str, Any]]:
    """All bindings of one project, or of all of them."""
    projects = (
        [project] if project else [each["ProjectName"] for each in client.items("ListProjects", "Projects")]
    )
    return [
        binding
        for name in projects
        for binding in client.items("ListBindings", "Bindings", ProjectName=name)
    ]


def entry_count(progress: dict[str, int]) -> int:
    """Entries of the binding in its dataset, as an audit counts them: of objects that were read, in this listing or
    before, and of those that failed, whose entries say why."""
    return progress["Indexed"] + progress["Unchanged"] + progress["Failed"]


def bindings_table(bindings: list[dict[str, Any]]) -> Table:
    """One row a binding, with its books where the server shows them. Reasons, whole sentences, fit no column."""
    made = table("Dataset", "Bucket", "State", "Phase", "Entries", *_BOOKS)
    for binding in bindings:
        progress = binding.get("Progress", {})
        made.add_row(
            f"{binding['ProjectName']}/{binding['DatasetName']}",
            cell(binding["URI"]),
            binding["State"],
            binding.get("Phase", ""),
            f"{entry_count(progress):,}" if progress else "-",
            *(f"{progress[name]:,}" if name in progress else "-" for name in _BOOKS),
        )
    return made
