"""GetTask. Source: help page api-imm-2020-09-30-gettask."""

from __future__ import annotations

import msgspec

from bindery.api.context import Context
from bindery.api.messages.tasks import GetTaskRequest, GetTaskResponse
from bindery.api.operations.tasks.tasks import task_info


def get_task(context: Context, request: GetTaskRequest) -> GetTaskResponse:
    """One asynchronous task, up to seven days after it began."""
    context.catalog.projects.get(request.project_name)
    task = context.catalog.tasks.get(request.project_name, request.task_type, request.task_id)
    info = task_info(task, with_request=bool(request.request_definition))
    return GetTaskResponse(
        **msgspec.structs.asdict(info),
        project_name=task.project_name,
        event_id=task.event_id or None,
        result=None if context.settings.strict else task.result or None,
    )
