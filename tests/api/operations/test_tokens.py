"""Temporary credentials: AssumeRole and GetCallerIdentity, and calls signed with what they give."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from bindery.access.authorizer import Authority
from bindery.access.keys import AccessKey
from bindery.api.context import Acting, Context, current_acting
from bindery.api.errors import ApiError
from bindery.api.messages.tokens import AssumeRoleRequest, AssumeRoleResponseBodyCredentials
from bindery.api.operations.tokens.assume_role import assume_role
from bindery.catalog.access_records import Policy, PolicyType, PrincipalKind, Role, User

from ..conftest import Api

ACCOUNT = "1000000000000001"
ROLE_ARN = f"acs:ram::{ACCOUNT}:role/Reader"
TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"RAM": [f"acs:ram::{ACCOUNT}:user/alice"]}}
        ],
    }
)  # fmt: skip


@pytest.fixture
def alice(api: Api) -> Iterator[AccessKey]:
    """A user's key; the role ``Reader`` trusts her."""
    api.catalog.users.create(User(name="alice"))
    api.catalog.roles.create(Role(name="Reader", trust_policy=TRUST))
    key = api.context.identities.make_key("alice")[1]
    yield key
    api.catalog.roles.delete("Reader")
    api.catalog.access_keys.delete("alice", key.id)
    api.catalog.users.delete("alice")


def assume(
    api: Api,
    caller: str,
    arn: str = ROLE_ARN,
    name: str = "me",
    conditions: dict[str, str] | None = None,
    **wanted: Any,
) -> AssumeRoleResponseBodyCredentials:
    """As the gateway performs it for a caller who has ``sts:AssumeRole`` on the role."""
    identity = api.context.identities.find(caller)
    held = current_acting.set(Acting(identity, Authority(identity.grants, conditions or {})))
    try:
        answer = assume_role(api.context, AssumeRoleRequest(role_arn=arn, role_session_name=name, **wanted))
    finally:
        current_acting.reset(held)
    assert answer.credentials is not None
    return answer.credentials


def refused(api: Api, caller: str, **wanted: Any) -> tuple[int, str, str]:
    with pytest.raises(ApiError) as caught:
        assume(api, caller, **wanted)
    return caught.value.status, caught.value.code, caught.value.message


def signer(credentials: AssumeRoleResponseBodyCredentials) -> tuple[str, str, str]:
    given = credentials.access_key_id, credentials.access_key_secret, credentials.security_token
    assert None not in given
    return given  # type: ignore[return-value]


def test_who_one_is(api: Api, alice: AccessKey) -> None:
    user, role = api.catalog.users.get("alice"), api.catalog.roles.get("reader")
    assert api("GetCallerIdentity") == {
        "AccountId": ACCOUNT, "Arn": f"acs:ram::{ACCOUNT}:root", "IdentityType": "Account",
        "PrincipalId": ACCOUNT, "UserId": ACCOUNT,
    }  # fmt: skip
    with api.signed_by(alice.id, alice.secret):
        assert api("GetCallerIdentity") == {
            "AccountId": ACCOUNT, "Arn": f"acs:ram::{ACCOUNT}:user/alice", "IdentityType": "RAMUser",
            "PrincipalId": user.id, "UserId": user.id,
        }  # fmt: skip
    with api.signed_by(*signer(assume(api, alice.id))):
        assert api("GetCallerIdentity") == {
            "AccountId": ACCOUNT, "Arn": f"acs:ram::{ACCOUNT}:assumed-role/Reader/me",
            "IdentityType": "AssumedRoleUser", "PrincipalId": f"{role.id}:me", "RoleId": role.id,
        }  # fmt: skip


