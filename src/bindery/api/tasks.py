"""Filters and order of ListTasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

from bindery.api.errors import invalid_argument
from bindery.api.messages import ListTasksRequest, TimeRange
from bindery.catalog.records import Task
from bindery.clock import format_time, parse_time

_SORT_KEYS: dict[str, Callable[[Task], Any]] = {
    "TaskId": lambda task: task.id,
    "StartTime": lambda task: (task.start_time, task.id),
    "EndTime": lambda task: (task.end_time or 0, task.id),
}


def task_time(instant_ns: int | None) -> str | None:
    """Times of tasks are UTC."""
    return None if instant_ns is None else format_time(instant_ns, UTC)


def selected_tasks(tasks: list[Task], request: ListTasksRequest) -> list[Task]:
    """Tasks that pass every filter, in order. Raises ApiError."""
    started, ended = _bounds(request.start_time_range), _bounds(request.end_time_range)
    tag = _tag(request.tag_selector)
    chosen = [
        task
        for task in tasks
        if (not request.task_types or task.type in request.task_types)
        and (not request.status or task.status == request.status)
        and (tag is None or task.tags.get(tag[0]) == tag[1])
        and started[0] <= task.start_time <= started[1]
        and (not request.end_time_range or ended[0] <= (task.end_time or 0) <= ended[1])
    ]
    return sorted(chosen, key=_SORT_KEYS[request.sort or "TaskId"], reverse=request.order == "desc")


def _bounds(span: TimeRange | None) -> tuple[float, float]:
    """Both ends inclusive; an open end reaches for ever."""
    if span is None:
        return float("-inf"), float("inf")
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
