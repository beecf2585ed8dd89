"""SimpleQuery and FuzzyQuery: what the operations add to the query language, which the catalog tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

TITLES = ["alpha", "Beta", "beta", "Gamma 杭州", "delta"]


def fill(api: Api, dataset: dict[str, str], count: int = 5) -> None:
    """Entries ``oss://bucket/000.jpg`` and so on, with titles, ids and labels of their own."""
    files = [
        {
            "URI": f"oss://bucket/{number:03}.jpg",
            "Title": TITLES[number % 5],
            "CustomId": f"id-{number % 3}",
            "MediaType": "image" if number % 2 else "video",
            "CustomLabels": {"Group": f"g{number % 2}"},
        }
        for number in range(count)
    ]
    for start in range(0, count, 100):
        api("BatchIndexFileMeta", **dataset, Files=files[start : start + 100])


def numbers(files: list[dict[str, Any]]) -> list[int]:
    return [int(file["URI"][-7:-4]) for file in files]


def leaf(field: str, operation: str, value: str) -> dict[str, Any]:
    return {"Field": field, "Operation": operation, "Value": value, "SubQueries": []}


@pytest.mark.parametrize("action", ["SimpleQuery", "FuzzyQuery"])
def test_names_are_needed_and_must_exist(api: Api, dataset: dict[str, str], action: str) -> None:
    query = {} if action == "SimpleQuery" else {"Query": "x"}
    for name in dataset:
        rest = {key: value for key, value in dataset.items() if key != name}
        assert api.refused(action, **rest, **query)[:2] == (400, f"Missing{name}")
        assert api.refused(action, **{**dataset, name: "nowhere"}, **query)[1] == "ResourceNotFound"


def test_without_a_query_every_file_matches_in_order_of_uris(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    for extra in ({}, {"Query": ""}, {"Query": "null"}):
        answer = api("SimpleQuery", **dataset, **extra)
        assert numbers(answer["Files"]) == [0, 1, 2, 3, 4]
        assert (answer["TotalHits"], answer["NextToken"], "Aggregations" in answer) == (5, "", False)


def test_an_empty_dataset_answers_empty_lists(api: Api, dataset: dict[str, str]) -> None:
    assert api("SimpleQuery", **dataset) == {"Files": [], "NextToken": "", "TotalHits": 0}
    assert api("FuzzyQuery", **dataset, Query="x") == {"Files": [], "NextToken": "", "TotalHits": 0}


def test_a_hundred_files_are_the_default_and_the_most(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset, 250)
    for extra in ({}, {"MaxResults": 0}, {"MaxResults": 100}):
        answer = api("SimpleQuery", **dataset, **extra)
        assert (len(answer["Files"]), answer["TotalHits"]) == (100, 250)
    refused = api.refused("SimpleQuery", **dataset, MaxResults=101)
    assert refused[:2] == (400, "LimitExceededError")
    assert [len(page) for page in api.pages("SimpleQuery", "Files", **dataset)] == [100, 100, 50]
    assert [len(page) for page in api.pages("FuzzyQuery", "Files", **dataset, Query="jpg")] == [
        100,
        100,
        50,
    ]
    pages = api.pages("FuzzyQuery", "Files", **dataset, Query="jpg", MaxResults=200)
    assert [number for page in pages for number in numbers(page)] == list(range(250))


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"Sort": "Title,URI", "Order": "asc,desc"}, [1, 3, 0, 2, 4]),
        ({"Sort": "Title"}, [4, 2, 0, 3, 1]),
        ({"Sort": "CustomId,Title", "Order": "asc"}, [0, 3, 4, 1, 2]),
        ({"Order": "desc"}, [0, 1, 2, 3, 4]),
    ],
)
def test_order(api: Api, dataset: dict[str, str], extra: dict[str, str], expected: list[int]) -> None:
    """By code point; fields beyond a short Order descend."""
    fill(api, dataset)
    pages = api.pages("SimpleQuery", "Files", **dataset, **extra, MaxResults=2)
    assert [number for page in pages for number in numbers(page)] == expected


