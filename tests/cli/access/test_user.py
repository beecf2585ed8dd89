"""``bindery access user`` and ``key``: made in one command, complete or not at all, and gone without a trace."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest

from bindery.cli.access import showing
from bindery.cli.access.ram import Ram
from bindery.cli.client import ApiError, Client
from cli.access.conftest import Commands

DATASET = "acs:imm:*:*:project/p/dataset/d"


def statements(access: Commands, policy: str) -> list[dict[str, Any]]:
    found = access.ram("GetPolicy", PolicyName=policy, PolicyType="Custom")
    document = json.loads(found["DefaultPolicyVersion"]["PolicyDocument"])
    return document["Statement"]


def state(access: Commands) -> dict[str, Any]:
    """Everything that commands could leave behind."""
    users = [each["UserName"] for each in access.ram("ListUsers")["Users"]["User"]]
    return {
        "users": users,
        "policies": access.ram("ListPolicies", PolicyType="Custom")["Policies"]["Policy"],
        "attached": {name: access.ram("ListPoliciesForUser", UserName=name)["Policies"] for name in users},
        "keys": {name: access.ram("ListAccessKeys", UserName=name)["AccessKeys"] for name in users},
    }


def test_one_command_makes_a_user_with_a_limited_policy_and_a_key(access: Commands) -> None:
    done = access("user", "add", "reader", "--policy", "read-only", "--dataset", "p/d")
    key = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert set(key) == {"BINDERY_ACCESS_KEY_ID", "BINDERY_ACCESS_KEY_SECRET"}
    assert "shown this once" in done.stderr
    assert key["BINDERY_ACCESS_KEY_SECRET"] not in done.stderr
    assert statements(access, "user-reader-read-only") == [
        {"Effect": "Allow", "Action": ["imm:Get*", "imm:List*"], "Resource": [DATASET]}
    ]
    shown = access.json("user", "show", "reader")
    assert [each["PolicyName"] for each in shown["Policies"]] == ["user-reader-read-only"]
    assert [each["AccessKeyId"] for each in shown["AccessKeys"]] == [key["BINDERY_ACCESS_KEY_ID"]]
    said = access("user", "show", "reader").stdout
    assert "user-reader-read-only" in said and key["BINDERY_ACCESS_KEY_ID"] in said
    access("user", "remove", "reader")


def test_the_same_command_again_changes_nothing(access: Commands) -> None:
    words = ("user", "add", "again", "--policy", "query", "--project", "p", "--json")
    first = json.loads(access(*words).stdout)
    before = state(access)
    second = json.loads(access(*words).stdout)
    assert state(access) == before
    assert second == {name: first[name] for name in ("UserName", "Policies", "AccessKeyId")}
    said = access(*words[:-1]).stderr
    assert "bindery access key rotate again" in said
    access("user", "remove", "again")


def test_other_limits_take_the_place_of_the_earlier_ones(access: Commands) -> None:
    access("user", "add", "moving", "--policy", "full", "--dataset", "p/d")
    access("user", "add", "moving", "--policy", "full", "--dataset", "p/e", "--bucket", "oss://photos")
    assert statements(access, "user-moving-full") == [
        {"Effect": "Allow", "Action": "imm:*", "Resource": ["acs:imm:*:*:project/p/dataset/e"]},
        {
            "Effect": "Allow",
            "Action": ["oss:GetObject", "oss:ListObjects"],
            "Resource": ["acs:oss:*:*:photos", "acs:oss:*:*:photos/*"],
        },
    ]
    assert [each["VersionId"] for each in access.json("policy", "versions", "user-moving-full")] == [
        "v2",
        "v1",
    ]
    access("user", "remove", "moving")


def test_short_names_without_limits_are_policies_of_the_system(access: Commands) -> None:
    made = access.json("user", "add", "wide", "--policy", "query", "--policy", "AliyunSTSAssumeRoleAccess")
    assert made["Policies"] == ["BinderyIMMQueryAccess", "AliyunSTSAssumeRoleAccess"]
    access("user", "remove", "wide")


def test_nothing_is_left_of_a_user_that_was_removed(access: Commands) -> None:
    before = state(access)
    access("group", "add", "some")
    access("user", "add", "short", "--policy", "full", "--dataset", "p/d", "--group", "some")
    access("key", "rotate", "short")
    access("user", "remove", "short")
    assert access.json("group", "show", "some")["Users"] == []
    access("group", "remove", "some")
    assert state(access) == before
    assert "no user short" in access("user", "remove", "short", expect=1).stderr


def test_a_policy_that_others_have_too_stays(access: Commands) -> None:
    access("user", "add", "one", "--policy", "read-only", "--dataset", "p/d")
    access("user", "add", "two", "--policy", "user-one-read-only")
    access("user", "remove", "one")
    assert [each["PolicyName"] for each in access.json("user", "show", "two")["Policies"]] == [
        "user-one-read-only"
    ]
    access("user", "remove", "two")
    access("policy", "remove", "user-one-read-only")


@pytest.mark.parametrize(
    "action", ["CreatePolicy", "AttachPolicyToUser", "AddUserToGroup", "CreateAccessKey"]
)
@pytest.mark.parametrize("interrupted", [False, True])
def test_what_fails_halfway_is_taken_back(
    access: Commands, monkeypatch: pytest.MonkeyPatch, action: str, interrupted: bool
) -> None:
    access("group", "add", "halfway")
    before = state(access)
    call = Ram.call

    def fail(self: Ram, name: str, **parameters: Any) -> dict[str, Any]:
        if name == action and interrupted:
            raise KeyboardInterrupt
        if name == action:
            raise ApiError(name, 503, {"Code": "ServiceUnavailable"})
        return call(self, name, **parameters)

    with monkeypatch.context() as patch:
        patch.setattr(Ram, "call", fail)
        access(
            "user", "add", "half", "--policy", "full", "--dataset", "p/d", "--group", "halfway",
            expect=130 if interrupted else 1,
        )  # fmt: skip
    assert state(access) == before
    access("group", "remove", "halfway")


def test_a_secret_that_cannot_be_printed_leaves_no_user(
    access: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(access)

    def break_off(*_: Any, **__: Any) -> None:
        raise click.ClickException("nobody listens")

    with monkeypatch.context() as patch:
        patch.setattr(showing.click, "echo", break_off)
        access("user", "add", "unheard", "--policy", "read-only", expect=1)
    assert state(access) == before


def test_a_change_of_limits_that_fails_leaves_the_earlier_ones(
    access: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    access("user", "add", "stable", "--policy", "full", "--dataset", "p/d", "--no-key")
    before = statements(access, "user-stable-full")
    call = Ram.call

    def fail(self: Ram, name: str, **parameters: Any) -> dict[str, Any]:
        if name == "CreateAccessKey":
            raise ApiError(name, 503, {"Code": "ServiceUnavailable"})
        return call(self, name, **parameters)

    with monkeypatch.context() as patch:
        patch.setattr(Ram, "call", fail)
        access("user", "add", "stable", "--policy", "full", "--dataset", "p/e", expect=1)
    assert statements(access, "user-stable-full") == before
    assert [each["VersionId"] for each in access.json("policy", "versions", "user-stable-full")] == ["v1"]
    access("user", "remove", "stable")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dataset", "p/d"), "limit a policy by a short name"),
        (("--policy", "full", "--dataset", "d"), "PROJECT/DATASET"),
        (("--policy", "full", "--dataset", "p/*"), "PROJECT/DATASET"),
        (("--policy", "full", "--project", "p/../q"), "no name of a project"),
        (("--policy", "full", "--bucket", "*"), "no name of a bucket"),
    ],
)
def test_limits_that_make_no_sense(access: Commands, words: tuple[str, ...], said: str) -> None:
    assert said in access("user", "add", "nobody", *words, expect=2).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "nobody", "--policy", "read-onyl"), "did you mean read-only?"),
        (("add", "no body"), "InvalidParameter.UserName.InvalidChars"),
        (("show", "nobody"), "no user nobody; see: bindery access user list"),
        (("disable", "nobody"), "no user nobody"),
        (("attach", "nobody", "full"), "no user nobody; see: bindery access user list"),
    ],
)
def test_refusals_are_sentences(access: Commands, words: tuple[str, ...], said: str) -> None:
    before = state(access)
    assert said in access("user", *words, expect=1).stderr
    assert state(access) == before


def test_disabled_keys_are_refused_and_taken_again(access: Commands) -> None:
    made = access.json("user", "add", "blocked")
    client = Client(access.server.endpoint, made["AccessKeyId"], made["AccessKeySecret"])

    def code() -> str:
        with pytest.raises(ApiError) as refused:
            client.call("GetProject", ProjectName="p")
        return refused.value.code

    assert code() != "InvalidAccessKeyId.Inactive"
    assert made["AccessKeyId"] in access("user", "disable", "blocked").stdout
    assert code() == "InvalidAccessKeyId.Inactive"
    access("user", "enable", "blocked")
    assert code() != "InvalidAccessKeyId.Inactive"
    access("user", "remove", "blocked")
    assert code() == "InvalidAccessKeyId.NotFound"


def test_a_key_is_rotated_in_two_steps(access: Commands) -> None:
    first = access.json("user", "add", "turning")["AccessKeyId"]
    done = access("key", "rotate", "turning")
    second = done.stdout.splitlines()[0].partition("=")[2]
    assert f"bindery access key disable turning {first}" in done.stderr
    assert "two keys in use" in access("key", "rotate", "turning", expect=1).stderr
    access("key", "disable", "turning", first)
    third = access.json("key", "rotate", "turning", "--disable-old")["AccessKeyId"]
    keys = {each["AccessKeyId"]: each["Status"] for each in access.json("key", "list", "turning")}
    assert keys == {second: "Inactive", third: "Active"}
    access("key", "enable", "turning", second)
    access("key", "remove", "turning", third)
    assert [each["AccessKeyId"] for each in access.json("key", "list", "turning")] == [second]
    assert f"turning has no key {third}" in access("key", "disable", "turning", third, expect=1).stderr
    assert second in access("key", "list", "turning").stdout
    access("user", "remove", "turning")


def test_policies_are_given_and_taken(access: Commands) -> None:
    access("user", "add", "plain", "--no-key")
    assert "now has AliyunIMMFullAccess" in access("user", "attach", "plain", "full").stdout
    assert "has already" in access("user", "attach", "plain", "full").stdout
    assert "no longer has" in access("user", "detach", "plain", "AliyunIMMFullAccess").stdout
    assert "EntityNotExist" in access("user", "detach", "plain", "full", expect=1).stderr
    assert "plain" in access("user", "list").stdout
    access("user", "remove", "plain")


def test_names_that_policies_cannot_have_do_not_collide(access: Commands) -> None:
    for name in ("a.b", "a_b", "a-b"):
        access("user", "add", name, "--policy", "full", "--dataset", "p/d", "--no-key")
    names = {each["PolicyName"] for each in access.json("policy", "list", "--custom")}
    assert len({name for name in names if name.startswith("user-a-b")}) == 3
    for name in ("a.b", "a_b", "a-b"):
        access("user", "remove", name)
