"""Waiting for the tasks that calls begin."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import click

from bindery.cli.client import Client

_POLL_SECONDS = 0.2


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