def test_short_orders_of_a_fuzzy_query_ascend(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    files = api("FuzzyQuery", **dataset, Query="oss", Sort="MediaType,Title", Order="desc")["Files"]
    assert [file["Title"] for file in files] == ["alpha", "beta", "delta", "Beta", "Gamma 杭州"]


@pytest.mark.parametrize(
    "extra",
    [
        {"Sort": "Nothing"},
        {"Sort": "CustomLabels.Group"},
        {"Sort": "URI,URI"},
        {"Sort": "URI,Size,Title,CustomId,MediaType,ETag"},
        {"Sort": "URI", "Order": "asc,asc"},
        {"Sort": "URI", "Order": "up"},
        {"Sort": "uri"},
        {"NextToken": "garbage"},
    ],
)
@pytest.mark.parametrize("action", ["SimpleQuery", "FuzzyQuery"])
def test_wrong_orders_and_tokens(
    api: Api, dataset: dict[str, str], action: str, extra: dict[str, str]
) -> None:
    query = {} if action == "SimpleQuery" else {"Query": "x"}
    assert api.refused(action, **dataset, **query, **extra)[:2] == (400, "InvalidArgument")


def test_a_token_belongs_to_its_query(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    token = api("SimpleQuery", **dataset, MaxResults=2, Sort="Title")["NextToken"]
    assert api.refused("SimpleQuery", **dataset, NextToken=token)[:2] == (400, "InvalidArgument")
    assert (
        api.refused("SimpleQuery", **dataset, NextToken=token, Sort="Title", Order="asc")[1]
        == "InvalidArgument"
    )


@pytest.mark.parametrize(
    "query",
    [
        {},
        [],
        "x",
        1,
        {"Operation": "eq"},
        {"Field": "Size", "Operation": "like", "Value": "1"},
        {"Field": "Nothing", "Operation": "eq", "Value": "1"},
        {"Field": "Size", "Operation": "eq", "Value": "x"},
        {"Field": "Size", "Operation": "eq", "Value": 10**30},
        {"Field": "Size", "Operation": "eq"},
        {"Operation": "and", "SubQueries": []},
        {"Operation": "and", "SubQueries": [leaf("Size", "gt", "1")] * 101},
    ],
)
def test_queries_that_break_a_rule(api: Api, dataset: dict[str, str], query: object) -> None:
    text = query if not isinstance(query, str) else '"x"'
    assert api.refused("SimpleQuery", **dataset, Query=text)[:2] == (400, "InvalidArgument")


def test_the_message_names_field_and_operation(api: Api, dataset: dict[str, str]) -> None:
    message = api.refused("SimpleQuery", **dataset, Query=leaf("Size", "prefix", "1"))[2]
    assert "Size" in message
    assert "prefix" in message


def test_files_that_match(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    query = {
        "Operation": "and",
        "SubQueries": [leaf("MediaType", "eq", "image"), leaf("CustomLabels.group", "eq", "G1")],
    }
    answer = api("SimpleQuery", **dataset, Query=query, WithFields=["URI"])
    assert answer["Files"] == [{"URI": "oss://bucket/001.jpg"}, {"URI": "oss://bucket/003.jpg"}]
    assert answer["TotalHits"] == 2


def test_totals_can_be_left_out(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    assert "TotalHits" not in api("SimpleQuery", **dataset, WithoutTotalHits="True")
    assert api("SimpleQuery", **dataset, WithoutTotalHits="False")["TotalHits"] == 5


def test_a_query_sees_what_was_written_before_it(api: Api, dataset: dict[str, str]) -> None:
    for number in range(20):
        uri = f"oss://bucket/{number:03}.jpg"
        api("IndexFileMeta", **dataset, File={"URI": uri, "CustomId": "x"})
        assert api("SimpleQuery", **dataset, Query=leaf("CustomId", "eq", "x"))["TotalHits"] == number + 1
    api("DeleteFileMeta", **dataset, URI="oss://bucket/000.jpg")
    assert api("SimpleQuery", **dataset, Query=leaf("CustomId", "eq", "x"))["TotalHits"] == 19


# aggregations


def test_aggregations_alone_come_back(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    wanted = [
        {"Field": "MediaType", "Operation": "group"},
        {"Field": "CustomId", "Operation": "distinct"},
        {"Field": "Title", "Operation": "count"},
        {"Field": "Size", "Operation": "sum"},
        {"Field": "Size", "Operation": "max"},
    ]
    assert api("SimpleQuery", **dataset, Aggregations=wanted, Sort="Nothing", WithFields=["URI"]) == {
        "Aggregations": [
            {
                "Field": "MediaType",
                "Operation": "group",
                "Groups": [{"Value": "video", "Count": 3}, {"Value": "image", "Count": 2}],
            },
            {"Field": "CustomId", "Operation": "distinct", "Value": 3.0},
            {"Field": "Title", "Operation": "count", "Value": 5.0},
            {"Field": "Size", "Operation": "sum", "Value": 0.0},
            {"Field": "Size", "Operation": "max"},
        ],
        "NextToken": "",
        "TotalHits": 5,
    }


def test_aggregations_are_taken_over_all_files_that_match(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset, 250)
    answer = api(
        "SimpleQuery",
        **dataset,
        Query=leaf("MediaType", "eq", "image"),
        Aggregations=[{"Field": "URI", "Operation": "count"}],
        WithoutTotalHits="true",
    )
    assert answer == {
        "Aggregations": [{"Field": "URI", "Operation": "count", "Value": 125.0}],
        "NextToken": "",
    }


@pytest.mark.parametrize(("limit", "groups"), [(None, 100), (0, 100), (7, 7), (2000, 250)])
def test_max_results_limits_the_groups(
    api: Api, dataset: dict[str, str], limit: int | None, groups: int
) -> None:
    fill(api, dataset, 250)
    extra = {} if limit is None else {"MaxResults": limit}
    wanted = [{"Field": "URI", "Operation": "group"}]
    answer = api("SimpleQuery", **dataset, Aggregations=wanted, **extra)
    assert len(answer["Aggregations"][0]["Groups"]) == groups


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([{"Field": "Size"}], "InvalidArgument"),
        ([{"Operation": "sum"}], "InvalidArgument"),
        ([{"Field": "Title", "Operation": "sum"}], "InvalidArgument"),
        ([{"Field": "Size", "Operation": "median"}], "InvalidArgument"),
        ([{"Field": "Nothing", "Operation": "count"}], "InvalidArgument"),
        ([{"Field": "Size", "Operation": "sum"}] * 21, "InvalidArgument"),
        ({"Field": "Size", "Operation": "sum"}, "InvalidJSON"),
    ],
)
def test_wrong_aggregations(api: Api, dataset: dict[str, str], wanted: object, code: str) -> None:
    assert api.refused("SimpleQuery", **dataset, Aggregations=wanted)[:2] == (400, code)


def test_an_empty_list_of_aggregations_is_none(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    assert len(api("SimpleQuery", **dataset, Aggregations=[])["Files"]) == 5


# fuzzy


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BETA", [1, 2]),
        ("杭", [3]),
        (" alp ", [0]),
        ("002", [2]),
        ("g1", [1, 3]),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("id-2", [2]),
        ("nothing like it", []),
    ],
)
def test_fuzzy_queries(api: Api, dataset: dict[str, str], text: str, expected: list[int]) -> None:
    fill(api, dataset)
    answer = api("FuzzyQuery", **dataset, Query=text)
    assert (numbers(answer["Files"]), answer["TotalHits"]) == (expected, len(expected))


def test_fuzzy_queries_need_a_text(api: Api, dataset: dict[str, str]) -> None:
    assert api.refused("FuzzyQuery", **dataset)[:2] == (400, "MissingQuery")
    assert api.refused("FuzzyQuery", **dataset, Query="  \t")[:2] == (400, "InvalidArgument")


def test_fuzzy_queries_show_the_fields_asked_for(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    files = api("FuzzyQuery", **dataset, Query="alpha", WithFields=["Title", "CustomLabels.Group"])["Files"]
    assert files == [{"Title": "alpha", "CustomLabels": {"Group": "g0"}}]


EXTENSION = "ArchiveEntryCount"


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("SimpleQuery", {"Query": {"Field": EXTENSION, "Operation": "gt", "Value": "1"}}),
        (
            "SimpleQuery",
            {
                "Query": {
                    "Operation": "not",
                    "SubQueries": [
                        {"Operation": "or", "SubQueries": [{"Field": EXTENSION, "Operation": "exist"}]}
                    ],
                }
            },
        ),
        ("SimpleQuery", {"Sort": f"Size,{EXTENSION}"}),
        ("SimpleQuery", {"Aggregations": [{"Field": EXTENSION, "Operation": "sum"}]}),
        (
            "SimpleQuery",
            {
                "Query": {"Field": EXTENSION, "Operation": "gt", "Value": "1"},
                "Aggregations": [{"Field": "Size", "Operation": "sum"}],
            },
        ),
        ("FuzzyQuery", {"Query": "zip", "Sort": EXTENSION}),
        ("SimpleQuery", {"Query": {"Field": "EXIF.Model", "Operation": "eq", "Value": "x"}}),
        ("SimpleQuery", {"Query": {"Field": "EXIF", "Operation": "exist"}}),
        ("SimpleQuery", {"Query": {"Field": "Tags.Genre", "Operation": "prefix", "Value": "x"}}),
        ("SimpleQuery", {"Query": {"Field": "ExtractionNotes", "Operation": "prefix", "Value": "x"}}),
        ("SimpleQuery", {"Sort": "EXIF.ISOSpeedRatings"}),
        ("SimpleQuery", {"Aggregations": [{"Field": "Tags.Keywords", "Operation": "group"}]}),
        ("FuzzyQuery", {"Query": "zip", "Sort": "Tags.Mood"}),
    ],
)
def test_a_strict_server_does_not_know_our_own_fields(
    make_api: Callable[..., Api],
    api: Api,
    dataset: dict[str, str],
    new_name: Callable[[str], str],
    action: str,
    asked: dict[str, Any],
) -> None:
    strict, names = make_api(strict=True), {"ProjectName": new_name("strict"), "DatasetName": "dataset"}
    strict("CreateProject", ProjectName=names["ProjectName"])
    strict("CreateDataset", **names)
    unknown = {"Query": {"Field": "Nothing", "Operation": "exist"}}
    status, code, message = strict.refused("SimpleQuery", **names, **unknown)
    named = re.search(r"ArchiveEntryCount|ExtractionNotes|(EXIF|Tags)[.\w]*", str(asked))
    assert named is not None
    told = message.replace("Nothing", named[0])
    assert strict.refused(action, **names, **asked) == (status, code, told)
    assert "Files" in (answer := api(action, **dataset, **asked)) or "Aggregations" in answer
    labelled = {"Query": {"Field": f"CustomLabels.{EXTENSION}", "Operation": "eq", "Value": "1"}}
    assert strict("SimpleQuery", **names, **labelled)["TotalHits"] == 0


def test_a_strict_server_groups_by_no_label(
    make_api: Callable[..., Api], new_name: Callable[[str], str]
) -> None:
    strict, names = make_api(strict=True), {"ProjectName": new_name("strict"), "DatasetName": "dataset"}
    strict("CreateProject", ProjectName=names["ProjectName"])
    strict("CreateDataset", **names)
    asked = {"Aggregations": [{"Field": "CustomLabels.Group", "Operation": "group"}]}
    status, code, message = strict.refused("SimpleQuery", **names, **asked)
    assert (status, code) == (400, "InvalidArgument")
    assert "not supported by field CustomLabels.Group" in message


def test_groups_of_labels(api: Api, dataset: dict[str, str]) -> None:
    fill(api, dataset)
    asked = [{"Field": "CustomLabels.Group", "Operation": operation} for operation in ("group", "distinct")]
    groups, distinct = api("SimpleQuery", **dataset, Aggregations=asked)["Aggregations"]
    assert groups["Groups"] == [{"Value": "g0", "Count": 3}, {"Value": "g1", "Count": 2}]
    assert distinct["Value"] == 2
    assert api("QueryTagNames", **dataset) == {"TagNames": [{"Name": "CustomLabels.Group", "Type": "text"}]}
