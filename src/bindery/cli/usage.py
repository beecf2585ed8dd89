"""``bindery usage``: what projects have used, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from bindery.api.prices import DIMENSIONS
from bindery.api.usage_tables import csv_text, totals
from bindery.cli.client import connect
from bindery.cli.options import server_options
from bindery.cli.output import cell, console, say, say_json, table
from bindery.clock import day_text, parse_day

_LARGEST_PAGE = 1_000


def day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """``2026-01-31``. Raises BadParameter."""
    if text is None:
        return None
    try:
        return day_text(parse_day(text))
    except ValueError:
        raise click.BadParameter(f"{text!r} is no day; write one as 2026-01-31") from None


@click.command()
@click.option("--project", help="Only this project.")
@click.option(
    "--dimension",
    type=click.Choice([dimension.name for dimension in DIMENSIONS], case_sensitive=False),
    help="Only this dimension.",
)
@click.option(
    "--since", callback=day, metavar="DAY", help="The first day; 29 before the last one by itself."
)
@click.option("--until", callback=day, metavar="DAY", help="The last day; today by itself.")
@click.option("--daily", is_flag=True, help="A row for each day, not their sum.")
@click.option("--json", "as_json", is_flag=True, help="Print one row a line, as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row for each day.")
@server_options
def usage(
    *,
    project: str | None,
    dimension: str | None,
    since: str | None,
    until: str | None,
    daily: bool,
    as_json: bool,
    as_csv: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Show what projects have used: requests by class, runs of operators, what is stored; and what that costs.

    Days are those of the account's time zone. What lasts (files, bytes) is that of the last day. Prices are
    settings of the server; see: bindery docs usage

    \b
    bindery usage
    bindery usage --project photos --since 2026-01-01 --until 2026-01-31
    bindery usage --dimension StandardQueryL2 --daily
    bindery usage --csv > usage.csv
    """
    if as_json and as_csv:
        raise click.UsageError("Give --json or --csv, not both.")
    chosen: dict[str, Any] = {
        "ProjectName": project,
        "Dimension": dimension,
        "StartDate": since,
        "EndDate": until,
    }
    rows = list(connect(endpoint, data).items("ListUsage", "UsageRecords", page=_LARGEST_PAGE, **chosen))
    if as_csv:
        click.echo(csv_text(rows), nl=False)
        return
    shown = rows if daily else [total.row() for total in totals(rows)]
    if as_json:
        for row in shown:
            say_json(row)
    elif shown:
        console().print(usage_table(shown, daily=daily))
    else:
        say("nothing was used")


def usage_table(rows: list[dict[str, Any]], *, daily: bool) -> Table:
    """One row a project and dimension, and day."""
    costs = any("Amount" in row for row in rows)
    made = table(*(["Day"] if daily else []), "Project", "Dimension", "Quantity", "Unit")
    made.columns[-2].justify = "right"
    if costs:
        made.add_column("Amount", justify="right")
    for row in rows:
        cells = [row["Date"]] if daily else []
        cells += [row["ProjectName"] or "(no project)", row["Dimension"], f"{row['Quantity']:,}"]
        cells.append(row["Unit"].lower())
        if costs:
            cells.append(f"{row['Amount']} {row['Currency']}")
        made.add_row(*map(cell, cells))
    return made
