"""GetTask. Source: help page api-imm-2020-09-30-gettask."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages import GetTaskRequest, GetTaskResponse
from bindery.api.tasks import task_time


def get_task(context: Context, request: GetTaskRequest) -> GetTaskResponse:
    """One asynchronous task, up to seven days after it began."""
    context.catalog.get_project(request.project_name)
    task = context.catalog.get_task(request.project_name, request.task_type, request.task_id)
    return GetTaskResponse(
        project_name=task.project_name,
        task_type=task.type,
        task_id=task.id,
        event_id=task.event_id or None,
        status=task.status,
        code=task.code or None,
        message=task.message or None,
        progress=task.progress,
        start_time=task_time(task.start_time),
        end_time=task_time(task.end_time),
        user_data=task.user_data or None,
        tags=dict(task.tags) or None,
        result=None if context.settings.strict else task.result or None,
        task_request_definition=task.request_definition if request.request_definition else None,
    )
