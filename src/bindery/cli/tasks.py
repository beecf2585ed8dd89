"""``bindery tasks``: what is worked on behind calls; and waiting for it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from bindery.cli.client import Client, connect
from bindery.cli.options import project_option, server_options
from bindery.cli.output import cell, console, say, say_json, table

_POLL_SECONDS = 0.2
_ID = re.compile("(?P<type>.+)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids begin with the type of their task."""


def wait_for_task(
    client: Client, project: str, kind: str, task_id: str, show: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """The task once it has ended, as GetTask tells it; ``show`` gets it each time it was asked for."""
    while True:
        task = client.call("GetTask", ProjectName=project, TaskType=kind, TaskId=task_id)
        show(task)
        if task["Status"] != "Running":
            return task
        time.sleep(_POLL_SECONDS)


def result_of(task: dict[str, Any]) -> dict[str, Any]:
    """What the task found, so far or in the end. Raises ClickException when it has failed."""
    if task["Status"] == "Failed":
        raise click.ClickException(f"{task.get('Code')}: {task.get('Message')}")
    found: dict[str, Any] = json.loads(task.get("Result") or "{}")
    return found


@click.group()
def tasks() -> None:
    """Work behind calls: audits, estimates, retries, rebuilds of an index.

    \b
    bindery tasks list --status Running
    bindery tasks cancel BindingAudit-6f1c… --project default
    """


@tasks.command("list")
@click.option("--project", envvar="BINDERY_PROJECT", help="Only tasks of this project.")
@click.option("--status", type=click.Choice(["Running", "Succeeded", "Failed"], case_sensitive=False))
@click.option("--type", "kind", help="Only tasks of this type, such as BindingAudit.")
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest of a project."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@server_options
def list_tasks(
    *,
    project: str | None,
    status: str | None,
    kind: str | None,
    limit: int,
    as_json: bool,
    endpoint: str,
    data: Path,
) -> None:
    """Tasks of the last seven days, the newest first. One that waits for its turn is Running, with 0 %.

    \b
    bindery tasks list
    bindery tasks list --project default --type BindingAudit --json
    """
    client = connect(endpoint, data)
    names = (
        [project] if project else [each["ProjectName"] for each in client.items("ListProjects", "Projects")]
    )
    chosen: dict[str, Any] = {
        "Status": status,
        "TaskTypes": [kind] if kind else None,
        "Sort": "StartTime",
        "Order": "desc",
    }
    found = [
        {"ProjectName": name, **task}
        for name in names
        for task in islice(client.items("ListTasks", "Tasks", ProjectName=name, **chosen), limit)
    ]
    if as_json:
        say_json(found, indent=2)
    else:
        console().print(_tasks_table(found))


@tasks.command()
@click.argument("task_id")
@project_option("The project of the task.")
@click.option("--type", "kind", help="The type of the task; its id begins with it by itself.")
@server_options
def cancel(task_id: str, *, project: str, kind: str | None, endpoint: str, data: Path) -> None:
    """End the task TASK_ID, at its next safe point. What it has done by then stays.

    \b
    bindery tasks cancel BindingAudit-6f1c0c52-8a6e-4b0e-9d9b-0d6f5c9f7f11 --project default
    """
    match = _ID.fullmatch(task_id)
    if kind is None and match is None:
        raise click.BadParameter("the id does not tell the type of the task; give it with --type")
    task_type = kind or (match["type"] if match else "")
    client = connect(endpoint, data)
    answer = client.call("CancelTask", ProjectName=project, TaskType=task_type, TaskId=task_id)
    told = {"Running": "is being cancelled", "Failed": "has failed or was cancelled"}
    say(f"{task_id} {told.get(answer['Status'], 'had succeeded already')}")


def _tasks_table(found: Iterable[dict[str, Any]]) -> Table:
    made = table("Project", "Task", "Status", "Done", "Began", "Why")
    for task in found:
        made.add_row(
            cell(task["ProjectName"]),
            cell(task["TaskId"]),
            task["Status"],
            f"{task.get('Progress', 0)} %",
            task["StartTime"][:19],
            cell(": ".join(filter(None, (task.get("Code"), task.get("Message"))))),
        )
    return made
