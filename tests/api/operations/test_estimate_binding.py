"""EstimateBinding."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

WHOLE: dict[str, Any] = {"ProjectName": "project", "URI": "oss://bucket"}


@pytest.mark.parametrize("name", ["ProjectName", "URI"])
def test_what_is_needed(api: Api, name: str) -> None:
    rest = {key: value for key, value in WHOLE.items() if key != name}
    assert api.refused("EstimateBinding", **rest)[:2] == (400, f"Missing{name}")


def test_nothing_is_bound(api: Api, dataset: dict[str, str]) -> None:
    api.put("bucket", "in/a.txt", b"text")
    api.put("bucket", "out/b.txt", b"text")
    scope = json.dumps({"Exclude": ["out/*"]})
    task = api("EstimateBinding", **WHOLE, Scope=scope)["TaskId"]
    names = {"ProjectName": "project", "TaskType": "BindingEstimate", "TaskId": task}
    deadline = time.monotonic() + 60
    while (answer := api("GetTask", **names))["Status"] == "Running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    result = json.loads(answer["Result"])
    assert (result["Listed"], result["Excluded"], result["Objects"], result["Bytes"]) == (2, 1, 1, 4)
    assert api("ListBindings", ProjectName="project")["Bindings"] == []


def test_a_project_that_is_not_there(api: Api) -> None:
    assert api.refused("EstimateBinding", **WHOLE)[1] == "ResourceNotFound"