def test_what_assume_role_gives(api: Api, alice: AccessKey) -> None:
    given = assume(api, alice.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", given.expiration or "")
    assert (given.access_key_id or "").startswith("STS.")


def test_the_account_assumes_no_role(api: Api, alice: AccessKey) -> None:
    code = api.refused("AssumeRole", RoleArn=ROLE_ARN, RoleSessionName="me")
    assert (code.status, code.code) == (403, "NoPermission")
    assert code.message.startswith("Roles may not be assumed by root accounts.")


def test_what_is_wrong_with_a_request(api: Api, alice: AccessKey) -> None:
    assert refused(api, alice.id, arn=f"acs:ram::{ACCOUNT}:role/other")[:2] == (404, "EntityNotExist.Role")
    assert refused(api, alice.id, arn="acs:ram::77:role/Reader")[:2] == (404, "EntityNotExist.Role")
    status, code, message = refused(api, alice.id, duration_seconds=3_601)
    assert (status, code) == (400, "InvalidParameter.DurationSeconds")
    assert "3600" in message
    status, code, message = refused(api, alice.id, policy='{"Version":"1","Statement":[{}]}')
    assert (status, code) == (400, "InvalidParameter.PolicyGrammar")
    assert "line 1, column 29 (/Statement/0)" in message
    api.catalog.roles.update(
        "Reader", lambda held: replace(held, trust_policy=TRUST.replace("alice", "bob"))
    )
    assert refused(api, alice.id)[:2] == (403, "NoPermission")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MissingRoleArn"),
        ({"RoleArn": ROLE_ARN}, "MissingRoleSessionName"),
        ({"RoleArn": "Reader", "RoleSessionName": "me"}, "InvalidParameter.RoleArn"),
        ({"RoleArn": ROLE_ARN, "RoleSessionName": "m"}, "InvalidParameter.RoleSessionName"),
        ({"RoleArn": ROLE_ARN, "RoleSessionName": "a b"}, "InvalidParameter.RoleSessionName"),
        ({"RoleArn": ROLE_ARN, "RoleSessionName": "x" * 65}, "InvalidParameter.RoleSessionName"),
        ({"RoleArn": ROLE_ARN, "RoleSessionName": "me", "DurationSeconds": 899}, "InvalidParameter.DurationSeconds"),
        ({"RoleArn": ROLE_ARN, "RoleSessionName": "me", "DurationSeconds": 43_201}, "InvalidParameter.DurationSeconds"),
        ({"RoleArn": ROLE_ARN, "RoleSessionName": "me", "ExternalId": "x"}, "InvalidParameter.ExternalId"),
        ({"RoleArn": ROLE_ARN, "RoleSessionName": "me", "Policy": "x" * 2_049}, "InvalidParameter.PolicySize"),
    ],
)  # fmt: skip
def test_parameters_out_of_form(api: Api, parameters: dict[str, Any], code: str) -> None:
    assert api.refused("AssumeRole", **parameters).code == code


def test_credentials_are_good_together_only(api: Api, alice: AccessKey) -> None:
    key_id, secret, token = signer(assume(api, alice.id))
    other = signer(assume(api, alice.id, name="you"))
    wrong = [
        ((key_id, secret, ""), (400, "MissingSecurityToken")),
        ((key_id, secret, token[:-9]), (400, "InvalidSecurityToken.Malformed")),
        ((key_id, secret, "CAISforged"), (400, "InvalidSecurityToken.Malformed")),
        ((key_id, secret, other[2]), (400, "InvalidSecurityToken.MismatchWithAccessKey")),
        ((key_id, other[1], token), (400, "SignatureDoesNotMatch")),
        ((alice.id, alice.secret, token), (400, "InvalidSecurityToken.MismatchWithAccessKey")),
    ]
    for signed, refusal in wrong:
        with api.signed_by(*signed):
            found = api.refused("GetCallerIdentity")
            assert (found.status, found.code) == refusal
            assert secret not in found.message


