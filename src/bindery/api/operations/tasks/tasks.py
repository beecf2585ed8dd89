"""What answers tell of a task; filters and order of ListTasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from bindery.api.errors import invalid_argument
from bindery.api.messages.tasks import ListTasksRequest, TaskInfo, TimeRange
from bindery.catalog.records import Task
from bindery.clock import format_time, parse_time

Position = tuple[int, str]
"""Where a task stands in an order: the instant it is sorted by (0 for none), then its id."""

_POSITIONS: dict[str, Callable[[Task], Position]] = {
    "TaskId": lambda task: (0, task.id),
    "StartTime": lambda task: (task.start_time, task.id),
    "EndTime": lambda task: (task.end_time or 0, task.id),
}


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


def position_of(task: Task, request: ListTasksRequest) -> Position:
    """Where a task stands in the order asked for."""
    return _POSITIONS[request.sort or "TaskId"](task)


def selected_tasks(
    tasks: list[Task], request: ListTasksRequest, after: Position | None = None
) -> list[Task]:
    """Tasks behind ``after`` that pass every filter, in order. Raises ApiError."""
    started, ended = _bounds(request.start_time_range), _bounds(request.end_time_range)
    tag = _tag(request.tag_selector)
    descending = request.order == "desc"
    chosen = [
        task
        for task in tasks
        if (not request.task_types or task.type in request.task_types)
        and (not request.status or task.status == request.status)
        and (tag is None or task.tags.get(tag[0]) == tag[1])
        and _within(task.start_time, started)
        and _within(task.end_time, ended)
        and (after is None or _is_behind(position_of(task, request), after, descending=descending))
    ]
    return sorted(chosen, key=lambda task: position_of(task, request), reverse=descending)


def _is_behind(position: Position, after: Position, *, descending: bool) -> bool:
    return position < after if descending else position > after


def _within(instant: int | None, bounds: tuple[float, float] | None) -> bool:
    """A task that has not ended yet is in no range of ends."""
    return bounds is None or (instant is not None and bounds[0] <= instant <= bounds[1])


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
