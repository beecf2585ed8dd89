"""CreateRole, GetRole, UpdateRole, DeleteRole, ListRoles."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.api.operations.entities import ACCOUNT, make_role, trusting

if TYPE_CHECKING:
    from tests.api.conftest import Api


def test_a_role_has_what_it_was_made_with(ram: Api) -> None:
    made = make_role(ram, "Reader", Description="家", MaxSessionDuration=7_200)
    assert re.fullmatch(r"\d{18}", made["RoleId"])
    assert made["Arn"] == f"acs:ram::{ACCOUNT}:role/reader"
    assert made["MaxSessionDuration"] == 7_200
    assert json.loads(made["AssumeRolePolicyDocument"]) == json.loads(trusting())
    read = ram("GetRole", RoleName="reader")["Role"]
    assert made.items() <= read.items()
    assert (read["RoleName"], read["IsServiceLinkedRole"]) == ("Reader", False)


def test_a_session_lasts_an_hour_unless_told(ram: Api) -> None:
    assert make_role(ram, "reader")["MaxSessionDuration"] == 3_600


@pytest.mark.parametrize("seconds", ["3599", "43201", "0", "-1"])
def test_how_long_sessions_may_be(ram: Api, seconds: str) -> None:
    make_role(ram, "reader")
    parameters = {
        "RoleName": "other",
        "AssumeRolePolicyDocument": trusting(),
        "MaxSessionDuration": seconds,
    }
    refused = ram.refused("CreateRole", **parameters)
    assert refused[:2] == (400, "InvalidParameter.MaxSessionDuration.Range")
    refused = ram.refused("UpdateRole", RoleName="reader", NewMaxSessionDuration=seconds)
    assert refused[:2] == (400, "InvalidParameter.NewMaxSessionDuration.Range")


def test_what_is_not_given_stays(ram: Api) -> None:
    made = make_role(ram, "reader", Description="old", MaxSessionDuration=7_200)
    trusted = trusting(f"acs:ram::{ACCOUNT}:user/alice")
    changed = ram("UpdateRole", RoleName="reader", NewAssumeRolePolicyDocument=trusted)["Role"]
    assert changed["AssumeRolePolicyDocument"] == trusted
    assert (changed["Description"], changed["MaxSessionDuration"]) == ("old", 7_200)
    assert changed["RoleId"] == made["RoleId"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("", "MissingAssumeRolePolicyDocument"),
        ("{", "line 1, column 2"),
        ('{"Version": "1",\n "Statement": [{"Effect": "Allow"}]}', "/Statement/0"),
        (
            '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
            "Principal",
        ),
    ],
)
def test_trust_policies_that_are_none(ram: Api, document: str, place: str) -> None:
    refused = ram.refused("CreateRole", RoleName="reader", AssumeRolePolicyDocument=document)
    if document:
        assert refused[:2] == (400, "MalformedPolicyDocument")
        assert place in refused.message
    else:
        assert refused.code == place
    assert ram.refused("GetRole", RoleName="reader")[:2] == (404, "EntityNotExist.Role")


def test_a_long_trust_policy_is_refused(ram: Api) -> None:
    refused = ram.refused("CreateRole", RoleName="reader", AssumeRolePolicyDocument="{" + " " * 2_048)
    assert refused[:2] == (400, "InvalidParameter.AssumeRolePolicyDocument.Length")


def test_roles_are_listed_by_name_and_tag(ram: Api) -> None:
    make_role(ram, "b", Tag=[{"Key": "team", "Value": "x"}, {"Key": "空", "Value": ""}])
    make_role(ram, "a", Tag=[{"Key": "team", "Value": "y"}])
    make_role(ram, "c", Tag=[{"Key": "team", "Value": "x"}])
    roles = ram("ListRoles")["Roles"]["Role"]
    assert [role["RoleName"] for role in roles] == ["a", "b", "c"]
    assert roles[1]["Tags"]["Tag"] == [
        {"TagKey": "team", "TagValue": "x"},
        {"TagKey": "空", "TagValue": ""},
    ]
    first = ram("ListRoles", Tag=[{"Key": "team", "Value": "x"}], MaxItems=1)
    rest = ram("ListRoles", Tag=[{"Key": "team", "Value": "x"}], Marker=first["Marker"])
    found = first["Roles"]["Role"] + rest["Roles"]["Role"]
    assert [role["RoleName"] for role in found] == ["b", "c"]


def test_a_role_with_policies_stays(ram: Api) -> None:
    make_role(ram, "reader")
    policy = {"PolicyType": "System", "PolicyName": "AliyunIMMReadOnlyAccess"}
    ram("AttachPolicyToRole", RoleName="reader", **policy)
    assert ram.refused("DeleteRole", RoleName="reader")[:2] == (409, "DeleteConflict.Role.Policy")
    ram("DetachPolicyFromRole", RoleName="reader", **policy)
    ram("DeleteRole", RoleName="reader")
    assert ram.refused("DeleteRole", RoleName="reader")[:2] == (404, "EntityNotExist.Role")


def test_names_of_roles(ram: Api) -> None:
    make_role(ram, "Reader")
    document = {"AssumeRolePolicyDocument": trusting()}
    assert ram.refused("CreateRole", RoleName="reader", **document)[:2] == (409, "EntityAlreadyExists.Role")
    refused = ram.refused("CreateRole", RoleName="a_b", **document)
    assert refused[:2] == (400, "InvalidParameter.RoleName.InvalidChars")
    refused = ram.refused("CreateRole", RoleName="x" * 65, **document)
    assert refused[:2] == (400, "InvalidParameter.RoleName.Length")
