"""QueryDateHistogram and ListQueryPages over the wire; what they count the catalog tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

OPERATIONS = ("QueryDateHistogram", "ListQueryPages")
QUERY = {"Field": "MediaType", "Operation": "eq", "Value": "image"}


def fill(api: Api, dataset: dict[str, str], count: int = 7) -> None:
    files = [{"URI": f"oss://bucket/{number}.jpg", "MediaType": "image"} for number in range(count)]
    api(
        "BatchIndexFileMeta",
        **dataset,
        Files=[*files, {"URI": "oss://bucket/clip.mp4", "MediaType": "video"}],
    )


@pytest.mark.parametrize("action", OPERATIONS)
def test_names_are_needed_and_must_exist(api: Api, dataset: dict[str, str], action: str) -> None:
    for name in dataset:
        rest = {key: value for key, value in dataset.items() if key != name}
        assert api.refused(action, **rest)[:2] == (400, f"Missing{name}")
        assert api.refused(action, **{**dataset, name: "nowhere"})[1] == "ResourceNotFound"


def test_files_without_a_time(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    found = api("QueryDateHistogram", **dataset, Query=QUERY)
    assert found == {"Buckets": [], "Undated": {"AspectRatioSum": 7.0, "Count": 7}}


def test_a_time_of_the_entries(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    found = api("QueryDateHistogram", **dataset, Field="CreateTime", Interval="year")
    assert sum(bucket["Count"] for bucket in found["Buckets"]) == 8
    for bucket in found["Buckets"]:
        assert bucket["StartTime"] == f"{bucket['Value']}-01-01T00:00:00+08:00"
        assert bucket["EndTime"] == f"{int(bucket['Value']) + 1}-01-01T00:00:00+08:00"


def test_pages_lead_into_simple_query(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    asked = {"Query": QUERY, "Sort": "URI", "Order": "desc"}
    found = api("ListQueryPages", **dataset, **asked, PageSize=3, MaxResults=2)
    assert [page["Count"] for page in found["Pages"]] == [3, 3]
    rest = api("ListQueryPages", **dataset, **asked, PageSize=3, NextToken=found["NextToken"])
    assert ([page["Count"] for page in rest["Pages"]], rest["NextToken"]) == ([1], "")
    page = found["Pages"][1]
    answer = api("SimpleQuery", **dataset, **asked, MaxResults=page["Count"], NextToken=page["NextToken"])
    assert [file["URI"] for file in answer["Files"]] == [
        f"oss://bucket/{number}.jpg" for number in (3, 2, 1)
    ]


def test_what_is_refused(api: Api, dataset: dict[str, str]) -> None:
    assert "is no time" in api.refused("QueryDateHistogram", **dataset, Field="Size").message
    assert api.refused("QueryDateHistogram", **dataset, Interval="hour")[:2] == (400, "InvalidInterval")
    assert api.refused("ListQueryPages", **dataset, PageSize=101).status == 400
    assert api.refused("ListQueryPages", **dataset, PageSize=0).status == 400
    assert "NextToken" in api.refused("ListQueryPages", **dataset, NextToken="x").message
