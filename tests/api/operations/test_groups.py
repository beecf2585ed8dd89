"""CreateGroup, GetGroup, UpdateGroup, DeleteGroup, ListGroups, and who is in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api


def test_a_group_from_its_making_to_its_end(ram: Api) -> None:
    made = ram("CreateGroup", GroupName="Dev-Team", Comments="家")["Group"]
    assert re.fullmatch(r"g-[A-Za-z0-9]{16}", made["GroupId"])
    assert (made["GroupName"], made["Comments"]) == ("Dev-Team", "家")
    renamed = ram("UpdateGroup", GroupName="dev-team", NewGroupName="ops")["Group"]
    assert (renamed["GroupId"], renamed["Comments"]) == (made["GroupId"], "家")
    assert ram("GetGroup", GroupName="ops")["Group"] == renamed
    assert [group["GroupName"] for group in ram("ListGroups")["Groups"]["Group"]] == ["ops"]
    ram("DeleteGroup", GroupName="ops")
    assert ram.refused("GetGroup", GroupName="ops")[:2] == (404, "EntityNotExist.Group")
    assert ram("ListGroups") == {"Groups": {"Group": []}, "IsTruncated": False}


def test_names_of_groups_are_taken_once(ram: Api) -> None:
    ram("CreateGroup", GroupName="devs")
    assert ram.refused("CreateGroup", GroupName="DEVS")[:2] == (409, "EntityAlreadyExists.Group")
    refused = ram.refused("CreateGroup", GroupName="a b")
    assert refused[:2] == (400, "InvalidParameter.GroupName.InvalidChars")


def test_who_is_in_a_group(ram: Api) -> None:
    ram("CreateGroup", GroupName="devs")
    for name in ("carol", "alice", "bob"):
        ram("CreateUser", UserName=name, DisplayName=name.title())
        ram("AddUserToGroup", UserName=name, GroupName="devs")
    refused = ram.refused("AddUserToGroup", UserName="bob", GroupName="devs")
    assert refused[:2] == (409, "EntityAlreadyExists.User.Group")
    first = ram("ListUsersForGroup", GroupName="devs", MaxItems=2)
    rest = ram("ListUsersForGroup", GroupName="devs", MaxItems=2, Marker=first["Marker"])
    members = first["Users"]["User"] + rest["Users"]["User"]
    assert [member["UserName"] for member in members] == ["alice", "bob", "carol"]
    assert members[0].keys() == {"UserName", "DisplayName", "JoinDate"}
    groups = ram("ListGroupsForUser", UserName="bob")["Groups"]["Group"]
    assert [group["GroupName"] for group in groups] == ["devs"]
    assert groups[0]["JoinDate"] >= members[1]["JoinDate"]


def test_a_group_with_users_or_policies_stays(ram: Api) -> None:
    ram("CreateGroup", GroupName="devs")
    ram("CreateUser", UserName="alice")
    ram("AddUserToGroup", UserName="alice", GroupName="devs")
    policy = {"PolicyType": "System", "PolicyName": "AliyunIMMReadOnlyAccess"}
    ram("AttachPolicyToGroup", GroupName="devs", **policy)
    assert ram.refused("DeleteGroup", GroupName="devs")[:2] == (409, "DeleteConflict.Group.User")
    ram("RemoveUserFromGroup", UserName="alice", GroupName="devs")
    assert ram.refused("DeleteGroup", GroupName="devs")[:2] == (409, "DeleteConflict.Group.Policy")
    ram("DetachPolicyFromGroup", GroupName="devs", **policy)
    ram("DeleteGroup", GroupName="devs")


@pytest.mark.parametrize("action", ["AddUserToGroup", "RemoveUserFromGroup"])
def test_both_must_exist(ram: Api, action: str) -> None:
    ram("CreateUser", UserName="alice")
    names = {"UserName": "alice", "GroupName": "devs"}
    assert ram.refused(action, **names)[:2] == (404, "EntityNotExist.Group")
    ram("CreateGroup", GroupName="devs")
    assert ram.refused(action, **names | {"UserName": "bob"})[:2] == (404, "EntityNotExist.User")


def test_who_is_not_in_a_group_cannot_leave_it(ram: Api) -> None:
    ram("CreateUser", UserName="alice")
    ram("CreateGroup", GroupName="devs")
    refused = ram.refused("RemoveUserFromGroup", UserName="alice", GroupName="devs")
    assert refused[:2] == (404, "EntityNotExist.User.Group")
