"""Tasks that run behind a call: how they begin and end, and what becomes of those a dead server left."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import msgspec

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Task
from bindery.clock import now_ns

SERVER_STOPPED = "ServerStopped"
"""Code of a task that the end of the server has ended."""

_ALL = 1_000_000_000


def new_task(kind: str, project_name: str, dataset_name: str = "") -> Task:
    """A task that begins now."""
    return Task(
        id=f"{kind}-{uuid.uuid4()}",
        project_name=project_name,
        dataset_name=dataset_name,
        type=kind,
        start_time=now_ns(),
    )


def succeeded(task: Task, result: msgspec.Struct) -> Task:
    """The task at its end, with its result as JSON."""
    encoded = msgspec.json.encode(result).decode()
    return msgspec.structs.replace(
        task, status="Succeeded", progress=100, end_time=now_ns(), result=encoded
    )


def failed(task: Task, code: str, message: str) -> Task:
    """The task at its end, with the reason."""
    return msgspec.structs.replace(task, status="Failed", code=code, message=message, end_time=now_ns())


def fail_left_over(catalog: Catalog, messages: Mapping[str, str]) -> None:
    """Tasks that were running when the server died have failed; ``messages`` by the type of a task."""
    for project in catalog.list_projects(limit=_ALL):
        for task in catalog.list_tasks(project.name):
            if task.type in messages and task.status == "Running":
                catalog.put_task(failed(task, SERVER_STOPPED, messages[task.type]))
