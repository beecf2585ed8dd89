"""What answers tell of a task; filters and order of ListTasks."""

from __future__ import annotations

from datetime import UTC

from bindery.api.errors import invalid_argument
from bindery.api.messages.tasks import ListTasksRequest, TaskInfo, TimeRange
from bindery.catalog.records import Task, TaskFilter
from bindery.clock import format_time, parse_time


def task_info(task: Task, *, with_request: bool) -> TaskInfo:
    """What GetTask and ListTasks tell alike; the parameters of the call that began it when they are asked for."""
    return TaskInfo(
        task_type=task.type,
        task_id=task.id,
        status=task.status,
        code=task.code or None,
        message=task.message or None,
        progress=task.progress,
        start_time=_time(task.start_time),
        end_time=_time(task.end_time),
        user_data=task.user_data or None,
        tags=dict(task.tags) or None,
        task_request_definition=task.request_definition if with_request else None,
    )


def _time(instant_ns: int | None) -> str | None:
    """Times of tasks are UTC."""
    return None if instant_ns is None else format_time(instant_ns, UTC)


def task_filter(request: ListTasksRequest) -> TaskFilter:
    """Which tasks a request asks for. Raises ApiError."""
    return TaskFilter(
        types=tuple(request.task_types or ()),
        status=request.status or "",
        tag=_tag(request.tag_selector),
        started=_bounds(request.start_time_range),
        ended=_bounds(request.end_time_range),
    )


def _bounds(span: TimeRange | None) -> tuple[float, float] | None:
    """Both ends inclusive; an open end reaches for ever."""
    if span is None or not (span.start or span.end):
        return None
    try:
        start = parse_time(span.start) if span.start else float("-inf")
        end = parse_time(span.end) if span.end else float("inf")
    except ValueError as error:
        raise invalid_argument(f"A time range needs RFC 3339 times: {error}") from None
    return start, end


def _tag(selector: str | None) -> tuple[str, str] | None:
    if not selector:
        return None
    name, equals, value = selector.partition("=")
    if not equals or not name:
        raise invalid_argument("TagSelector must be key=value.")
    return name, value
