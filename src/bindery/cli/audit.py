"""``bindery audit``: prove that datasets equal their buckets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from bindery.cli.client import Client, connect
from bindery.cli.nearest import nearest
from bindery.cli.options import bucket_uri, server_options
from bindery.cli.output import cell, console, say, say_json, table
from bindery.cli.status import list_bindings
from bindery.cli.tasks import result_of, wait_for_task
from bindery.printable import printable

_COUNTS = (
    "Listed", "Entries", "Matching", "Failed", "Excluded", "Missing", "Extra", "Stale", "Changing", "Waiting",
    "Repaired",
)  # fmt: skip


@click.command()
@click.argument("buckets", nargs=-1)
@click.option("--project", envvar="BINDERY_PROJECT", help="Only bindings of this project.")
@click.option("--dataset", envvar="BINDERY_DATASET", help="Only bindings of this dataset.")
@click.option("--repair", is_flag=True, help="Mend what differs; entries without object are removed.")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON.")
@server_options
def audit(
    *,
    buckets: tuple[str, ...],
    project: str | None,
    dataset: str | None,
    repair: bool,
    as_json: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Compare the dataset with the bucket, object by object: all bindings, or those of BUCKETS.

    Ends with 0 when all is well, else with 1: every dataset equals its bucket (with --repair: equals it now), no
    object waits to be read, and every binding is running.

    \b
    bindery audit
    bindery audit photos --dataset default --json
    bindery audit photos --repair
    """
    client = connect(endpoint, data)
    bindings = chosen_bindings(client, buckets, project, dataset)
    reports = [audit_binding(client, binding, repair=repair) for binding in bindings]
    if as_json:
        say_json(reports, indent=2)
    else:
        console().print(reports_table(reports))
        for line in sample_lines(reports):
            say(line)
    if not all(report.get("Well") for report in reports):
        raise SystemExit(1)


def chosen_bindings(
    client: Client, buckets: tuple[str, ...], project: str | None, dataset: str | None
) -> list[dict[str, Any]]:
    """The bindings to audit. Raises ClickException when there is none, or none of a bucket."""
    wanted = {bucket_uri(bucket) for bucket in buckets}
    bindings = [
        binding
        for binding in list_bindings(client, project)
        if not dataset or binding["DatasetName"] == dataset
    ]
    bound = {binding["URI"] for binding in bindings}
    if wanted - bound or not bindings:
        unbound = ", ".join(sorted(wanted - bound))
        near = nearest(unbound, bound)
        hint = f"did you mean {near}?" if near else "see: bindery status"
        raise click.ClickException(f"no binding of {unbound or 'any bucket'}; {hint}")
    return [binding for binding in bindings if not wanted or binding["URI"] in wanted]


def audit_binding(
    client: Client, binding: dict[str, Any], *, repair: bool = False, store: str | None = None
) -> dict[str, Any]:
    """The report of one audit, with the binding's names; of a failed one its ``Error``.

    ``store`` is compared with instead of the binding's own, when it is given.
    """
    names = {name: binding[name] for name in ("ProjectName", "DatasetName", "URI")}
    started = client.call("AuditBinding", **names, Repair=repair or None, Store=store)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        line = display.add_task(f"audit of {printable(binding['URI'])}", total=100)
        task = wait_for_task(
            client,
            binding["ProjectName"],
            "BindingAudit",
            started["TaskId"],
            lambda task: display.update(line, completed=task.get("Progress", 0)),
        )
    if task["Status"] != "Succeeded":
        return names | {"Equal": False, "Error": f"{task.get('Code')}: {task.get('Message')}"}
    return names | result_of(task)


def reports_table(reports: list[dict[str, Any]]) -> Table:
    """One row a binding."""
    made = table("Dataset", "Bucket", "Well", "Equal", *_COUNTS)
    for report in reports:
        made.add_row(
            f"{report['ProjectName']}/{report['DatasetName']}",
            cell(report["URI"]),
            "yes" if report.get("Well") else "no",
            "yes" if report["Equal"] else "no",
            *(f"{report[name]:,}" if name in report else "-" for name in _COUNTS),
        )
    return made


def sample_lines(reports: list[dict[str, Any]]) -> list[str]:
    """The keys that differ, as far as reports name them, and why an audit failed."""
    lines = [f"{report['URI']}: {report['Error']}" for report in reports if "Error" in report]
    for report in reports:
        if report.get("Unlisted"):
            lines += [f"cannot be listed: {report['URI']}/{prefix}" for prefix in report["Unlisted"]]
        if report.get("State", "Running") != "Running" or report.get("Reason"):
            lines.append(
                f"{report['URI']} is {report['State']}: {report.get('Reason') or 'no reason given'}"
            )
        for kind in ("Missing", "Extra", "Stale", "Waiting"):
            lines += [f"{kind.lower()}: {report['URI']}/{key}" for key in report.get(f"{kind}Keys", [])]
    return lines
