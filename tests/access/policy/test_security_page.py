"""The policies of docs/security.md do what the page says of them."""

from __future__ import annotations

import re

import pytest

from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import Attached, Grants, Request, decide
from bindery.documentation import page_text

ACCOUNT = "1000000000000001"
HOLIDAY = f"acs:imm:cn-hangzhou:{ACCOUNT}:project/photos/dataset/holiday"
OTHER = f"acs:imm:cn-hangzhou:{ACCOUNT}:project/photos/dataset/other"
PROJECT = f"acs:imm:cn-hangzhou:{ACCOUNT}:project/photos"
INCOMING = f"acs:oss:*:{ACCOUNT}:media/incoming/a.jpg"
PRIVATE = f"acs:oss:*:{ACCOUNT}:media/private/a.jpg"
NEAR, FAR = {"acs:SourceIp": "10.20.3.4"}, {"acs:SourceIp": "192.0.2.1"}
TLS, PLAIN = {"acs:SecureTransport": "true"}, {"acs:SecureTransport": "false"}
READ, INDEX, KEEP = range(3)


def examples() -> list[str]:
    text = page_text("security")
    assert text is not None
    return re.findall(r"```json\n(.*?)```", text, re.DOTALL)


def test_the_page_has_three() -> None:
    assert len(examples()) == 3


@pytest.mark.parametrize(
    ("example", "action", "resource", "conditions", "allowed"),
    [
        (READ, "imm:GetBinding", HOLIDAY, {}, True),
        (READ, "imm:SimpleQuery", HOLIDAY, {}, True),
        (READ, "imm:SimpleQuery", OTHER, {}, False),
        (READ, "imm:DeleteBinding", HOLIDAY, {}, False),
        (READ, "imm:GetProject", PROJECT, {}, False),
        (READ, "oss:GetObject", INCOMING, {}, False),
        (INDEX, "imm:IndexFileMeta", HOLIDAY, NEAR, True),
        (INDEX, "imm:IndexFileMeta", HOLIDAY, FAR, False),
        (INDEX, "imm:IndexFileMeta", HOLIDAY, {}, False),
        (INDEX, "imm:IndexFileMeta", OTHER, NEAR, False),
        (INDEX, "oss:GetObject", INCOMING, NEAR, True),
        (INDEX, "oss:GetObject", PRIVATE, NEAR, False),
        (KEEP, "imm:CreateBinding", HOLIDAY, TLS, True),
        (KEEP, "imm:UpdateProject", PROJECT, TLS, True),
        (KEEP, "imm:BatchDeleteFileMeta", HOLIDAY, TLS, False),
        (KEEP, "imm:DeleteProject", PROJECT, TLS, False),
        (KEEP, "imm:GetBinding", HOLIDAY, PLAIN, False),
        (KEEP, "imm:GetProject", PROJECT + "-private", TLS, False),
        (KEEP, "bindery:RegisterBucket", HOLIDAY, TLS, False),
    ],
)
def test_an_example(
    example: int, action: str, resource: str, conditions: dict[str, str], allowed: bool
) -> None:
    policy = read_policy(examples()[example])
    grants = Grants((Attached("user", "example", "Custom", policy),))
    assert decide(grants, Request(action, resource, conditions)).allowed is allowed
