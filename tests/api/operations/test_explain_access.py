"""ExplainAccess and ListPermissions: whose rights, which statement, and who may ask."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.api.conftest import Api

ACCOUNT = "1000000000000001"
DATASET = f"acs:imm:cn-hangzhou:{ACCOUNT}:project/p/dataset/d"


def policy(*statements: tuple[str, Any, Any], **condition: Any) -> str:
    made = [
        {"Effect": effect, "Action": action, "Resource": resource}
        | ({"Condition": condition} if condition else {})
        for effect, action, resource in statements
    ]
    return json.dumps({"Version": "1", "Statement": made})


@pytest.fixture
def reader(ram: Api) -> Api:
    """A user with a policy of his own, in a group that is denied something."""
    ram("CreateUser", UserName="reader")
    ram("CreateGroup", GroupName="guests")
    ram("AddUserToGroup", UserName="reader", GroupName="guests")
    documents = {
        "reading": policy(("Allow", ["imm:Get*", "imm:List*"], "*"), ("Allow", "imm:SimpleQuery", DATASET)),
        "closed": policy(("Deny", "imm:*", "acs:imm:*:*:project/secret*")),
    }
    for name, document in documents.items():
        ram("CreatePolicy", PolicyName=name, PolicyDocument=document)
    ram("AttachPolicyToUser", PolicyType="Custom", PolicyName="reading", UserName="reader")
    ram("AttachPolicyToGroup", PolicyType="Custom", PolicyName="closed", GroupName="guests")
    return ram


def explain(api: Api, action: str, resource: str, **given: Any) -> dict[str, Any]:
    whose = {} if "RoleName" in given else {"UserName": "reader"}
    return api("ExplainAccess", AuthAction=action, AuthResource=resource, **whose, **given)


def deciding(explained: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [
        (policy["Source"], policy["PolicyName"], statement["Number"])
        for policy in explained["Policies"]
        for statement in policy["Statements"]
        if statement["Decided"]
    ]


def test_the_tags_of_the_resource_are_those_it_has(reader: Api) -> None:
    tagged = policy(("Allow", "imm:UpdateProject", "*"), StringEquals={"acs:ResourceTag/team": "red"})
    reader("CreatePolicy", PolicyName="tagged", PolicyDocument=tagged)
    reader("AttachPolicyToUser", PolicyType="Custom", PolicyName="tagged", UserName="reader")
    for name, color in (("p", "red"), ("q", "blue")):
        reader("CreateProject", ProjectName=name, Tag=[{"Key": "team", "Value": color}])
    assert explain(reader, "imm:UpdateProject", "project/p")["Allowed"]
    found = explain(reader, "imm:UpdateProject", "project/q")
    assert (found["Allowed"], found["AuthConditions"]["acs:ResourceTag/team"]) == (False, ["blue"])
    given = {"acs:ResourceTag/team": "red"}
    assert explain(reader, "imm:UpdateProject", "project/q", AuthConditions=given)["Allowed"]
    # what a policy does not ask for is not shown
    assert "acs:ResourceTag/team" not in explain(reader, "imm:GetProject", "project/p")["AuthConditions"]


def test_the_statement_that_allows(reader: Api) -> None:
    found = explain(reader, "imm:SimpleQuery", "project/p/dataset/d")
    assert (found["Allowed"], found["Cause"], found["AuthResource"]) == (True, "Allow", DATASET)
    assert deciding(found) == [("user", "reading", 2)]
    assert "statement 2 of policy reading" in found["Summary"]
    reading = next(each for each in found["Policies"] if each["PolicyName"] == "reading")
    first = reading["Statements"][0]
    assert first["Applies"] is False
    assert [reason["Met"] for reason in first["Reasons"]] == [False, True]
    assert "is not covered by" in first["Reasons"][0]["Text"]


def test_the_statement_of_a_group_that_denies(reader: Api) -> None:
    found = explain(reader, "imm:GetProject", "project/secret-plans")
    assert (found["Allowed"], found["Cause"]) == (False, "ExplicitDeny")
    assert deciding(found) == [("group:guests", "closed", 1)]


def test_nothing_allows(reader: Api) -> None:
    found = explain(reader, "imm:DeleteProject", "project/p")
    assert (found["Allowed"], found["Cause"], deciding(found)) == (False, "ImplicitDeny", [])


def test_conditions_are_given_and_the_time_is_now(reader: Api) -> None:
    document = policy(("Allow", "imm:DeleteProject", "*"), IpAddress={"acs:SourceIp": "10.0.0.0/8"})
    reader("CreatePolicy", PolicyName="inside", PolicyDocument=document)
    reader("AttachPolicyToUser", PolicyType="Custom", PolicyName="inside", UserName="reader")
    assert explain(reader, "imm:DeleteProject", "project/p")["Allowed"] is False
    found = explain(reader, "imm:DeleteProject", "project/p", AuthConditions={"acs:sourceip": "10.1.2.3"})
    assert found["Allowed"] is True
    assert found["AuthConditions"]["acs:SourceIp"] == ["10.1.2.3"]
    assert found["AuthConditions"]["acs:PrincipalARN"] == [f"acs:ram::{ACCOUNT}:user/reader"]
    assert found["AuthConditions"]["acs:CurrentTime"][0].endswith("Z")


def test_a_list_is_allowed_by_the_rule_of_lists(reader: Api) -> None:
    reader("DetachPolicyFromUser", PolicyType="Custom", PolicyName="reading", UserName="reader")
    reader("CreatePolicy", PolicyName="one", PolicyDocument=policy(("Allow", "imm:ListDatasets", DATASET)))
    reader("AttachPolicyToUser", PolicyType="Custom", PolicyName="one", UserName="reader")
    found = explain(reader, "imm:ListDatasets", "project/p/dataset/*")
    assert found["Allowed"] is False
    assert "shows the items" in found["Note"]
    assert "Note" not in explain(reader, "imm:ListDatasets", "project/q/dataset/*")


@pytest.mark.parametrize(
    ("action", "resource", "whole"),
    [
        ("oss:GetObject", "oss://bucket/a/b", f"acs:oss:*:{ACCOUNT}:bucket/a/b"),
        ("ram:GetUser", "user/reader", f"acs:ram::{ACCOUNT}:user/reader"),
        ("imm:GetProject", "acs:imm:other:1:project/p", "acs:imm:other:1:project/p"),
        ("bindery:RegisterBucket", "*", "*"),
    ],
)
def test_resources_as_people_write_them(reader: Api, action: str, resource: str, whole: str) -> None:
    assert explain(reader, action, resource)["AuthResource"] == whole


def test_a_session_policy_narrows_a_role(ram: Api) -> None:
    trust = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"RAM": f"acs:ram::{ACCOUNT}:root"},
            }
        ],
    }
    ram("CreateRole", RoleName="job", AssumeRolePolicyDocument=trust)
    ram("AttachPolicyToRole", PolicyType="System", PolicyName="AliyunIMMFullAccess", RoleName="job")
    narrow = policy(("Allow", "imm:Get*", "*"))
    found = explain(ram, "imm:DeleteProject", "project/p", RoleName="job", Policy=narrow)
    assert (found["Allowed"], found["Cause"]) == (False, "SessionImplicitDeny")
    assert explain(ram, "imm:GetProject", "project/p", RoleName="job", Policy=narrow)["Allowed"] is True
    permissions = ram("ListPermissions", RoleName="job", Policy=narrow, MaxResults=1_000)["Permissions"]
    assert {each["Action"] for each in permissions if each["Action"].startswith("imm:Get")}
    assert not [each for each in permissions if not each["Action"].startswith("imm:Get")]
    assert all(each["SessionAllows"] for each in permissions)
    assert ram.refused(
        "ExplainAccess", RoleName="job", Policy="{", AuthAction="imm:GetProject", AuthResource="*"
    ).code.startswith("InvalidParameter.Policy")


def test_what_a_user_may_do(reader: Api) -> None:
    pages = reader.pages("ListPermissions", "Permissions", UserName="reader", MaxResults=20)
    found = {each["Action"]: each for page in pages for each in page}
    assert len(found) == sum(map(len, pages)) > 20
    assert "imm:DeleteProject" not in found
    query = found["imm:SimpleQuery"]
    assert query["Extent"] == "Some"
    (allow,), (deny,) = query["Allows"], query["Denies"]
    assert allow == {
        "PolicyName": "reading",
        "PolicyType": "Custom",
        "Resources": [DATASET],
        "Source": "user",
        "Statement": 2,
    }
    assert (deny["PolicyName"], deny["Source"]) == ("closed", "group:guests")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "InvalidArgument"),
        ({"UserName": "reader", "RoleName": "job"}, "InvalidArgument"),
        ({"UserName": "reader", "Policy": "{}"}, "InvalidArgument"),
        ({"UserName": "nobody"}, "EntityNotExist.User"),
        ({"RoleName": "nobody"}, "EntityNotExist.Role"),
        ({"UserName": "reader", "AuthConditions": {"nothing": "x"}}, "InvalidAuthConditions"),
        ({"UserName": "reader", "AuthConditions": {"acs:SourceIp": 1}}, "InvalidAuthConditions"),
        ({"UserName": "reader", "AuthConditions": [1]}, "InvalidJSON"),
    ],
)
@pytest.mark.parametrize("action", ["ExplainAccess", "ListPermissions"])
def test_what_makes_no_sense(reader: Api, action: str, given: dict[str, Any], code: str) -> None:
    asked = {"AuthAction": "imm:GetProject", "AuthResource": "*"} if action == "ExplainAccess" else {}
    assert reader.refused(action, **asked, **given).code == code


def test_an_action_that_is_none(reader: Api) -> None:
    asked = {"UserName": "reader", "AuthResource": "*"}
    assert reader.refused("ExplainAccess", AuthAction="GetProject", **asked).code == "InvalidAuthAction"
    assert reader.refused("ExplainAccess", **asked).code == "MissingAuthAction"


@pytest.mark.parametrize("action", ["ExplainAccess", "ListPermissions", "ListAuditRecords"])
def test_users_are_denied_unless_they_are_granted_it(reader: Api, action: str) -> None:
    asked = {"AuthAction": "imm:GetProject", "AuthResource": "*"} if action == "ExplainAccess" else {}
    named = {} if action == "ListAuditRecords" else {"UserName": "reader"}
    reader("AttachPolicyToUser", PolicyType="System", PolicyName="AliyunIMMFullAccess", UserName="reader")
    key = reader("CreateAccessKey", UserName="reader")["AccessKey"]
    with reader.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        assert json.loads(reader.send(action, asked | named).body)["Code"] == "NoPermission"
    own = "acs:ram:*:*:user/reader" if named else "*"
    reader("CreatePolicy", PolicyName="own", PolicyDocument=policy(("Allow", f"bindery:{action}", own)))
    reader("AttachPolicyToUser", PolicyType="Custom", PolicyName="own", UserName="reader")
    with reader.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        assert reader.send(action, asked | named).status == 200
        if named:
            other = json.loads(reader.send(action, asked | {"UserName": "other"}).body)
            assert other["Code"] == "NoPermission", "whether there is such a user is not told"


def test_a_document_that_is_not_saved(reader: Api) -> None:
    """It stands in for the policy of its name, and the answer says what was decided before."""
    less = policy(("Allow", "imm:List*", "*"))
    found = explain(reader, "imm:GetProject", "project/p", PolicyDocument=less, PolicyName="Reading")
    assert (found["Allowed"], found["AllowedBefore"]) == (False, True)
    assert "statement 1 of policy reading" in found["SummaryBefore"]
    assert {each["PolicyName"]: each["VersionId"] for each in found["Policies"]}["reading"] == "unsaved"
    more = policy(("Allow", "imm:DeleteProject", "*"))
    added = explain(reader, "imm:DeleteProject", "project/p", PolicyDocument=more)
    assert (added["Allowed"], added["AllowedBefore"]) == (True, False)
    assert "AllowedBefore" not in explain(reader, "imm:GetProject", "project/p")
    # nothing was kept
    assert explain(reader, "imm:GetProject", "project/p")["Allowed"] is True


def test_it_stands_in_wherever_the_policy_is_attached(reader: Api) -> None:
    opened = policy(("Deny", "imm:*", "acs:imm:*:*:project/other*"))
    found = explain(reader, "imm:GetProject", "project/secret", PolicyDocument=opened, PolicyName="closed")
    assert (found["Allowed"], found["AllowedBefore"]) == (True, False)


def test_what_one_might_do_with_it(reader: Api) -> None:
    def actions(**given: Any) -> set[str]:
        found = reader("ListPermissions", UserName="reader", MaxResults=1000, **given)["Permissions"]
        return {each["Action"] for each in found}

    now = actions()
    then = actions(PolicyDocument=policy(("Allow", "imm:DeleteProject", "*")), PolicyName="reading")
    assert "imm:GetProject" in now - then
    assert then - now == {"imm:DeleteProject"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"PolicyName": "reading"}, "InvalidArgument"),
        ({"PolicyDocument": '{"Version": "1", "Statement": []}'}, "MalformedPolicyDocument"),
    ],
)
def test_what_cannot_be_imagined(reader: Api, given: dict[str, str], code: str) -> None:
    refused = reader.refused(
        "ExplainAccess", UserName="reader", AuthAction="imm:GetProject", AuthResource="*", **given
    )
    assert (refused.status, refused.code) == (400, code)
