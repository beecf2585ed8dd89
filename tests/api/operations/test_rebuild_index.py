"""RebuildIndex."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

Names = dict[str, str]


@pytest.mark.parametrize("name", ["ProjectName", "DatasetName"])
def test_what_is_needed(api: Api, dataset: Names, name: str) -> None:
    rest = {key: value for key, value in dataset.items() if key != name}
    assert api.refused("RebuildIndex", **rest)[:2] == (400, f"Missing{name}")
    assert api.refused("RebuildIndex", **{**dataset, name: "nowhere"})[1] == "ResourceNotFound"


def test_the_task_tells_how_it_went_and_queries_answer(api: Api, dataset: Names) -> None:
    task_id = api("RebuildIndex", **dataset)["TaskId"]
    names = {"ProjectName": dataset["ProjectName"], "TaskType": "IndexRebuild", "TaskId": task_id}
    while (task := api("GetTask", **names))["Status"] == "Running":
        assert api("SimpleQuery", **dataset)["Files"] == []
    assert (task["Status"], task["Progress"], task["Result"]) == ("Succeeded", 100, '{"Entries":0}')
