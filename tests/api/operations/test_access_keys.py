"""CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bindery.access.authorizer import Authority
from bindery.api.context import Acting, current_acting

if TYPE_CHECKING:
    from tests.api.conftest import Api


@pytest.fixture
def alice(ram: Api) -> dict[str, str]:
    """Parameters that name a user."""
    ram("CreateUser", UserName="alice")
    return {"UserName": "alice"}


@pytest.fixture
def account(ram: Api) -> Iterator[None]:
    """An account whose only key is the root key, also after tests that left others."""
    _forget_keys(ram)
    yield
    _forget_keys(ram)


def _forget_keys(ram: Api) -> None:
    for key in ram.catalog.access_keys.list(None):
        ram.catalog.access_keys.delete(None, key.id)


def make(ram: Api, **owner: str) -> dict[str, str]:
    key: dict[str, str] = ram("CreateAccessKey", **owner)["AccessKey"]
    return key


def listed(ram: Api, **owner: str) -> list[tuple[str, str]]:
    keys = ram("ListAccessKeys", **owner)["AccessKeys"]["AccessKey"]
    assert all(key.keys() == {"AccessKeyId", "Status", "CreateDate"} for key in keys)
    return [(key["AccessKeyId"], key["Status"]) for key in keys]


def test_a_secret_is_told_once(ram: Api, alice: dict[str, str]) -> None:
    key = make(ram, **alice)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", key["CreateDate"])
    assert (key["Status"], len(key["AccessKeySecret"]) >= 30) == ("Active", True)
    assert listed(ram, **alice) == [(key["AccessKeyId"], "Active")]
    assert key["AccessKeySecret"] not in str(ram("ListAccessKeys", **alice))


def test_a_user_has_two_keys_at_most(ram: Api, alice: dict[str, str]) -> None:
    first, second = make(ram, **alice), make(ram, **alice)
    assert ram.refused("CreateAccessKey", **alice)[:2] == (409, "LimitExceeded.User.AccessKey")
    ram("DeleteAccessKey", **alice, UserAccessKeyId=first["AccessKeyId"])
    third = make(ram, **alice)
    assert [key for key, _ in listed(ram, **alice)] == [second["AccessKeyId"], third["AccessKeyId"]]


def test_a_key_is_switched_off_and_on(ram: Api, alice: dict[str, str]) -> None:
    which = alice | {"UserAccessKeyId": make(ram, **alice)["AccessKeyId"]}
    for status in ("Inactive", "Inactive", "Active"):
        ram("UpdateAccessKey", **which, Status=status)
        assert listed(ram, **alice) == [(which["UserAccessKeyId"], status)]
    assert ram.refused("UpdateAccessKey", **which, Status="active").code == "InvalidParameter.Status"


def test_a_user_with_a_key_stays(ram: Api, alice: dict[str, str]) -> None:
    key = make(ram, **alice)
    assert ram.refused("DeleteUser", **alice)[:2] == (409, "DeleteConflict.User.AccessKey")
    ram("DeleteAccessKey", **alice, UserAccessKeyId=key["AccessKeyId"])
    ram("DeleteUser", **alice)


@pytest.mark.parametrize("action", ["DeleteAccessKey", "UpdateAccessKey", "GetAccessKeyLastUsed"])
def test_keys_of_others_are_not_found(ram: Api, alice: dict[str, str], account: None, action: str) -> None:
    key = make(ram, **alice)["AccessKeyId"]
    ram("CreateUser", UserName="bob")
    status = {"Status": "Inactive"} if action == "UpdateAccessKey" else {}
    for which in ({"UserName": "bob", "UserAccessKeyId": key}, {"UserAccessKeyId": key}):
        assert ram.refused(action, **which, **status)[:2] == (404, "EntityNotExist.User.AccessKey")
    nobody = {"UserName": "nobody", "UserAccessKeyId": key}
    assert ram.refused(action, **nobody, **status)[:2] == (404, "EntityNotExist.User")
    assert listed(ram, **alice) == [(key, "Active")]


def test_without_a_name_the_account_means_its_own_keys(ram: Api, account: None) -> None:
    key = make(ram)
    assert listed(ram) == [(key["AccessKeyId"], "Active")]
    found = ram.context.identities.find(key["AccessKeyId"])
    assert (found.is_account, found.secret) == (True, key["AccessKeySecret"])
    ram("UpdateAccessKey", UserAccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert not ram.context.identities.find(key["AccessKeyId"]).active
    ram("DeleteAccessKey", UserAccessKeyId=key["AccessKeyId"])
    assert listed(ram) == []


def test_a_key_that_has_signed_nothing(ram: Api, alice: dict[str, str]) -> None:
    which = alice | {"UserAccessKeyId": make(ram, **alice)["AccessKeyId"]}
    assert ram("GetAccessKeyLastUsed", **which) == {"AccessKeyLastUsed": {"LastUsedDate": ""}}


def test_without_a_name_a_user_means_himself(ram: Api, alice: dict[str, str]) -> None:
    """The operation itself, for whether he may is for the policies to say."""
    key = make(ram, **alice)
    alice = ram.context.identities.find(key["AccessKeyId"])
    as_alice = current_acting.set(Acting(alice, Authority(alice.grants)))
    try:
        run: Any = ram.gateway.built["ram:ListAccessKeys"]
        answer = run.run(ram.context, run.request())
    finally:
        current_acting.reset(as_alice)
    assert [each.access_key_id for each in answer.access_keys.access_key] == [key["AccessKeyId"]]


def test_a_key_has_a_label(ram: Api, account: None) -> None:
    """An extension; answers have it where there is one."""
    made = ram("CreateAccessKey", Label="ci \u00e9")["AccessKey"]
    make(ram)
    first, second = ram("ListAccessKeys")["AccessKeys"]["AccessKey"]
    assert (first["AccessKeyId"], first["Label"]) == (made["AccessKeyId"], "ci \u00e9")
    assert "Label" not in second
    assert ram.refused("CreateAccessKey", Label="x" * 129).code == "InvalidParameter.Label.Length"


def test_a_use_is_told_at_once(ram: Api, alice: dict[str, str]) -> None:
    key = make(ram, **alice)
    which = alice | {"UserAccessKeyId": key["AccessKeyId"]}
    assert ram("GetAccessKeyLastUsed", **which)["AccessKeyLastUsed"]["LastUsedDate"] == ""
    with ram.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        ram("GetCallerIdentity")
    assert ram("GetAccessKeyLastUsed", **which)["AccessKeyLastUsed"]["LastUsedDate"] != ""
