"""Requests and answers of the family tasks. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from typing import Any

from bindery.message import Message


class TaskInfo(Message):
    """The vendor's struct TaskInfo."""

    code: str | None = None
    end_time: str | None = None
    message: str | None = None
    progress: int | None = None
    start_time: str | None = None
    status: str | None = None
    tags: dict[str, Any] | None = None
    task_id: str | None = None
    task_request_definition: str | None = None
    task_type: str | None = None
    user_data: str | None = None


class TimeRange(Message):
    """The vendor's struct TimeRange."""

    end: str | None = None
    start: str | None = None


class CancelTaskRequest(Message):
    """Parameters of CancelTask."""

    project_name: str
    task_id: str
    task_type: str


class CancelTaskResponse(Message):
    """Answer of CancelTask."""

    status: str | None = None


class GetTaskRequest(Message):
    """Parameters of GetTask."""

    project_name: str
    task_id: str
    task_type: str
    request_definition: bool | None = None


class GetTaskResponse(Message):
    """Answer of GetTask."""

    code: str | None = None
    end_time: str | None = None
    event_id: str | None = None
    message: str | None = None
    progress: int | None = None
    project_name: str | None = None
    start_time: str | None = None
    status: str | None = None
    tags: dict[str, Any] | None = None
    task_id: str | None = None
    task_request_definition: str | None = None
    task_type: str | None = None
    user_data: str | None = None
    result: str | None = None


class ListTasksRequest(Message):
    """Parameters of ListTasks."""

    project_name: str
    end_time_range: TimeRange | None = None
    max_results: int | None = None
    next_token: str | None = None
    order: str | None = None
    request_definition: bool | None = None
    sort: str | None = None
    start_time_range: TimeRange | None = None
    status: str | None = None
    tag_selector: str | None = None
    task_types: tuple[str, ...] | None = None


class ListTasksResponse(Message):
    """Answer of ListTasks."""

    max_results: str | None = None
    next_token: str | None = None
    project_name: str | None = None
    tasks: tuple[TaskInfo, ...] | None = None
