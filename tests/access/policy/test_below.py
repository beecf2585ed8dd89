"""Decisions about all resources that begin alike, compared with trying many of them one by one."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.policy.strategies import text_of

from bindery.access.policy.below import allowed_beginnings, decide_below, may_below
from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import Attached, Cause, Grants, Request, decide

_BUCKET = "acs:oss:*:1:b/"
_KEYS = ["".join(each) for length in range(1, 5) for each in itertools.product("ax/", repeat=length)]
_LAST = st.text("bax/*?", min_size=1, max_size=6).map(lambda text: "b/" + text if len(text) < 4 else text)
_PATTERNS = (
    st.just("*")
    | st.just("acs:oss:*")
    | st.just("acs:oss:cn*")
    | st.builds("acs:oss:{}:1:{}".format, st.sampled_from(["*", "*", "cn", "?", "?*"]), _LAST)
)


@st.composite
def _statements(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        "Action": "oss:GetObject",
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(
            st.lists(_PATTERNS, min_size=1, max_size=2)
        ),
    }


def _grants(*statements: dict[str, Any]) -> Grants:
    policy = read_policy(text_of({"Version": "1", "Statement": list(statements)}))
    return Grants((Attached("user", "p", "Custom", policy),))


@settings(max_examples=150)
@given(st.lists(_statements(), min_size=1, max_size=3))
def test_what_is_allowed_below_is_allowed_on_each(statements: list[dict[str, Any]]) -> None:
    grants = _grants(*statements)
    each = {key: decide(grants, Request("oss:GetObject", _BUCKET + key)) for key in _KEYS}
    below = decide_below(grants, Request("oss:GetObject", _BUCKET))
    if below.allowed:
        assert all(decision.allowed for decision in each.values())
    if any(decision.cause is Cause.EXPLICIT_DENY for decision in each.values()):
        assert below.cause is Cause.EXPLICIT_DENY
    some = [key for key, decision in each.items() if decision.allowed]
    if some:
        assert may_below(grants, Request("oss:GetObject", _BUCKET))
    beginnings = allowed_beginnings(grants, "oss:GetObject", _BUCKET)
    assert all(any(key.startswith(begun) for begun in beginnings) for key in some)


@settings(max_examples=150)
@given(_PATTERNS)
def test_one_pattern_covers_all_or_some_or_none(pattern: str) -> None:
    allows = _grants({"Effect": "Allow", "Action": "oss:GetObject", "Resource": pattern})
    allowed = [decide(allows, Request("oss:GetObject", _BUCKET + key)).allowed for key in _KEYS]
    request = Request("oss:GetObject", _BUCKET)
    # Patterns are short, so keys of four characters tell.
    assert decide_below(allows, request).allowed is all(allowed)
    assert may_below(allows, request) or not any(allowed)


def _allow(*resources: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": list(resources)}


@pytest.mark.parametrize(
    ("resources", "beginnings"),
    [
        (["*"], ("",)),
        (["acs:imm:*"], ("",)),
        (["acs:imm:*:*:project/p*"], ("",)),
        (["acs:imm:*:*:project/p/dataset/holidays"], ("holidays",)),
        (["acs:imm:*:*:project/p/dataset/a*", "acs:imm:*:*:project/p/dataset/b?c"], ("a", "b")),
        (["acs:imm:*:*:project/p/dataset/a*", "acs:imm:*:*:project/p/dataset/ab"], ("a",)),
        (["acs:imm:*:*:project/q/*", "acs:oss:*:*:project/p/dataset/*"], ()),
        (["acs:imm:*:*:project/*/dataset/d"], ("",)),
    ],
)
def test_beginnings_of_names_that_a_list_may_show(
    resources: list[str], beginnings: tuple[str, ...]
) -> None:
    start = "acs:imm:cn-hangzhou:1:project/p/dataset/"
    assert allowed_beginnings(_grants(_allow(*resources)), "imm:ListDatasets", start) == beginnings


def test_a_deny_of_some_objects_refuses_the_whole_bucket() -> None:
    deny = {"Effect": "Deny", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:b/secret/*"}
    request = Request("oss:GetObject", _BUCKET)
    assert decide_below(_grants(_allow("acs:oss:*:*:b/*")), request).allowed
    assert decide_below(_grants(_allow("acs:oss:*:*:b/*"), deny), request).cause is Cause.EXPLICIT_DENY
    assert decide_below(
        _grants(_allow("acs:oss:*:*:b/*"), deny), Request("oss:GetObject", _BUCKET + "open/")
    ).allowed
    assert not decide_below(_grants(_allow("acs:oss:*:*:b/2024/*")), request).allowed
    elsewhere = deny | {"Resource": "acs:oss:cn-hangzhou:*:b/secret/*"}
    assert not decide_below(_grants(_allow("acs:oss:*:*:b/*"), elsewhere), request).allowed
    assert not decide_below(_grants(_allow("acs:oss:cn-hangzhou:*:b/*")), request).allowed
    every = deny | {"Resource": "acs:oss:cn-hangzhou:*:b/*"}
    assert not may_below(_grants(_allow("*"), every), request)
    only = json.loads(json.dumps(deny)) | {"Condition": {"Bool": {"acs:SecureTransport": "false"}}}
    assert decide_below(_grants(_allow("*"), only), request).allowed
