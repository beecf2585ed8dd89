"""``bindery access explain`` and ``can``: readable, escaped, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.access.conftest import Commands


@pytest.fixture(scope="module", autouse=True)
def people(access: Commands) -> Iterator[None]:
    evil = json.dumps(
        {
            "Version": "1",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "imm:GetProject",
                    "Resource": "acs:imm:*:*:project/\x1b[2J\nforged",
                },
                {
                    "Effect": "Allow",
                    "Action": "imm:DeleteBinding",
                    "Resource": "*",
                    "Condition": {"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}},
                },
            ],
        }
    )
    access("user", "add", "reader", "--policy", "query", "--dataset", "p/d", "--no-key")
    access("policy", "add", "evil", "-", stdin=evil)
    access("user", "attach", "reader", "evil")
    access("role", "add", "job", "--trust", "user/reader", "--policy", "full")
    access("user", "add", "nothing", "--no-key")
    yield


def test_what_is_allowed_exits_0_and_names_the_statement(access: Commands) -> None:
    said = access("explain", "reader", "imm:SimpleQuery", "project/p/dataset/d").stdout
    assert "is allowed by statement 1 of policy user-reader-query (Custom, of user)" in said
    assert "* statement 1, line" in said
    assert "evil (Custom v1, of user)" in said
    assert "does not apply" in said


def test_what_is_denied_exits_1_and_says_why_each_statement_does_not_apply(access: Commands) -> None:
    done = access("explain", "user/reader", "imm:SimpleQuery", "project/p/dataset/e", expect=1)
    assert "no statement of any policy allows it" in done.stdout
    assert "- Resource: " in done.stdout
    assert done.stdout.count("does not apply") == 3


def test_conditions_decide(access: Commands) -> None:
    asked = ("explain", "acs:ram::1000000000000001:user/reader", "imm:DeleteBinding", "project/p/dataset/e")
    assert "the request does not have it" in access(*asked, expect=1).stdout
    assert "is allowed" in access(*asked, "--condition", "acs:SourceIp=10.1.1.1").stdout
    assert "not met" in access(*asked, "--condition", "acs:SourceIp=11.1.1.1", expect=1).stdout


def test_a_role_with_a_session_policy(access: Commands, tmp_path: Path) -> None:
    session = tmp_path / "session.json"
    session.write_text(access("policy", "print", "read-only").stdout)
    asked = ("explain", "role/job", "imm:DeleteProject", "project/p")
    access(*asked)
    assert "session policy" in access(*asked, "--session-policy", str(session), expect=1).stdout
    said = access("can", "role/job", "--session-policy", str(session)).stdout
    assert "imm:GetProject" in said and "and only on" in said
    assert "imm:DeleteProject" not in said


def test_as_json(access: Commands) -> None:
    found = json.loads(
        access("explain", "reader", "imm:CreateUser", "project/p", "--json", expect=1).stdout
    )
    assert (found["Allowed"], found["Cause"]) == (False, "ImplicitDeny")
    permissions = {each["Action"]: each for each in access.json("can", "reader")}
    assert permissions["imm:FuzzyQuery"]["Allows"][0]["Resources"] == ["acs:imm:*:*:project/p/dataset/d"]


def test_everything_somebody_may_do(access: Commands) -> None:
    said = access("can", "reader").stdout
    for part in ("imm:SimpleQuery", "acs:imm:*:*:project/p/dataset/d", "user-reader-query statement 1"):
        assert part in said
    assert "everything, if IpAddress acs:SourceIp 10.0.0.0/8" in said
    assert "imm:CreateDataset" not in said
    assert "nothing may do nothing" in access("can", "nothing").stdout


def test_no_policy_steers_the_terminal(access: Commands) -> None:
    for said in (
        access("can", "reader").stdout,
        access("explain", "reader", "imm:GetProject", "project/p", expect=1).stdout,
        access("explain", "reader", "imm:GetProject", "project/\x1b[2J", expect=1).stdout,
    ):
        assert "\x1b[2J" not in said
        assert not any(line.strip().startswith("forged") for line in said.splitlines())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "group/x", "imm:GetProject", "*"), "write NAME, user/NAME or role/NAME"),
        (("explain", "reader", "imm:GetProject", "*", "--condition", "x"), "KEY=VALUE"),
        (("can", "a/b/c"), "write NAME, user/NAME or role/NAME"),
    ],
)
def test_questions_that_make_no_sense(access: Commands, words: tuple[str, ...], said: str) -> None:
    assert said in access(*words, expect=2).stderr


def test_refusals_are_sentences(access: Commands) -> None:
    assert "no user nobody; see: bindery access user list" in access("can", "nobody", expect=1).stderr
    assert "InvalidAuthAction" in access("explain", "reader", "Get", "*", expect=1).stderr
