"""``bindery sql``: SQL that reads the index of a dataset, while its server runs or not."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click

from bindery.catalog.index.reading import Rows
from bindery.catalog.index.sql_process import plain_value
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.opening import read_index
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogInUse
from bindery.cli.client import ApiError, Client, connect
from bindery.cli.ctrl_c import ctrl_c_heard
from bindery.cli.memory import memory_bounded
from bindery.cli.options import FOLDER, config_option, project_option
from bindery.cli.output import cell, console, say, say_json, table
from bindery.config import load_config
from bindery.data_folder import find_server_address
from bindery.printable import printable, printable_json
from bindery.stopping import Interrupted

_REFUSED = "InvalidArgument"
_ADDRESS_SPACE = 4 * 1024**3
"""DuckDB bounds what it allocates for rows; this bounds all else, such as a single text."""
_MOST_SECONDS = 50
_MOST_ROWS = 10_000
"""Of what a server answers."""


class _Seconds(click.FloatRange):
    """A range has no place for what is no number, and would let it pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The seconds. Fails for NaN."""
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


@click.command()
@click.argument("dataset")
@click.argument("statement")
@project_option()
@click.option(
    "--timeout", type=_Seconds(min=0.001, max=86_400), default=60.0, show_default=True,
    help="Seconds after which the statement ends.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(min=1), default=1_000, show_default=True, help="Most rows to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, the names of columns first.")
@config_option()
@click.option("--data", type=FOLDER, envvar="BINDERY_DATA", help="Data folder.")
@click.option(
    "--endpoint",
    envvar="BINDERY_ENDPOINT",
    help="Address of a running server; that of the data folder by itself.",
)
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
    endpoint: str | None,
) -> None:
    """Run one SELECT of DuckDB's SQL over the index of DATASET (or PROJECT/DATASET), while the server runs or not.

    The table files has a row an entry, and its columns are the fields that queries know (bindery fields). The index
    can only be read; files, networks and extensions cannot be reached; memory is bounded. A running server answers a
    copy of the index, up to 50 seconds, 10,000 rows and 4 MiB (RunSql, for administrators).

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
    if endpoint is None:
        try:
            with (
                read_index(config.catalog.url, config.data, project, dataset) as reader,
                ctrl_c_heard() as stop,
                memory_bounded(_ADDRESS_SPACE),
            ):
                found = reader.select(statement, Bounds(timeout, stop))
                if _show(found, limit, as_json=as_json, as_csv=as_csv):
                    _tell_of_more(limit)
                return
        except Interrupted:
            raise KeyboardInterrupt from None
        except QueryError as error:
            raise click.ClickException(str(error)) from error
        except CatalogInUse as error:
            endpoint = find_server_address(config.data)
            if endpoint is None:
                raise click.ClickException(
                    f"{error}. It is no server that could be asked; wait for its end, or name one with --endpoint"
                ) from error
    answer = _ask(
        connect(endpoint, config.data),
        ProjectName=project,
        DatasetName=dataset,
        Statement=statement,
        Timeout=_whole_seconds(timeout),
        MaxResults=min(limit, _MOST_ROWS),
    )
    _show(_answered(answer), limit, as_json=as_json, as_csv=as_csv)
    if answer.get("IsCut"):
        _tell_of_more(limit, len(answer.get("Rows", [])))


def _ask(client: Client, **given: Any) -> dict[str, Any]:
    """What is wrong with the statement is told in its lines, as a stopped server's index tells it."""
    try:
        return client.call("RunSql", **given)
    except ApiError as error:
        if error.code != _REFUSED:
            raise
        raise click.ClickException(str(error.body.get("Message", error.message))) from error


def _tell_of_more(limit: int, answered: int | None = None) -> None:
    """``answered``: how many rows a running server has told, fewer than the limit where it tells no more."""
    if answered is None or answered >= limit:
        say(f"only the first {limit:,} rows are shown; --limit shows more", err=True)
        return
    shown = f"only the first {answered:,} rows are shown" if answered else "the first row is too long"
    say(
        f"{shown}: a running server answers up to {_MOST_ROWS:,} rows and 4 MiB, a stopped one all",
        err=True,
    )


def _whole_seconds(timeout: float) -> int:
    return max(1, min(_MOST_SECONDS, math.ceil(timeout)))


def _answered(answer: dict[str, Any]) -> Rows:
    """The answer of a server."""
    columns = answer.get("Columns", [])
    names, types = (tuple(column[name] for column in columns) for name in ("Name", "Type"))
    return Rows(names, types, (tuple(json.loads(row)) for row in answer.get("Rows", [])))


def _show(found: Rows, limit: int, *, as_json: bool, as_csv: bool) -> bool:
    """Whether there are more rows."""
    rows = iter(found.rows)
    shown = islice(rows, limit)
    if as_json:
        for row in shown:
            say_json(dict(zip(found.names, map(plain_value, row), strict=True)))
    elif as_csv:
        for line in _csv_lines(found.names, shown):
            click.echo(line, nl=False, color=True)  # nothing is taken out of it
    else:
        made = table(*map(printable, found.names))
        for row in shown:
            made.add_row(*(cell(_text(value)) for value in row))
        console().print(made)
    return next(rows, None) is not None


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
    plain = plain_value(value)
    return plain if isinstance(plain, str) else printable_json(plain)