def test_a_session_ends_with_its_time_and_its_role(
    api: Api, alice: AccessKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = assume(api, alice.id, duration_seconds=900)
    with api.signed_by(*signer(credentials)):
        assert api("GetCallerIdentity")
        with monkeypatch.context() as later:
            later.setattr("bindery.access.tokens.Session.is_over", property(lambda _: True))
            found = api.refused("GetCallerIdentity")
        assert (found.status, found.code) == (400, "InvalidSecurityToken.Expired")
        api.catalog.roles.delete("Reader")
        assert api.refused("GetCallerIdentity").code == "InvalidAccessKeyId.NotFound"
        api.catalog.roles.create(Role(name="Reader", trust_policy=TRUST))
        assert api.refused("GetCallerIdentity").code == "InvalidAccessKeyId.NotFound"


def test_a_call_under_way_ends_as_it_began(
    api: Api, alice: AccessKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is deleted while the call runs: it is answered, and the next one is refused."""
    running, go_on = threading.Event(), threading.Event()
    built = api.gateway.built["ram:GetUser"]

    def slow(context: Context, request: Any) -> Any:
        running.set()
        assert go_on.wait(60)
        return built.run(context, request)

    monkeypatch.setitem(api.gateway.built, "ram:GetUser", replace(built, run=slow))
    allowed = PolicyType.SYSTEM, "AliyunRAMReadOnlyAccess", PrincipalKind.USER, "alice"
    api.catalog.policies.attach(*allowed)
    with api.signed_by(alice.id, alice.secret), ThreadPoolExecutor(1) as threads:
        try:
            answer = threads.submit(api.send, "GetUser", {"UserName": "alice"})
            assert running.wait(60)
            api.catalog.policies.detach(*allowed)
            api.catalog.access_keys.set_active("alice", alice.id, active=False)
        finally:
            go_on.set()
        assert answer.result(60).status == 200
        assert api.refused("GetCallerIdentity").code == "InvalidAccessKeyId.Inactive"


def test_users_and_sessions_may_do_nothing_without_policies(api: Api, alice: AccessKey) -> None:
    for signed in ((alice.id, alice.secret, ""), signer(assume(api, alice.id))):
        with api.signed_by(*signed):
            assert api.send("ListProjects", {}).status == 403
            assert api.send("GetProject", {"ProjectName": "p"}).status == 403
            assert api.send("ListUsers", {}).status == 403
            assert api.send("AssumeRole", {"RoleArn": ROLE_ARN, "RoleSessionName": "me"}).status == 403


def test_a_trust_policy_may_ask_where_the_caller_is(api: Api, alice: AccessKey) -> None:
    inside = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}
    document = json.loads(TRUST)
    document["Statement"][0]["Condition"] = inside
    api.catalog.roles.update("Reader", lambda held: replace(held, trust_policy=json.dumps(document)))
    assert assume(api, alice.id, conditions={"acs:SourceIp": "10.1.2.3"})
    assert refused(api, alice.id, conditions={"acs:SourceIp": "11.1.2.3"})[:2] == (403, "NoPermission")
    assert refused(api, alice.id)[:2] == (403, "NoPermission")


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("sts:RoleSessionName", {"RoleSessionName": "nightly"}),
        ("sts:ExternalId", {"RoleSessionName": "me", "ExternalId": "nightly"}),
        ("sts:sourceidentity", {"RoleSessionName": "me", "SourceIdentity": "nightly"}),
    ],
)
def test_a_users_own_policy_may_ask_how_a_role_is_assumed(
    api: Api, alice: AccessKey, key: str, parameters: dict[str, str]
) -> None:
    statement = {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE_ARN,
        "Condition": {"StringEquals": {key: "nightly"}},
    }  # fmt: skip
    api.catalog.policies.create(
        Policy(name="assume"), json.dumps({"Version": "1", "Statement": [statement]})
    )
    api.catalog.policies.attach(PolicyType.CUSTOM, "assume", PrincipalKind.USER, "alice")
    try:
        with api.signed_by(alice.id, alice.secret):
            assert api("AssumeRole", RoleArn=ROLE_ARN, **parameters)["Credentials"]
            assert api.send("AssumeRole", {"RoleArn": ROLE_ARN, "RoleSessionName": "me"}).status == 403
    finally:
        api.catalog.policies.detach(PolicyType.CUSTOM, "assume", PrincipalKind.USER, "alice")
        api.catalog.policies.delete("assume")
