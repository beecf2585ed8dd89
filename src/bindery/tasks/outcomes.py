"""How tasks begin and end."""

from __future__ import annotations

import uuid

import msgspec

from bindery.buckets.store import StoreError
from bindery.catalog.records import CatalogError, NotFound, Task
from bindery.clock import now_ns
from bindery.notifications.announcements import make_event_id
from bindery.secrecy import without_secrets

SERVER_STOPPED = "ServerStopped"
"""Code of a task that ended with its server and cannot be taken up."""
CANCELLED = "Cancelled"
"""Code of a task that CancelTask has ended."""


def new_task(
    kind: str, project_name: str, dataset_name: str = "", definition: msgspec.Struct | None = None
) -> Task:
    """A task that begins now. ``definition``: what it is to do, from which any server can do it; it is shown to
    callers, and holds no secrets."""
    return Task(
        id=f"{kind}-{uuid.uuid4()}",
        project_name=project_name,
        dataset_name=dataset_name,
        type=kind,
        event_id=make_event_id(),
        start_time=now_ns(),
        request_definition="" if definition is None else msgspec.json.encode(definition).decode(),
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


def failed_by(task: Task, error: StoreError | CatalogError) -> Task:
    """The task at its end, with what its work met, in the words of the API where it has some."""
    if isinstance(error, NotFound):
        return failed(task, "ResourceNotFound", f"The specified resource {error} is not found.")
    return failed(task, type(error).__name__, without_secrets(str(error)))


def cancelled(task: Task) -> Task:
    """The task that somebody has ended."""
    return failed(task, CANCELLED, "The task was cancelled.")
