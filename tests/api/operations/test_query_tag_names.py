"""QueryTagNames over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.api.conftest import Api


def test_names_are_needed_and_must_exist(api: Api, dataset: dict[str, str]) -> None:
    for name in dataset:
        rest = {key: value for key, value in dataset.items() if key != name}
        assert api.refused("QueryTagNames", **rest)[:2] == (400, f"Missing{name}")
        assert api.refused("QueryTagNames", **{**dataset, name: "nowhere"})[1] == "ResourceNotFound"


def test_a_dataset_without_tags(api: Api, dataset: dict[str, str]) -> None:
    assert api("QueryTagNames", **dataset) == {"TagNames": []}
    api("IndexFileMeta", **dataset, File={"URI": "oss://bucket/a.jpg"})
    assert api("QueryTagNames", **dataset, Contains="a") == {"TagNames": []}


def test_what_is_refused(api: Api, dataset: dict[str, str]) -> None:
    for wrong in ({"MaxResults": 1001}, {"MaxResults": "x"}, {"Contains": "x" * 129}):
        assert api.refused("QueryTagNames", **dataset, **wrong).status == 400
