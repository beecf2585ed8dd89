"""CancelTask, of tasks that wait and of those that have ended; tests/tasks cancels those that run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bindery.catalog.records import Task

if TYPE_CHECKING:
    from tests.api.conftest import Api

WHOLE: dict[str, Any] = {"ProjectName": "project", "TaskId": "text", "TaskType": "text"}


@pytest.fixture
def project(api: Api, new_name: Callable[[str], str]) -> str:
    name = new_name("tasks")
    api("CreateProject", ProjectName=name)
    return name


def waiting(api: Api, project: str) -> dict[str, str]:
    """A task of a type that this server cannot do."""
    task = Task(id=f"Unknown-{project}", project_name=project, type="Unknown", start_time=time.time_ns())
    api.catalog.task_queue.add(task)
    return {"ProjectName": project, "TaskType": task.type, "TaskId": task.id}


def test_what_is_needed(api: Api) -> None:
    for name in WHOLE:
        rest = {key: value for key, value in WHOLE.items() if key != name}
        assert api.refused("CancelTask", **rest)[:2] == (400, f"Missing{name}")


def test_a_task_that_waits_fails_at_once(api: Api, project: str) -> None:
    names = waiting(api, project)
    assert api("GetTask", **names)["Status"] == "Running"
    for _ in range(2):
        assert api("CancelTask", **names) == {"Status": "Failed"}
    task = api("GetTask", **names)
    assert (task["Status"], task["Code"], task["Message"]) == (
        "Failed",
        "Cancelled",
        "The task was cancelled.",
    )
    assert task["EndTime"] >= task["StartTime"]


def test_what_cannot_be_found(api: Api, project: str) -> None:
    names = waiting(api, project)
    for name, value, kind in (
        ("TaskId", "x", "task"),
        ("TaskType", "MediaConvert", "task"),
        ("ProjectName", "nowhere-at-all", "project"),
    ):
        refused = api.refused("CancelTask", **{**names, name: value})
        assert refused == (400, "ResourceNotFound", f"The specified resource {kind} is not found.")
    assert api("GetTask", **names)["Status"] == "Running"
