"""``bindery access group`` and ``role``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.access.conftest import Commands

TRUST = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["imm.aliyuncs.com"]}}
    ],
}


def test_the_life_of_a_group(access: Commands) -> None:
    said = access("group", "add", "editors", "--policy", "full", "--project", "p", "--bucket", "photos")
    assert "group-editors-full" in said.stdout
    access("user", "add", "anna", "--no-key")
    access("user", "add", "bert", "--no-key")
    assert "anna is now in editors" in access("group", "join", "editors", "anna", "bert").stdout
    assert "anna is already in editors" in access("group", "join", "editors", "anna").stdout
    shown = access.json("group", "show", "editors")
    assert shown["Users"] == ["anna", "bert"]
    assert [each["PolicyName"] for each in shown["Policies"]] == ["group-editors-full"]
    assert access.json("user", "show", "anna")["Policies"][0]["Of"] == "group editors"
    access("group", "leave", "editors", "bert")
    access("group", "attach", "editors", "query")
    access("group", "detach", "editors", "query")
    assert "anna" in access("group", "show", "editors").stdout
    assert "editors" in access("group", "list").stdout
    access("group", "remove", "editors")
    for user in ("anna", "bert"):
        access("user", "remove", user)
    assert access.json("group", "list") == access.json("policy", "list", "--custom") == []


def test_members_are_put_in_all_or_none(access: Commands) -> None:
    access("group", "add", "whole")
    access("user", "add", "there", "--no-key")
    access("group", "join", "whole", "there", "missing", expect=1)
    assert access.json("group", "show", "whole")["Users"] == []
    access("user", "remove", "there")
    access("group", "remove", "whole")


def test_the_life_of_a_role(access: Commands, tmp_path: Path) -> None:
    access(
        "role", "add", "nightly", "--trust", "service/imm.aliyuncs.com", "--policy", "query", "--dataset", "p/d",
        "--max-session", "7200",
    )  # fmt: skip
    shown = access.json("role", "show", "nightly")
    assert shown["MaxSessionDuration"] == 7_200
    assert json.loads(shown["AssumeRolePolicyDocument"]) == TRUST
    assert [each["PolicyName"] for each in shown["Policies"]] == ["role-nightly-query"]
    again = access("role", "add", "nightly", "--trust", "service/oss.aliyuncs.com", "--policy", "full")
    assert "bindery access role trust" in again.stderr
    assert json.loads(access.json("role", "show", "nightly")["AssumeRolePolicyDocument"]) == TRUST
    (tmp_path / "trust.json").write_text(json.dumps(TRUST | {"Statement": TRUST["Statement"] * 2}))
    access("role", "trust", "nightly", "--trust-policy", str(tmp_path / "trust.json"))
    document = json.loads(access.json("role", "show", "nightly")["AssumeRolePolicyDocument"])
    assert len(document["Statement"]) == 2
    assert "role/nightly" in access("role", "show", "nightly").stdout
    assert "nightly" in access("role", "list").stdout
    access("role", "detach", "nightly", "full")
    access("role", "attach", "nightly", "read-only")
    access("role", "remove", "nightly")
    assert access.json("role", "list") == access.json("policy", "list", "--custom") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--trust user/NAME"),
        (("--trust", "anna"), "user/NAME, role/NAME"),
        (("--trust", "user/*"), "user/NAME, role/NAME"),
        (("--trust", "account", "--trust-policy", "-"), "--trust user/NAME, or --trust-policy FILE"),
        (("--trust-policy", "-", "--external-id", "4711"), "goes with --trust"),
    ],
)
def test_trust_that_makes_no_sense(access: Commands, words: tuple[str, ...], said: str) -> None:
    assert said in access("role", "add", "nobody", *words, expect=2).stderr


def test_a_malformed_trust_policy_is_refused_with_the_place(access: Commands) -> None:
    text = json.dumps(TRUST).replace("Allow", "allow")
    done = access("role", "add", "nobody", "--trust-policy", "-", stdin=text, expect=1)
    assert "MalformedPolicyDocument" in done.stderr or "Malformed" in done.stderr
    assert access.json("role", "list") == []
