"""Texts that are no policies are refused with the place; any text at all is either a policy or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bindery.access.policy.compiled import read_policy
from bindery.access.policy.document import Clause, Effect, MalformedPolicy, PolicyForm, PolicyTooLong
from bindery.access.policy.json_text import Array, Object, Other, Text, Value, read_json
from bindery.access.policy.parse import parse_policy

_CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "malformed.yaml").read_text(encoding="utf-8")
)
GOOD = (
    '{"Version": "1", "Statement": [{"Effect": "Deny", "NotAction": ["imm:Get*", "*"], "NotResource": '
    '["acs:oss:*:*:b/相册/\\ud83d\\ude00"], "Condition": {"ForAllValues:StringLikeIfExists": '
    '{"acs:sourceip": "10.*", "acs:ResourceTag/A b": ["", "x"]}}}]}'
)


def _text(case: dict[str, Any]) -> tuple[str, str]:
    """The text, and what stands before the pointer of the case."""
    if "statement" in case:
        return f'{{"Version":"1","Statement":[{case["statement"]}]}}', ""
    if "condition" in case:
        statement = f'{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{case["condition"]}}}'
        return f'{{"Version":"1","Statement":[{statement}]}}', "/Statement/0/Condition"
    return case["text"], ""


@pytest.mark.parametrize("case", _CASES, ids=lambda case: str(_text(case)[0])[:80])
def test_malformed_texts_are_refused_at_their_place(case: dict[str, Any]) -> None:
    text, before = _text(case)
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, PolicyForm(case.get("form", "policy")))
    error = refused.value
    place = (error.line, error.column, error.pointer)
    assert place == (case.get("line", 1), case["column"], before + case["pointer"]), str(error)
    assert case["says"] in error.expected
    assert str(error).isprintable()


def test_a_policy_is_read_as_it_is_written() -> None:
    (statement,) = parse_policy(GOOD).statements
    assert statement.effect is Effect.DENY
    assert (statement.actions, statement.actions_but) == (("imm:Get*", "*"), True)
    assert (statement.resources, statement.resources_but) == (("acs:oss:*:*:b/相册/😀",), True)
    assert statement.conditions == (
        Clause("ForAllValues:StringLikeIfExists", "acs:SourceIp", ("10.*",)),
        Clause("ForAllValues:StringLikeIfExists", "acs:ResourceTag/A b", ("", "x")),
    )


@pytest.mark.parametrize(
    ("form", "most"), [(PolicyForm.IDENTITY, 6_144), (PolicyForm.SESSION, 2_048), (PolicyForm.TRUST, 2_048)]
)
def test_the_longest_document(form: PolicyForm, most: int) -> None:
    members = '"Principal":{"Service":"imm.aliyuncs.com"}' if form is PolicyForm.TRUST else '"Resource":"*"'
    text = f'{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*",{members}}}]}}'
    parse_policy(text.ljust(most), form)
    with pytest.raises(PolicyTooLong, match=f"may have up to {most:,} characters"):
        parse_policy(text.ljust(most + 1), form)


def _plain(value: Value) -> Any:
    if isinstance(value, Text):
        return value.value
    if isinstance(value, Other):
        return json.loads(value.written)
    if isinstance(value, Array):
        return [_plain(each) for each in value.items]
    assert isinstance(value, Object)
    return {name: _plain(each) for name, each in value.members.items()}


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_the_standard_library_reads_it(value: Any, ascii_only: bool, indent: Any) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert _plain(read_json(text)) == value


@given(st.text('[]{}",:\\u12deE+-.0tfn \n\ud83d', max_size=24))
def test_what_is_no_json_for_the_standard_library_is_none_here(text: str) -> None:
    try:
        found = _plain(read_json(text))
    except MalformedPolicy:
        return
    assert found == json.loads(text)


_PIECES = st.sampled_from(
    [*'{}[]:,"\\\x00\u2028', "true", "1e999"]
    + [f'"{name}"' for name in ("Version", "1", "Statement", "Effect", "Allow", "Action", "*", "Resource")]
    + [f'"{name}"' for name in ("Condition", "Bool", "acs:SecureTransport")]
)


@given(st.lists(_PIECES, max_size=40).map("".join), st.sampled_from(PolicyForm))
def test_any_text_is_a_policy_or_refused(text: str, form: PolicyForm) -> None:
    try:
        read_policy(text, form)
    except MalformedPolicy as refused:
        lines = text.split("\n")
        assert 1 <= refused.line <= len(lines)
        assert 1 <= refused.column <= len(lines[refused.line - 1]) + 1


@given(st.data())
def test_a_damaged_policy_is_refused_or_read(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    removed = data.draw(st.integers(0, 5))
    put_in = data.draw(st.text(max_size=3))
    try:
        read_policy(GOOD[:at] + put_in + GOOD[at + removed :])
    except MalformedPolicy as refused:
        assert str(refused).isprintable()
