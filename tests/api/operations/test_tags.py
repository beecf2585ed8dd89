"""TagResources, UntagResources, ListTagResources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.api.operations.entities import make_policy, make_role

if TYPE_CHECKING:
    from tests.api.conftest import Api


def tags(ram: Api, **parameters: Any) -> list[tuple[str, str, str]]:
    listed = ram("ListTagResources", **parameters)["TagResources"]
    return [(each["ResourceName"], each["TagKey"], each["TagValue"]) for each in listed]


@pytest.mark.parametrize(("kind", "make"), [("role", make_role), ("policy", make_policy)])
def test_tags_come_change_and_go(ram: Api, kind: str, make: Any) -> None:
    for name in ("one", "two"):
        make(ram, name)
    which = {"ResourceType": kind, "ResourceNames": ["one", "two"]}
    ram("TagResources", **which, Tag=[{"Key": "team", "Value": "x"}, {"Key": "空", "Value": ""}])
    ram("TagResources", ResourceType=kind, ResourceNames=["two"], Tag=[{"Key": "team", "Value": "y"}])
    whole = [("one", "team", "x"), ("one", "空", ""), ("two", "team", "y"), ("two", "空", "")]
    assert tags(ram, **which) == tags(ram, ResourceType=kind) == whole
    assert tags(ram, ResourceType=kind, Tag=[{"Key": "team", "Value": "y"}]) == whole[2:]
    ram("UntagResources", **which, TagKeys=["team", "never"])
    assert tags(ram, ResourceType=kind) == [("one", "空", ""), ("two", "空", "")]
    ram("UntagResources", **which, All=True)
    assert tags(ram, ResourceType=kind) == []


def test_tags_are_listed_in_pages(ram: Api) -> None:
    pairs = [{"Key": "a", "Value": ""}, {"Key": "b", "Value": ""}]
    for name in ("one", "three", "two"):
        make_role(ram, name, Tag=pairs)
    found, token = [], ""
    for _ in range(3):
        page = ram("ListTagResources", ResourceType="role", PageSize=1, NextToken=token)
        found.append({each["ResourceName"] for each in page["TagResources"]})
        token = page["NextToken"]
    assert found == [{"one"}, {"three"}, {"two"}]
    assert token == ""
    refused = ram.refused("ListTagResources", ResourceType="role", NextToken="x")
    assert refused[:2] == (400, "InvalidParameter.NextToken")


def test_no_more_than_twenty(ram: Api) -> None:
    make_role(ram, "one", Tag=[{"Key": f"k{number}", "Value": ""} for number in range(20)])
    which = {"ResourceType": "role", "ResourceNames": ["one"]}
    refused = ram.refused("TagResources", **which, Tag=[{"Key": "more", "Value": ""}])
    assert refused[:2] == (409, "LimitExceeded.Tag")
    ram("TagResources", **which, Tag=[{"Key": "k1", "Value": "changed"}])


def test_all_or_none(ram: Api) -> None:
    make_role(ram, "one")
    tag = [{"Key": "team", "Value": "x"}]
    refused = ram.refused("TagResources", ResourceType="role", ResourceNames=["one", "nosuch"], Tag=tag)
    assert refused[:2] == (404, "EntityNotExist.Role")
    assert tags(ram, ResourceType="role") == []


@pytest.mark.parametrize(
    "tag",
    [
        [{"Key": "", "Value": "x"}],
        [{"Key": "k" * 129, "Value": "x"}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
    ],
)
def test_tags_that_are_none(ram: Api, tag: list[dict[str, str]]) -> None:
    make_role(ram, "one")
    refused = ram.refused("TagResources", ResourceType="role", ResourceNames=["one"], Tag=tag)
    assert (refused.status, refused.code.startswith("InvalidParameter.Tag.")) == (400, True)
