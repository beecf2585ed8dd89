"""TagResources, UntagResources, ListTagResources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.operations.entities import ACCOUNT, make_policy, make_role

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


def test_the_right_is_asked_on_each_resource(ram: Api) -> None:
    """A caller who may tag some roles may tag those, and hears nothing of the others."""
    for name in ("dev-one", "dev-two", "ops"):
        make_role(ram, name, Tag=[{"Key": "team", "Value": name.partition("-")[0]}])
    mine = [f"acs:ram:*:{ACCOUNT}:role/dev-*"]
    actions = ["ram:TagResources", "ram:UntagResources", "ram:ListTagResources"]
    statements = [{"Effect": "Allow", "Action": actions, "Resource": mine}]
    ram("CreateUser", UserName="ann")
    ram("CreatePolicy", PolicyName="own", PolicyDocument={"Version": "1", "Statement": statements})
    ram("AttachPolicyToUser", PolicyType="Custom", PolicyName="own", UserName="ann")
    made = ram("CreateAccessKey", UserName="ann")["AccessKey"]
    tag = [{"Key": "new", "Value": "x"}]
    with ram.signed_by(made["AccessKeyId"], made["AccessKeySecret"]):
        ram("TagResources", ResourceType="role", ResourceNames=["dev-one", "DEV-two"], Tag=tag)
        assert ("dev-two", "new", "x") in tags(ram, ResourceType="role", ResourceNames=["dev-two"])
        ram("UntagResources", ResourceType="role", ResourceNames=["dev-one"], All=True)
        assert {name for name, _, _ in tags(ram, ResourceType="role")} == {"dev-two"}
        for action, further in (
            ("TagResources", {"Tag": tag}),
            ("UntagResources", {"All": True}),
            ("ListTagResources", {}),
        ):
            for kind, names in (
                ("role", ["dev-one", "ops"]),
                ("role", ["dev-one", "nosuch"]),
                ("policy", ["own"]),
            ):
                parameters = {"ResourceType": kind, "ResourceNames": names, **further}
                assert _code(ram, action, parameters) == "NoPermission", (action, kind, names)
        for names in (["*"], "nonsense", ["dev-one"] * 20_000):
            parameters = {"ResourceType": "role", "ResourceNames": names, "Tag": tag}
            assert _code(ram, "TagResources", parameters) == "NoPermission"
        padded = '["ops"' + " " * 70_000 + ', "dev-two"]'
        assert {name for name, _, _ in tags(ram, ResourceType="role", ResourceNames=padded)} == {"dev-two"}
        assert _code(ram, "ListTagResources", {"ResourceType": "role", "ResourceNames": ["*"]}) == "OK"
        assert _code(ram, "TagResources", {"ResourceType": "role", "Tag": tag}) == "NoPermission"
    assert ("ops", "team", "ops") in tags(ram, ResourceType="role")
    assert not [name for name, key, _ in tags(ram, ResourceType="role") if key == "new" and name == "ops"]


def test_the_right_may_depend_on_the_tags_of_each(ram: Api) -> None:
    for name, team in (("one", "red"), ("two", "blue")):
        make_role(ram, name, Tag=[{"Key": "team", "Value": team}])
    statement = {
        "Effect": "Allow", "Action": "ram:*", "Resource": "*",
        "Condition": {"StringEquals": {"acs:ResourceTag/team": "red"}},
    }  # fmt: skip
    keep = {
        "Effect": "Deny", "Action": "ram:TagResources", "Resource": "*",
        "Condition": {"StringEquals": {"acs:RequestTag/team": "blue"}},
    }  # fmt: skip
    ram("CreateUser", UserName="ann")
    ram("CreatePolicy", PolicyName="own", PolicyDocument={"Version": "1", "Statement": [statement, keep]})
    ram("AttachPolicyToUser", PolicyType="Custom", PolicyName="own", UserName="ann")
    made = ram("CreateAccessKey", UserName="ann")["AccessKey"]
    with ram.signed_by(made["AccessKeyId"], made["AccessKeySecret"]):
        which = {"ResourceType": "role"}
        tag = {"Tag": [{"Key": "new", "Value": "x"}]}
        ram("TagResources", **which, ResourceNames=["one"], **tag)
        for names in (["two"], ["one", "two"], ["nosuch"]):
            assert _code(ram, "TagResources", {**which, "ResourceNames": names, **tag}) == "NoPermission"
        blue = {"Tag": [{"Key": "team", "Value": "blue"}]}
        assert _code(ram, "TagResources", {**which, "ResourceNames": ["one"], **blue}) == "NoPermission"
        assert tags(ram, ResourceType="role") == [("one", "team", "red"), ("one", "new", "x")]


def _code(ram: Api, action: str, parameters: dict[str, Any]) -> str:
    answer = ram.send(action, parameters)
    return "OK" if answer.status == 200 else str(json.loads(answer.body)["Code"])
