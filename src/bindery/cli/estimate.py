"""``bindery estimate``: what binding a bucket would take."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bindery.cli.bind import create, undo
from bindery.cli.bucket_argument import parse_store_argument
from bindery.cli.client import Client, connect
from bindery.cli.options import dataset_options, server_options
from bindery.cli.output import say_json
from bindery.cli.scope import scope_options, scope_parameter
from bindery.cli.tasks import result_of, wait_for_task


@click.command()
@click.argument("store")
@click.option("--name", help="Bucket name to use for a folder or URL (default: made from STORE).")
@click.option("--json", "as_json", is_flag=True, help="Print the whole estimate as JSON.")
@scope_options
@dataset_options
@server_options
def estimate(
    *,
    store: str,
    name: str | None,
    as_json: bool,
    project: str,
    dataset: str,
    endpoint: str,
    data: Path,
    **scope: Any,
) -> None:
    """Count what binding STORE would take: objects, bytes to read, requests and time. Nothing is bound or read.

    \b
    bindery estimate photos --prefix 2024/ --media-type image
    """
    del dataset  # the same options as bind, so that one command line becomes the other
    client = connect(endpoint, data)
    wanted = parse_store_argument(store, name)
    undoing = [("DeleteProject", {"ProjectName": project})]
    made = undoing if create(client, "CreateProject", ProjectName=project) else []
    try:
        answer = client.call(
            "EstimateBinding",
            ProjectName=project,
            URI=wanted.uri,
            Store=wanted.location,
            Scope=scope_parameter(**scope),
        )
        found = follow(client, project, answer["TaskId"])
    finally:
        undo(client, made)
    if as_json:
        say_json(found)
    else:
        click.echo(describe(found))


def follow(client: Client, project: str, task_id: str) -> dict[str, Any]:
    """Show live counts until the task has ended; its result."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as display:
        line = display.add_task("listing")

        def show(task: dict[str, Any]) -> None:
            listed = result_of(task).get("Listed", 0)
            display.update(line, description=f"listed {listed:,}")

        return result_of(wait_for_task(client, project, "BindingEstimate", task_id, show))


def describe(found: dict[str, Any]) -> str:
    """A few lines for people."""
    lines = [
        f"objects        {found['Objects']:,} of {found['Listed']:,} listed, {found['Excluded']:,} excluded",
        f"bytes          {found['Bytes']:,}, about {found['BytesToRead']:,} to read",
        f"requests       about {found['Requests']:,}",
        f"extraction     about {found['Seconds']:,} s",
    ]
    kinds = sorted(found.get("MediaTypes", {}).items(), key=lambda kind: -kind[1]["Objects"])
    lines += [f"  {name:<12} {kind['Objects']:,} objects, {kind['Bytes']:,} bytes" for name, kind in kinds]
    return "\n".join(lines)
