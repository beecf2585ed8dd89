"""``bindery query``: find files by a readable expression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from bindery.catalog.query.expression import parse_expression
from bindery.catalog.query.parse import to_simple_query
from bindery.catalog.query.syntax import QueryError
from bindery.cli.client import connect
from bindery.cli.options import dataset_options, server_options
from bindery.cli.output import cell, console, say, say_json, table

_COLUMNS = ("URI", "MediaType", "Size", "Dimensions", "ProduceTime")
_PAGE = 100


@click.command()
@click.argument("expression", default="")
@click.option("--sort", help="Fields to sort by, e.g. 'Size desc, URI asc'.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most files to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, with every field.")
@dataset_options
@server_options
def query(
    *,
    expression: str,
    sort: str | None,
    limit: int,
    as_json: bool,
    project: str,
    dataset: str,
    endpoint: str,
    data: Path,
) -> None:
    """Show the files that match EXPRESSION (all files without one).

    \b
    bindery query 'Size > 1000000 and MediaType = image' --sort 'Size desc'
    bindery query 'exists(LatLong) and near(30.13, 120.07, 5000)'
    bindery query 'Filename ~ "beach" or CustomLabels.place = beach' --json
    """
    parameters = {"ProjectName": project, "DatasetName": dataset, **query_parameters(expression, sort)}
    client = connect(endpoint, data)
    files: list[dict[str, Any]] = []
    total = 0
    token = ""
    while len(files) < limit:
        page = min(_PAGE, limit - len(files))
        answer = client.call("SimpleQuery", **parameters, MaxResults=page, NextToken=token or None)
        files.extend(answer.get("Files", []))
        total = answer.get("TotalHits", len(files))
        token = answer.get("NextToken", "")
        if not token:
            break
    if as_json:
        for file in files:
            say_json(file)
        return
    console().print(files_table(files))
    say(f"{len(files):,} of {total:,} files")


def query_parameters(expression: str, sort: str | None) -> dict[str, Any]:
    """Query, Sort and Order of SimpleQuery; raises UsageError that points at the mistake."""
    parameters: dict[str, Any] = {}
    try:
        node = parse_expression(expression)
    except QueryError as error:
        raise click.UsageError(str(error)) from error
    if node is not None:
        parameters["Query"] = to_simple_query(node)
    if sort:
        words = [field.split() for field in sort.split(",")]
        if any(len(word) not in (1, 2) for word in words):
            raise click.UsageError("--sort takes 'Field [asc|desc], …'")
        parameters["Sort"] = ",".join(word[0] for word in words)
        parameters["Order"] = ",".join(word[1].lower() if len(word) == 2 else "asc" for word in words)
    return parameters


def files_table(files: list[dict[str, Any]]) -> Table:
    """A row a file with what most people look for."""
    with_reason = any(file.get("Reason") for file in files)
    made = table(*_COLUMNS, *(["Reason"] if with_reason else []))
    for file in files:
        width = file.get("ImageWidth", file.get("VideoWidth"))
        height = file.get("ImageHeight", file.get("VideoHeight"))
        made.add_row(
            cell(file.get("URI", "")),
            cell(file.get("MediaType", "")),
            f"{file.get('Size', 0):,}",
            f"{width} x {height}" if width and height else "",
            cell(file.get("ProduceTime", "")),
            *([cell(file.get("Reason", ""))] if with_reason else []),
        )
    return made
