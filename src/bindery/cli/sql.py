"""``bindery sql``: SQL that reads the index of a dataset, while its server is stopped."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from bindery.catalog.index.reading import Rows
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.opening import read_index
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogInUse
from bindery.cli.options import FOLDER, config_option
from bindery.cli.output import cell, console, say, say_json, table
from bindery.config import load_config
from bindery.printable import printable, printable_json


@click.command()
@click.argument("dataset")
@click.argument("statement")
@click.option(
    "--project", default="default", show_default=True, envvar="BINDERY_PROJECT", help="Project name."
)
@click.option(
    "--timeout", type=click.FloatRange(min=0.001, max=86_400), default=60.0, show_default=True,
    help="Seconds after which the statement ends.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(min=1), default=1_000, show_default=True, help="Most rows to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, the names of columns first.")
@config_option()
@click.option("--data", type=FOLDER, envvar="BINDERY_DATA", help="Data folder.")
def sql(
    *,
    dataset: str,
    statement: str,
    project: str,
    timeout: float,
    limit: int,
    as_json: bool,
    as_csv: bool,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Run one SELECT of DuckDB's SQL over the index of DATASET (or PROJECT/DATASET), with the server stopped.

    The table files has a row an entry, and its columns are the fields that queries know (bindery fields). The index
    can only be read; files, networks and extensions cannot be reached; memory is bounded.

    \b
    bindery sql photos 'SELECT "MediaType", count(*), sum("Size") FROM files GROUP BY ALL'
    bindery sql default/photos 'DESCRIBE files'
    bindery sql photos 'SELECT "URI", "Size" FROM files ORDER BY "Size" DESC' --limit 10 --csv
    """
    if as_json and as_csv:
        raise click.UsageError("Give --json or --csv, not both.")
    if "/" in dataset:
        project, _, dataset = dataset.partition("/")
    config = load_config(config_file, {} if data is None else {"data": data})
    try:
        with read_index(config.catalog.url, config.data, project, dataset) as reader:
            found = reader.select(statement, Bounds(timeout))
            _show(found, limit, as_json=as_json, as_csv=as_csv)
    except QueryError as error:
        raise click.ClickException(str(error)) from error
    except CatalogInUse as error:
        raise click.ClickException(
            f"a server uses {config.data}, and DuckDB opens a file for one process alone: stop the server, ask it with "
            "bindery query or SimpleQuery's aggregations, or restore a backup of it and ask that"
        ) from error


def _show(found: Rows, limit: int, *, as_json: bool, as_csv: bool) -> None:
    rows = iter(found.rows)
    shown = islice(rows, limit)
    if as_json:
        for row in shown:
            say_json(dict(zip(found.names, map(_plain, row), strict=True)))
    elif as_csv:
        for line in _csv_lines(found.names, shown):
            click.echo(line, nl=False, color=True)  # nothing is taken out of it
    else:
        made = table(*map(printable, found.names))
        for row in shown:
            made.add_row(*(cell(_text(value)) for value in row))
        console().print(made)
    if next(rows, None) is not None:
        say(f"only the first {limit:,} rows are shown; --limit shows more", err=True)


def _csv_lines(names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """Texts as they are, but on a terminal, which none may steer."""
    fit = printable if sys.stdout.isatty() else str
    yield _csv_line([fit(name) for name in names])
    for row in rows:
        yield _csv_line([fit(_text(value)) for value in row])


def _csv_line(values: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    plain = _plain(value)
    return plain if isinstance(plain, str) else printable_json(plain)


def _plain(value: Any) -> Any:
    """A value as JSON has it: what it has no form for as text."""
    if isinstance(value, dict):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)
