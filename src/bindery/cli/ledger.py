"""``bindery ledger``: what the server knows of each object, and another try for those that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bindery.cli.client import Client, connect
from bindery.cli.options import bucket_uri, dataset_options, server_options
from bindery.cli.output import cell, console, say, say_json, table
from bindery.cli.tasks import result_of, wait_for_task
from bindery.extract.extraction import EXTRACTOR_VERSION

_OUTCOMES = ("pending", "indexed", "excluded", "failed", "deleted")
_LARGEST_PAGE = 1_000
_ON_THE_WAY = "; bindery status shows how far that is, as indexed"


@click.command()
@click.argument("bucket")
@click.option(
    "--outcome", type=click.Choice(_OUTCOMES, case_sensitive=False), help="Only rows with this outcome."
)
@click.option("--reason", help="Only rows with this code of their reason; CODE* for all that begin so.")
@click.option("--prefix", help="Only keys that start so.")
@click.option("--older-extractor", is_flag=True, help="Only rows settled by an earlier extractor.")
@click.option("--retry", is_flag=True, help="Extract the objects of these rows again.")
@click.option("--json", "as_json", is_flag=True, help="Print one row a line, as JSON.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Rows to print.")
@dataset_options
@server_options
def ledger(
    *,
    bucket: str,
    outcome: str | None,
    reason: str | None,
    prefix: str | None,
    older_extractor: bool,
    retry: bool,
    as_json: bool,
    limit: int,
    project: str,
    dataset: str,
    endpoint: str,
    data: Path,
) -> None:
    """Show the ledger of BUCKET: of each object its outcome, the reason, and how often it was tried.

    \b
    bindery ledger photos --outcome failed
    bindery ledger photos --reason ParseFailed --prefix 2024/ --retry
    bindery ledger photos --older-extractor --retry
    bindery ledger photos --json --limit 1000000 > ledger.jsonl
    """
    chosen = {
        "ProjectName": project,
        "DatasetName": dataset,
        "URI": bucket_uri(bucket),
        "Outcome": outcome and outcome.capitalize(),
        "Reason": reason,
        "Prefix": prefix,
        "ExtractorVersionBelow": EXTRACTOR_VERSION if older_extractor else None,
    }
    client = connect(endpoint, data)
    if retry:
        count = retry_rows(client, chosen)
        if as_json:
            say_json({"Count": count})
        else:
            say(f"{count:,} objects are extracted again" + _ON_THE_WAY * (count > 0))
        return
    rows = list_rows(client, chosen, limit)
    if as_json:
        for row in rows:
            say_json(row)
    elif rows:
        console().print(ledger_table(rows))
    else:
        say("no such rows")


def retry_rows(client: Client, chosen: dict[str, Any]) -> int:
    """Have the objects of all rows that pass the filter extracted again; their number."""
    answer = client.call("RetryLedgerEntries", **chosen)
    if "Count" in answer:
        return int(answer["Count"])
    with Console(stderr=True).status("choosing") as display:

        def show(task: dict[str, Any]) -> None:
            display.update(f"chosen so far: {result_of(task).get('Count', 0):,}")

        task = wait_for_task(client, chosen["ProjectName"], "LedgerRetry", answer["TaskId"], show)
    return int(result_of(task)["Count"])


def list_rows(client: Client, chosen: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Up to ``limit`` rows that pass the filter, ascending by key."""
    pages = client.items("ListLedgerEntries", "LedgerEntries", limit=limit, page=_LARGEST_PAGE, **chosen)
    return list(pages)


def ledger_table(rows: list[dict[str, Any]]) -> Table:
    """One row an object."""
    made = table("Key", "Outcome", "Reason", "Attempts", "Extractor", "Size", "Since")
    for row in rows:
        made.add_row(
            cell(row["Key"]),
            row["Outcome"],
            cell(row.get("Reason", "")),
            str(row["Attempts"]),
            str(row["ExtractorVersion"]),
            f"{row['Size']:,}",
            row["OutcomeTime"],
        )
    return made
