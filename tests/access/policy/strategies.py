"""Policies and requests that hypothesis draws: small alphabets, so that they meet often."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

_KEYS = {
    "String": ("acs:UserAgent", ["a", "A", "ab", "", "a*", "é"], ["a", "ab", "*", "?", "a*", "A", "", "É"]),
    "Numeric": ("oss:n", ["1", "1.0", "-2", "10", "x", ""], ["1", "-2", "1.50", "10"]),
    "Date": (
        "acs:CurrentTime",
        ["2026-01-01T00:00:00Z", "2026-01-01T08:00:00+08:00", "2026-06-01T12:00:00Z", "never"],
        ["2026-01-01T00:00:00Z", "2026-06-01T14:00:00+02:00", "2025-12-31T23:59:59Z"],
    ),
    "Bool": ("acs:SecureTransport", ["true", "false", "TRUE", "1"], ["true", "false", "True"]),
    "Ip": (
        "acs:SourceIp",
        ["10.0.0.1", "11.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "local"],
        ["10.0.0.0/8", "11.0.0.1", "0.0.0.0/0", "2001:db8::/32", "::/0"],
    ),
}
_STRINGS = ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"]
_ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
_OPERATORS = (
    [("String", "String" + each) for each in _STRINGS]
    + [(kind, kind + each) for kind in ("Numeric", "Date") for each in _ORDERS]
    + [("Bool", "Bool"), ("Ip", "IpAddress"), ("Ip", "NotIpAddress")]
)
ACTIONS = ["imm:GetBinding", "imm:GetTask", "IMM:gettask", "imm:ListTasks", "oss:GetObject"]
_ACTION_PATTERNS = [
    "*",
    "imm:*",
    "imm:Get*",
    "imm:get????",
    "imm:*Task*",
    "oss:GetObject",
    "*:Get*",
    "imm:ListTasks",
]
RESOURCES = [
    "*",
    "acs:imm:cn:1:project/a",
    "acs:imm:cn:1:project/a/dataset/b",
    "acs:imm:us:2:project/b",
    "acs:oss:*:1:b/k:imm:x",
    "acs:ram::1:user/Ann",
]
_RESOURCE_PATTERNS = [
    "*",
    "acs:*",
    "acs:imm:*",
    "acs:imm:*:1:*",
    "acs:imm:c?:*:project/a*",
    "acs:imm:*:*:project/?",
    "acs:*:*:*:*b*",
    "acs:oss:*:*:b/*",
    "acs:oss:cn:*:b/*",
    "acs:oss:c?:*:*:imm:x",
    "acs:oss:u*",
    "acs:oss:?:*:b/*",
    "acs:oss:?*:*:b/*",
    "acs:oss:*?:1:*",
    "acs:oss???1:*",
    "acs:oss:?:*",
    "acs:o*s:cn*",
    "acs:o*u*",
    "acs:imm:*:2:project/b",
    "acs:ram:*:*:user/a*",
    "acs:*:*:*:USER/*",
]


def one_or_more(values: list[str]) -> st.SearchStrategy[Any]:
    """One string, or a list of them, as policies write it."""
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Up to two operators, each with its key."""
    found: dict[str, dict[str, Any]] = {}
    for _ in range(draw(st.integers(0, 2))):
        if draw(st.integers(0, 7)) == 0:
            key = draw(st.sampled_from([each[0] for each in _KEYS.values()]))
            found["Null"] = {key: draw(one_or_more(["true", "false"]))}
            continue
        kind, base = draw(st.sampled_from(_OPERATORS))
        quantifier = draw(st.sampled_from(["", "", "ForAnyValue:", "ForAllValues:"]))
        suffix = draw(st.sampled_from(["", "", "IfExists"]))
        key, _, values = _KEYS[kind]
        found[quantifier + base + suffix] = {key: draw(one_or_more(values))}
    return found


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """One statement."""
    made: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(one_or_more(_ACTION_PATTERNS)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(
            one_or_more(_RESOURCE_PATTERNS)
        ),
    }
    if clauses := draw(conditions()):
        made["Condition"] = clauses
    return made


documents = st.lists(statements(), min_size=1, max_size=3).map(
    lambda made: {"Version": "1", "Statement": made}
)
"""Policies as JSON."""

request_keys = st.fixed_dictionaries(
    {}, optional={key: st.lists(st.sampled_from(asked), max_size=3) for key, asked, _ in _KEYS.values()}
)
"""The condition keys of a request with all their values."""


def text_of(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)
