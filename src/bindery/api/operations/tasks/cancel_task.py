"""CancelTask, an extension: the vendor's tasks run to their end."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.tasks import CancelTaskRequest, CancelTaskResponse


def cancel_task(context: Context, request: CancelTaskRequest) -> CancelTaskResponse:
    """Has a task end as Failed, with the code Cancelled: at once when it waits, else at its next safe point.

    Status is what it is now. What the task has done by then stays; one that has ended stays as it is.
    """
    context.catalog.projects.get(request.project_name)
    task = context.engine.cancel_task(request.project_name, request.task_type, request.task_id)
    return CancelTaskResponse(status=task.status)
