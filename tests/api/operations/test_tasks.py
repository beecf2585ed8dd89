"""GetTask and ListTasks, over tasks put into the catalog as the creating operations would."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bindery.api.paging import encode_token
from bindery.catalog.records import Task

if TYPE_CHECKING:
    from tests.api.conftest import Api

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
BEGIN = time.time_ns() // SECOND * SECOND - DAY


@pytest.fixture
def project(api: Api, new_name: Callable[[str], str]) -> str:
    """Each test has a project of its own."""
    name = new_name("tasks")
    api("CreateProject", ProjectName=name)
    return name


def put(api: Api, project: str, number: int, **fields: Any) -> None:
    api.catalog.tasks.put(
        Task(
            **{
                "id": f"MediaConvert-{number}",
                "project_name": project,
                "type": "MediaConvert",
                "start_time": BEGIN + number * SECOND,
                **fields,
            }
        )
    )


def listed(api: Api, project: str, **parameters: Any) -> list[int]:
    tasks = api("ListTasks", ProjectName=project, **parameters)["Tasks"]
    return [int(task["TaskId"].rpartition("-")[2]) for task in tasks]


def test_a_task_with_everything(api: Api, project: str) -> None:
    fixed = time.time_ns() // SECOND * SECOND - DAY + 61_662_060_377
    put(
        api,
        project,
        1,
        status="Failed",
        code="ResourceNotFound",
        message="The specified resource project is not found.",
        event_id="2F6-1Bz99Xi93EnRpNEyLudILJm",
        progress=40,
        start_time=fixed,
        end_time=fixed + SECOND,
        user_data="data",
        tags={"a": "b"},
        request_definition='{"ProjectName":"p"}',
    )
    names = {"ProjectName": project, "TaskType": "MediaConvert", "TaskId": "MediaConvert-1"}
    task = api("GetTask", **names, RequestDefinition="True")
    assert task["StartTime"].endswith(".662060377Z")
    assert task["EndTime"].endswith(".662060377Z")
    assert task.pop("StartTime") < task.pop("EndTime")
    assert task == {
        **names,
        "EventId": "2F6-1Bz99Xi93EnRpNEyLudILJm",
        "Status": "Failed",
        "Code": "ResourceNotFound",
        "Message": "The specified resource project is not found.",
        "Progress": 40,
        "UserData": "data",
        "Tags": {"a": "b"},
        "TaskRequestDefinition": '{"ProjectName":"p"}',
    }
    assert "TaskRequestDefinition" not in api("GetTask", **names)
    shown = api("ListTasks", ProjectName=project, RequestDefinition="true")["Tasks"][0]
    assert set(shown) == set(task) - {"ProjectName", "EventId"} | {"StartTime", "EndTime"}
    assert "TaskRequestDefinition" not in api("ListTasks", ProjectName=project)["Tasks"][0]


def test_a_running_task_has_no_end(api: Api, project: str) -> None:
    put(api, project, 1)
    task = api("GetTask", ProjectName=project, TaskType="MediaConvert", TaskId="MediaConvert-1")
    assert (task["Status"], "EndTime" in task, "Code" in task) == ("Running", False, False)


def test_tasks_that_cannot_be_found(api: Api, project: str) -> None:
    put(api, project, 1)
    put(api, project, 2, start_time=BEGIN - 7 * DAY)
    good = {"ProjectName": project, "TaskType": "MediaConvert", "TaskId": "MediaConvert-1"}
    for name, value, kind in (
        ("TaskId", "MediaConvert-2", "task"),
        ("TaskId", "x", "task"),
        ("TaskType", "FaceClustering", "task"),
        ("ProjectName", "nowhere", "project"),
    ):
        refused = api.refused("GetTask", **{**good, name: value})
        assert refused == (400, "ResourceNotFound", f"The specified resource {kind} is not found.")
        rest = {key: entry for key, entry in good.items() if key != name}
        assert api.refused("GetTask", **rest)[:2] == (400, f"Missing{name}")
    assert listed(api, project) == [1]


def test_filters(api: Api, project: str) -> None:
    put(api, project, 1, status="Succeeded", end_time=BEGIN + 100 * SECOND, tags={"a": "1"})
    put(api, project, 2, status="Failed", end_time=BEGIN + 200 * SECOND, tags={"a": "2", "b": "="})
    put(api, project, 3, type="FaceClustering", id="FaceClustering-3")
    assert listed(api, project, TaskTypes=["FaceClustering"]) == [3]
    assert listed(api, project, TaskTypes=["MediaConvert", "FaceClustering"]) == [3, 1, 2]
    assert listed(api, project, TaskTypes=["MediaConvert", "MediaConvert"]) == [1, 2]
    assert listed(api, project, TaskTypes=[]) == [3, 1, 2]
    assert listed(api, project, Status="Succeeded") == [1]
    assert listed(api, project, Status="Running") == [3]
    assert listed(api, project, TagSelector="a=1") == [1]
    assert listed(api, project, TagSelector="b==") == [2]
    assert listed(api, project, TagSelector="c=1") == []
    assert listed(api, project, Status="Failed", TagSelector="a=1") == []


def test_ranges_of_time_include_both_ends(api: Api, project: str) -> None:
    for number in (1, 2, 3):
        put(api, project, number, end_time=BEGIN + number * 100 * SECOND if number != 2 else None)
    starts = {
        number: api("ListTasks", ProjectName=project)["Tasks"][number - 1]["StartTime"]
        for number in (1, 2, 3)
    }
    assert listed(api, project, StartTimeRange={"Start": starts[1], "End": starts[2]}) == [1, 2]
    assert listed(api, project, StartTimeRange={"Start": starts[3]}) == [3]
    assert listed(api, project, StartTimeRange={"End": starts[1]}) == [1]
    assert listed(api, project, StartTimeRange={}) == [1, 2, 3]
    assert listed(api, project, EndTimeRange={"End": "2999-01-01T00:00:00+08:00"}) == [1, 3]
    assert listed(api, project, EndTimeRange={"Start": "2999-01-01T00:00:00Z"}) == []


@pytest.mark.parametrize(
    ("sort", "order", "expected"),
    [
        (None, None, [1, 2, 3]),
        ("TaskId", "desc", [3, 2, 1]),
        ("StartTime", "asc", [3, 1, 2]),
        ("StartTime", "desc", [2, 1, 3]),
        ("EndTime", None, [2, 3, 1]),
    ],
)
@pytest.mark.parametrize("page", [1, 2, 100])
def test_orders_hold_across_pages(
    api: Api, project: str, sort: str | None, order: str | None, expected: list[int], page: int
) -> None:
    for number, start, end in ((1, 20, 90), (2, 20, None), (3, 10, 80)):
        put(
            api,
            project,
            number,
            start_time=BEGIN + start * SECOND,
            end_time=None if end is None else BEGIN + end * SECOND,
        )
    extra = {name: value for name, value in (("Sort", sort), ("Order", order)) if value}
    pages = api.pages("ListTasks", "Tasks", ProjectName=project, MaxResults=page, **extra)
    assert [int(task["TaskId"][-1]) for tasks in pages for task in tasks] == expected
    assert all(len(tasks) == page for tasks in pages[:-1])


def test_a_list_goes_on_although_its_last_task_has_expired(api: Api, project: str) -> None:
    for number in (1, 2, 3):
        put(api, project, number)
    token = api("ListTasks", ProjectName=project, MaxResults=2)["NextToken"]
    put(api, project, 2, start_time=BEGIN - 8 * DAY)
    assert listed(api, project, NextToken=token) == [3]


@pytest.mark.parametrize("instant", [2**63, 10**19 - 1, "-1", "1.5", "\u0663", ""])
def test_tokens_that_no_list_has_given(api: Api, project: str, instant: object) -> None:
    token = encode_token(f"{project}:StartTime-asc:{instant}:MediaConvert-1")
    refused = api.refused("ListTasks", ProjectName=project, Sort="StartTime", NextToken=token)
    assert refused[:2] == (400, "InvalidNextToken")


def test_a_project_has_no_tasks_of_an_earlier_one_of_its_name(api: Api, project: str) -> None:
    put(api, project, 1)
    api("DeleteProject", ProjectName=project)
    api("CreateProject", ProjectName=project)
    assert listed(api, project) == []
    refused = api.refused("GetTask", ProjectName=project, TaskType="MediaConvert", TaskId="MediaConvert-1")
    assert refused[:2] == (400, "ResourceNotFound")


def test_the_answer_says_its_page_size_as_a_text(api: Api, project: str) -> None:
    answer = api("ListTasks", ProjectName=project)
    assert answer == {"ProjectName": project, "MaxResults": "100", "NextToken": "", "Tasks": []}
    assert api("ListTasks", ProjectName=project, MaxResults=7)["MaxResults"] == "7"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"TagSelector": "a"}, "InvalidArgument"),
        ({"TagSelector": "=a"}, "InvalidArgument"),
        ({"StartTimeRange": {"Start": "yesterday"}}, "InvalidArgument"),
        ({"EndTimeRange": {"End": 5}}, "InvalidJSON"),
        ({"TaskTypes": "MediaConvert"}, "InvalidJSON"),
        ({"Status": "running"}, "InvalidStatus"),
        ({"Sort": "Status"}, "InvalidSort"),
        ({"Order": "DESC"}, "InvalidOrder"),
        ({"NextToken": "x"}, "InvalidNextToken"),
        ({"MaxResults": 101}, "LimitExceededError"),
    ],
)
def test_wrong_parameters(api: Api, project: str, parameters: dict[str, Any], code: str) -> None:
    assert api.refused("ListTasks", ProjectName=project, **parameters)[:2] == (400, code)
