"""How long, how many and how large in RAM and STS: the last value that is taken, and the first that is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.operations.entities import ACCOUNT, allowing, make_policy, make_role, trusting

if TYPE_CHECKING:
    from tests.api.conftest import Api

NAMES = [
    ("CreateUser", "UserName", 64),
    ("CreateGroup", "GroupName", 64),
    ("CreateRole", "RoleName", 64),
    ("CreatePolicy", "PolicyName", 128),
]
NEEDED: dict[str, dict[str, Any]] = {
    "CreateUser": {"UserName": "one"},
    "CreateGroup": {"GroupName": "one"},
    "CreateRole": {"RoleName": "one", "AssumeRolePolicyDocument": trusting()},
    "CreatePolicy": {"PolicyName": "one", "PolicyDocument": allowing()},
}
TEXTS = [
    *NAMES,
    ("CreateUser", "DisplayName", 128),
    ("CreateUser", "Comments", 128),
    ("CreateGroup", "Comments", 128),
    ("CreateRole", "Description", 1_024),
    ("CreatePolicy", "Description", 1_024),
]


def code(ram: Api, action: str, parameters: dict[str, Any]) -> str:
    """``OK``, or the code of the refusal."""
    answer = ram.send(action, parameters)
    return "OK" if answer.status == 200 else str(json.loads(answer.body)["Code"])


@pytest.mark.parametrize(("action", "parameter", "most"), TEXTS)
def test_characters_of_a_text(ram: Api, action: str, parameter: str, most: int) -> None:
    longer = NEEDED[action] | {parameter: "x" * (most + 1)}
    assert code(ram, action, longer) == f"InvalidParameter.{parameter}.Length"
    assert code(ram, action, NEEDED[action] | {parameter: "x" * most}) == "OK"


@pytest.mark.parametrize(
    ("action", "parameter", "most", "document"),
    [
        ("CreatePolicy", "PolicyDocument", 6_144, allowing()),
        ("CreatePolicyVersion", "PolicyDocument", 6_144, allowing()),
        ("CreateRole", "AssumeRolePolicyDocument", 2_048, trusting()),
        ("UpdateRole", "NewAssumeRolePolicyDocument", 2_048, trusting()),
    ],
)
def test_characters_of_a_document(ram: Api, action: str, parameter: str, most: int, document: str) -> None:
    """Blanks count; characters do, not bytes."""
    if action.startswith(("CreatePolicyVersion", "Update")):
        make_policy(ram)
        make_role(ram, "own")
    name = {"PolicyName" if "Policy" in action else "RoleName": "own"}
    assert (
        code(ram, action, {**name, parameter: document.ljust(most + 1)})
        == f"InvalidParameter.{parameter}.Length"
    )
    wide = document.replace('"*"', '"acs:oss:*:*:家*"').ljust(most)
    assert code(ram, action, {**name, parameter: wide}) == "OK"


@pytest.mark.parametrize(("parameter", "least", "most"), [("MaxSessionDuration", 3_600, 43_200)])
def test_seconds_of_a_role(ram: Api, parameter: str, least: int, most: int) -> None:
    for seconds in (least - 1, most + 1):
        refused = code(ram, "CreateRole", NEEDED["CreateRole"] | {parameter: seconds})
        assert refused == f"InvalidParameter.{parameter}.Range"
    for number, seconds in enumerate((least, most)):
        assert make_role(ram, f"r{number}", **{parameter: seconds})[parameter] == seconds


@pytest.mark.parametrize("action", ["ListUsers", "ListGroups", "ListRoles", "ListPolicies"])
def test_items_of_a_page(ram: Api, action: str) -> None:
    assert code(ram, action, {"MaxItems": 1_001}) == "InvalidParameter.MaxItems.Range"
    assert code(ram, action, {"MaxItems": 1_000}) == "OK"


@pytest.mark.parametrize("kind", ["User", "Group", "Role"])
def test_ten_policies_of_its_own(ram: Api, kind: str) -> None:
    """Of a user, a group, or a role; those of the system do not count among them."""
    assert ram(f"Create{kind}", **NEEDED[f"Create{kind}"])
    to = {f"{kind}Name": "one", "PolicyType": "Custom"}
    for number in range(11):
        make_policy(ram, f"own{number}")
    for number in range(10):
        ram(f"AttachPolicyTo{kind}", **to, PolicyName=f"own{number}")
    refused = ram.refused(f"AttachPolicyTo{kind}", **to, PolicyName="own10")
    assert refused[:2] == (409, f"LimitExceeded.{kind}.Policy")
    ram(f"AttachPolicyTo{kind}", **to | {"PolicyType": "System"}, PolicyName="AliyunIMMReadOnlyAccess")
    ram(f"DetachPolicyFrom{kind}", **to, PolicyName="own0")
    ram(f"AttachPolicyTo{kind}", **to, PolicyName="own10")


def test_ten_groups_of_a_user(ram: Api) -> None:
    ram("CreateUser", UserName="one")
    for number in range(11):
        ram("CreateGroup", GroupName=f"g{number}")
    for number in range(10):
        ram("AddUserToGroup", UserName="one", GroupName=f"g{number}")
    refused = ram.refused("AddUserToGroup", UserName="one", GroupName="g10")
    assert refused[:2] == (409, "LimitExceeded.User.Group")


@pytest.mark.parametrize(
    ("parameter", "taken", "refused", "of"),
    [
        ("DurationSeconds", (900, 3_600), (899, 43_201), "DurationSeconds"),
        ("RoleSessionName", ("ab", "x" * 64), ("a", "x" * 65), "RoleSessionName"),
        ("ExternalId", ("ab", "x" * 1_224), ("a", "x" * 1_225), "ExternalId"),
        ("Policy", (allowing().ljust(2_048),), (allowing().ljust(2_049),), "PolicySize"),
    ],
)
def test_what_a_session_may_be(
    ram: Api, parameter: str, taken: tuple[Any, ...], refused: tuple[Any, ...], of: str
) -> None:
    make_role(ram, "job")
    ram("CreateUser", UserName="ann")
    ram(
        "AttachPolicyToUser",
        PolicyType="System",
        PolicyName="AliyunSTSAssumeRoleAccess",
        UserName="ann",
    )
    key = ram("CreateAccessKey", UserName="ann")["AccessKey"]
    wanted = {"RoleArn": f"acs:ram::{ACCOUNT}:role/job", "RoleSessionName": "me"}
    with ram.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        for value in taken:
            assert code(ram, "AssumeRole", wanted | {parameter: value}) == "OK", value
        for value in refused:
            assert code(ram, "AssumeRole", wanted | {parameter: value}) == f"InvalidParameter.{of}", value


@pytest.mark.parametrize(
    ("action", "parameter", "good", "bad"),
    [
        ("CreateUser", "UserName", "a.b_c-D9", ("a b", "家", "a/b", "a*", "a@b")),
        ("CreateGroup", "GroupName", "a.b_c-D9", ("a b", "家", "a/b", "a*")),
        ("CreateRole", "RoleName", "a.b-D9", ("a_b", "a b", "家", "a/b", "a*")),
        ("CreatePolicy", "PolicyName", "a-D9", ("a_b", "a.b", "家", "a/b", "a*")),
    ],
)
def test_characters_of_a_name(
    ram: Api, action: str, parameter: str, good: str, bad: tuple[str, ...]
) -> None:
    for name in bad:
        refused = code(ram, action, NEEDED[action] | {parameter: name})
        assert refused == f"InvalidParameter.{parameter}.InvalidChars", name
    assert code(ram, action, NEEDED[action] | {parameter: good}) == "OK"
