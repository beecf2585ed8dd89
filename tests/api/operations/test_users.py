"""CreateUser, GetUser, UpdateUser, DeleteUser, ListUsers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
WHOLE = {
    "UserName": "Alice.B_1-x",
    "DisplayName": "Alice 家 @home",
    "MobilePhone": "86-18600008888",
    "Email": "alice@example.com",
    "Comments": "<b>photos</b> & more",
}


def names(api: Api, **parameters: Any) -> list[str]:
    return [user["UserName"] for user in api("ListUsers", **parameters)["Users"]["User"]]


def test_a_user_has_what_it_was_made_with(ram: Api) -> None:
    made = ram("CreateUser", **WHOLE)["User"]
    assert re.fullmatch(r"\d{18}", made.pop("UserId"))
    assert DATE.fullmatch(made.pop("CreateDate"))
    assert made == WHOLE
    read = ram("GetUser", UserName="Alice.B_1-x")["User"]
    assert read["CreateDate"] == read["UpdateDate"]
    assert read["LastLoginDate"] == ""
    assert WHOLE.items() <= read.items()


def test_names_are_compared_without_regard_to_case(ram: Api) -> None:
    ram("CreateUser", UserName="Alice")
    assert ram.refused("CreateUser", UserName="alice")[:2] == (409, "EntityAlreadyExists.User")
    assert ram("GetUser", UserName="ALICE")["User"]["UserName"] == "Alice"


def test_what_is_not_given_stays(ram: Api) -> None:
    ram("CreateUser", **WHOLE)
    user_id = ram("GetUser", UserName=WHOLE["UserName"])["User"]["UserId"]
    changed = ram("UpdateUser", UserName=WHOLE["UserName"], NewUserName="bob", NewComments="new")["User"]
    assert changed["UserId"] == user_id
    expected = WHOLE | {"UserName": "bob", "Comments": "new"}
    assert {name: changed[name] for name in WHOLE} == expected
    assert ram.refused("GetUser", UserName=WHOLE["UserName"])[:2] == (404, "EntityNotExist.User")


def test_a_user_cannot_take_the_name_of_another(ram: Api) -> None:
    ram("CreateUser", UserName="alice")
    ram("CreateUser", UserName="bob")
    refused = ram.refused("UpdateUser", UserName="bob", NewUserName="Alice")
    assert refused[:2] == (409, "EntityAlreadyExists.User")
    assert ram("UpdateUser", UserName="bob", NewUserName="Bob")["User"]["UserName"] == "Bob"


@pytest.mark.parametrize("action", ["GetUser", "UpdateUser", "DeleteUser", "ListGroupsForUser"])
def test_a_user_that_does_not_exist(ram: Api, action: str) -> None:
    assert ram.refused(action, UserName="nobody") == (
        404,
        "EntityNotExist.User",
        "The user does not exist.",
    )


def test_users_are_listed_in_pages(ram: Api) -> None:
    made = sorted(f"user{number:02}" for number in range(7))
    for name in reversed(made):
        ram("CreateUser", UserName=name)
    assert names(ram) == made
    first = ram("ListUsers", MaxItems=3)
    assert first["IsTruncated"] is True
    second = ram("ListUsers", MaxItems=3, Marker=first["Marker"])
    third = ram("ListUsers", MaxItems=3, Marker=second["Marker"])
    assert third["IsTruncated"] is False
    assert "Marker" not in third
    pages = [[user["UserName"] for user in page["Users"]["User"]] for page in (first, second, third)]
    assert pages == [made[:3], made[3:6], made[6:]]


def test_a_list_goes_on_although_its_last_item_is_gone(ram: Api) -> None:
    for name in ("a", "b", "c"):
        ram("CreateUser", UserName=name)
    marker = ram("ListUsers", MaxItems=2)["Marker"]
    ram("DeleteUser", UserName="b")
    assert names(ram, Marker=marker) == ["c"]


@pytest.mark.parametrize("marker", ["x", "%00", "🙂", "dXNlcnM6", "Z3JvdXBzOmE", "=" * 9])
def test_markers_of_other_lists_are_refused(ram: Api, marker: str) -> None:
    assert ram.refused("ListUsers", Marker=marker)[:2] == (400, "InvalidParameter.Marker")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a b", "InvalidChars"),
        ("a/../b", "InvalidChars"),
        ("*", "InvalidChars"),
        ("a\nb", "InvalidChars"),
        ("a\n", "InvalidChars"),
        ("é", "InvalidChars"),
        ("a\0b", "InvalidChars"),
        ("a:b", "InvalidChars"),
        ("a@b", "InvalidChars"),
        ("x" * 65, "Length"),
    ],
)
def test_names_of_users(ram: Api, name: str, code: str) -> None:
    assert ram.refused("CreateUser", UserName=name)[:2] == (400, f"InvalidParameter.UserName.{code}")
    ram("CreateUser", UserName="user")
    refused = ram.refused("UpdateUser", UserName="user", NewUserName=name)
    assert refused[:2] == (400, f"InvalidParameter.NewUserName.{code}")


@pytest.mark.parametrize(
    ("parameter", "value", "code"),
    [
        ("DisplayName", "<script>", "InvalidParameter.DisplayName.InvalidChars"),
        ("DisplayName", "x" * 129, "InvalidParameter.DisplayName.Length"),
        ("Comments", "x" * 129, "InvalidParameter.Comments.Length"),
        ("MobilePhone", "12345", "InvalidParameter.MobilePhone.Format"),
        ("Email", "alice", "InvalidParameter.Email.Format"),
    ],
)
def test_what_is_told_about_users(ram: Api, parameter: str, value: str, code: str) -> None:
    assert ram.refused("CreateUser", UserName="user", **{parameter: value})[:2] == (400, code)


def test_a_user_is_deleted_once_nothing_hangs_on_it(ram: Api) -> None:
    ram("CreateUser", UserName="alice")
    ram("CreateGroup", GroupName="devs")
    ram("AddUserToGroup", UserName="alice", GroupName="devs")
    policy = {"PolicyType": "System", "PolicyName": "AliyunIMMReadOnlyAccess"}
    ram("AttachPolicyToUser", UserName="alice", **policy)
    codes = []
    for action, parameters in (
        ("RemoveUserFromGroup", {"GroupName": "devs"}),
        ("DetachPolicyFromUser", policy),
    ):
        codes.append(ram.refused("DeleteUser", UserName="alice")[:2])
        ram(action, UserName="alice", **parameters)
    assert codes == [(409, "DeleteConflict.User.Group"), (409, "DeleteConflict.User.Policy")]
    assert ram("DeleteUser", UserName="alice") == {}
    assert names(ram) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [("0", "Range"), ("1001", "Range"), ("9" * 30, "Range"), ("many", "Format"), ("1.5", "Format")],
)
def test_sizes_of_pages(ram: Api, value: str, code: str) -> None:
    assert ram.refused("ListUsers", MaxItems=value)[:2] == (400, f"InvalidParameter.MaxItems.{code}")
