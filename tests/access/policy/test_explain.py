"""Explanations name the pattern or the condition that made a statement apply or not, in words fit for a terminal."""

from __future__ import annotations

import json
from typing import Any

from bindery.access.policy.capabilities import Extent, capabilities
from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import ALLOWED_BY_OWNER, Attached, Cause, Grants, Request
from bindery.access.policy.document import PolicyForm
from bindery.access.policy.explain import Explanation, explain, summarize_decision

IN_A = "acs:imm:cn-hangzhou:1:project/a"


def _attached(source: str, *statements: dict[str, Any]) -> Attached:
    text = json.dumps({"Version": "1", "Statement": statements})
    return Attached(source, "readers", "Custom", read_policy(text))


def _texts(explanation: Explanation) -> list[tuple[str, bool, str]]:
    return [
        (each.element, each.met, each.text)
        for policy in explanation.policies
        for statement in policy.statements
        for each in statement.reasons
    ]


def test_each_element_says_what_it_makes_of_the_request() -> None:
    grants = Grants(
        (
            _attached(
                "group:devs",
                {
                    "Effect": "Allow",
                    "Action": ["imm:List*", "imm:Get*"],
                    "NotResource": "acs:imm:*:*:project/b",
                    "Condition": {
                        "IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.168.0.0/16"]},
                        "StringNotEquals": {"acs:UserAgent": "curl"},
                        "Null": {"acs:MFAPresent": "true"},
                    },
                },
            ),
        )
    )
    explained = explain(grants, Request("imm:GetProject", IN_A, {"acs:SourceIp": "11.0.0.1"}))
    assert _texts(explained) == [
        ("Action", True, '"imm:Get*" covers "imm:GetProject"'),
        ("NotResource", True, f'"{IN_A}" is not covered by "acs:imm:*:*:project/b"'),
        (
            "Condition",
            False,
            'IpAddress acs:SourceIp "10.0.0.0/8" or "192.168.0.0/16": not met, the request has "11.0.0.1"',
        ),
        ("Condition", True, 'StringNotEquals acs:UserAgent "curl": met, the request does not have it'),
        ("Condition", True, 'Null acs:MFAPresent "true": met, the request does not have it'),
    ]
    assert explained.decision.cause is Cause.IMPLICIT_DENY
    assert (
        explained.summary == f'imm:GetProject on "{IN_A}" is denied: no statement of any policy allows it'
    )


def test_the_deciding_statement_is_named() -> None:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "NotAction": "imm:List*", "Resource": "acs:imm:*:*:project/a*"}
    grants = Grants((_attached("user", allow), _attached("group:devs", allow, deny)))
    explained = explain(grants, Request("imm:GetProject", IN_A))
    assert explained.summary == (
        f'imm:GetProject on "{IN_A}" is denied by statement 2 of policy readers (Custom, of group:devs)'
    )
    decided = [
        (policy.source, each.number)
        for policy in explained.policies
        for each in policy.statements
        if each.decided
    ]
    assert decided == [("group:devs", 2)]
    assert all(each.applies for policy in explained.policies for each in policy.statements)


def test_a_session_policy_comes_first() -> None:
    allow = {"Effect": "Allow", "Action": "imm:*", "Resource": "*"}
    session = read_policy(
        json.dumps({"Version": "1", "Statement": [{**allow, "Action": "imm:List*"}]}), PolicyForm.SESSION
    )
    explained = explain(Grants((_attached("role", allow),), session), Request("imm:GetProject", IN_A))
    assert [policy.source for policy in explained.policies] == ["session", "role"]
    assert explained.summary.endswith("is denied: no statement of the session policy allows it")


def test_the_owner_passes_without_policies() -> None:
    said = summarize_decision(ALLOWED_BY_OWNER, Request("imm:GetProject", IN_A))
    assert said.endswith("is allowed: the account's own keys pass without policies")


def test_what_comes_from_strangers_cannot_steer_a_terminal() -> None:
    hostile = "acs:oss:*:1:b/\x1b[2J\u202e" + "x" * 5_000
    grants = Grants(
        (_attached("user", {"Effect": "Allow", "Action": "oss:*", "Resource": "acs:oss:*:*:c"}),)
    )
    explained = explain(grants, Request("oss:GetObject\x1b", hostile, {"acs:UserAgent": "\x1b"}))
    assert explained.summary.isprintable()
    assert all(text.isprintable() and len(text) < 1_000 for _, _, text in _texts(explained))


def test_long_lists_are_cut() -> None:
    many = [f"imm:Get{index}" for index in range(100)]
    grants = Grants((_attached("user", {"Effect": "Allow", "Action": many, "Resource": "*"}),))
    (action, *_) = _texts(explain(grants, Request("imm:List", "*")))
    assert action[2].endswith('"imm:Get5" or 94 more')


def test_what_a_principal_may_do() -> None:
    grants = Grants(
        (
            _attached("user", {"Effect": "Allow", "Action": "imm:*", "Resource": "*"}),
            _attached(
                "group:devs",
                {
                    "Effect": "Deny",
                    "Action": "imm:Delete*",
                    "Resource": "acs:imm:*:*:project/locked*",
                    "Condition": {"Bool": {"acs:SecureTransport": "false"}},
                },
                {"Effect": "Deny", "Action": "imm:CreateProject", "Resource": "*"},
            ),
        )
    )
    found = capabilities(
        grants, ["imm:GetProject", "imm:DeleteProject", "imm:CreateProject", "ram:ListUsers"]
    )
    assert [each.extent for each in found] == [
        Extent.EVERYTHING,
        Extent.SOME,
        Extent.NOTHING,
        Extent.NOTHING,
    ]
    (rule,) = found[1].denies
    assert rule.resources == ("acs:imm:*:*:project/locked*",)
    assert rule.conditions == ("Bool acs:SecureTransport false",)
    assert rule.attached.source == "group:devs"


def test_refusals_name_types_as_the_vendor_does() -> None:
    assert (
        Cause.EXPLICIT_DENY.policy_type
        == Cause.IMPLICIT_DENY.policy_type
        == "AccountLevelIdentityBasedPolicy"
    )
    assert Cause.SESSION_EXPLICIT_DENY.policy_type == "SessionPolicy"
    assert Cause.SESSION_EXPLICIT_DENY.no_permission_type == "ExplicitDeny"
    assert (
        Cause.IMPLICIT_DENY.no_permission_type
        == Cause.SESSION_IMPLICIT_DENY.no_permission_type
        == "ImplicitDeny"
    )
