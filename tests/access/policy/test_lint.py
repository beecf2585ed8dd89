"""What is right in a policy and probably not meant, with its place."""

from __future__ import annotations

import json
import time

import pytest

from bindery.access.policy.document import MAX_CHARACTERS, PolicyForm
from bindery.access.policy.lint import MOST_WARNINGS, Known, lint_policy
from bindery.access.policy.parse import parse_policy

ACCOUNT = "1000000000000001"
KNOWN = Known(
    ("imm:GetProject", "imm:ListProjects", "oss:GetObject", "ram:CreateUser", "sts:AssumeRole"),
    ACCOUNT,
    frozenset({"oss"}),
)


def document(**statement: object) -> str:
    whole = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
    return json.dumps({"Version": "1", "Statement": [whole]})


def warnings(text: str) -> list[tuple[str, str]]:
    parse_policy(text)
    return [(each.pointer, each.text) for each in lint_policy(text, KNOWN)]


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Action": ["oss:ListBuckets", "oss:PutBucket*", "oss:*"]},
        {"Action": ["imm:GetProject", "IMM:getproject", "imm:Get*", "imm:*", "*:*", "*"]},
        {"Resource": ["acs:imm:*:*:project/p", f"acs:ram::{ACCOUNT}:user/*", "acs:oss:*:*:b/k", "acs:*"]},
        {
            "Condition": {
                "IpAddress": {"ACS:sourceip": "10.0.0.0/8"},
                "StringEquals": {"acs:ResourceTag/a": "b"},
            }
        },
    ],
)
def test_what_can_be_is_passed_over(statement: dict[str, object]) -> None:
    assert warnings(document(**statement)) == []


@pytest.mark.parametrize(
    ("statement", "pointer", "text"),
    [
        (
            {"Action": ["imm:GetProject", "imm:GetProjct"]},
            "/Statement/0/Action/1",
            '"imm:GetProjct" is no action of this server, perhaps "imm:GetProject" is meant',
        ),
        (
            {"Action": "imm:Lits*"},
            "/Statement/0/Action",
            '"imm:Lits*" covers no action of this server',
        ),
        (
            {"Action": "ecs:RunInstances"},
            "/Statement/0/Action",
            'no call of this server needs an action of "ecs"',
        ),
        (
            {"Resource": "acs:im:*:*:project/p"},
            "/Statement/0/Resource",
            'this server has no resources of "im", perhaps "imm" is meant',
        ),
        (
            {"Resource": ["acs:imm:*:42:project/p"]},
            "/Statement/0/Resource/0",
            f'"42" is not this account, which is {ACCOUNT}',
        ),
        (
            {"Condition": {"IpAddress": {"acs:SourceIpp": "10.0.0.0/8"}}},
            "/Statement/0/Condition/IpAddress/acs:SourceIpp",
            'no request to this server has the key "acs:SourceIpp", perhaps "acs:SourceIp" is meant',
        ),
    ],
)
def test_what_cannot_be_is_told(statement: dict[str, object], pointer: str, text: str) -> None:
    assert warnings(document(**statement)) == [(pointer, text)]


def test_the_place_is_that_of_the_text() -> None:
    text = '{"Version": "1",\n "Statement": [{"Effect": "Deny",\n   "NotAction": ["imm:Nope"], "Resource": "*"}]}'
    found = lint_policy(text, KNOWN)
    assert [(each.line, each.column) for each in found] == [(3, 18)]


def test_each_is_told_once_and_not_all_of_very_many() -> None:
    assert len(warnings(document(Action=["imm:Nope"] * 50))) == 1
    assert len(warnings(document(Action=[f"imm:Nope{number}" for number in range(200)]))) == MOST_WARNINGS


def test_a_document_of_the_longest_costs_little() -> None:
    """A hundredth of what it would cost to look for the nearest name of each of its actions."""
    many = [f"imm:GetProjec{number:03}" for number in range(300)]
    text = document(Action=many)
    assert len(text) <= MAX_CHARACTERS[PolicyForm.IDENTITY]
    long = Known(tuple(f"imm:GetProjectOfNumber{number}" for number in range(400)), ACCOUNT)
    began = time.thread_time()
    lint_policy(text, long)
    assert time.thread_time() - began < 20
