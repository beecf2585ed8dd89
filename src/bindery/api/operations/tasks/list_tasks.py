"""ListTasks. Source: help page api-imm-2020-09-30-listtasks."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.tasks import ListTasksRequest, ListTasksResponse
from bindery.api.operations.tasks.tasks import task_filter, task_info
from bindery.api.paging import MAX_PAGE, read_task_token, write_task_token
from bindery.catalog.records import TaskOrder


def list_tasks(context: Context, request: ListTasksRequest) -> ListTasksResponse:
    """Tasks of a project that pass every filter, in the order asked for.

    A page may be short, or empty, and have a NextToken: then many tasks were looked through for it.
    """
    limit = request.max_results or MAX_PAGE
    after = read_task_token(request.next_token, request)
    context.catalog.projects.get(request.project_name)
    page = context.catalog.tasks.list(
        request.project_name,
        task_filter(request),
        order=TaskOrder(request.sort or "TaskId"),
        descending=request.order == "desc",
        after=after,
        limit=limit,
    )
    return ListTasksResponse(
        project_name=request.project_name,
        max_results=str(limit),
        next_token="" if page.after is None else write_task_token(request, page.after),
        tasks=tuple(task_info(task, with_request=bool(request.request_definition)) for task in page.tasks),
    )
