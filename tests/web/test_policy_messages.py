"""What is said of a policy, in Chinese: every sentence of the parser and of the linter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bindery.access.policy.conditions import COMPARISONS
from bindery.access.policy.document import MalformedPolicy, PolicyForm
from bindery.access.policy.lint import Known, lint_policy
from bindery.access.policy.parse import parse_policy
from bindery.web.access.told import translate_finding

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "access" / "policy" / "malformed.yaml").read_text("utf-8")
)
NAMES = re.compile(r"\b(?:[A-Z]\w*|of RAM|acs\S*|null|true|false)\b")


def text_of(case: dict[str, Any]) -> str:
    if "statement" in case:
        return f'{{"Version":"1","Statement":[{case["statement"]}]}}'
    if "condition" in case:
        statement = f'{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{case["condition"]}}}'
        return f'{{"Version":"1","Statement":[{statement}]}}'
    return str(case["text"])


def english_in(told: str) -> list[str]:
    """Words that are neither of the document nor of the language of policies."""
    return re.findall(r"\b[a-z]{2,}\b", NAMES.sub("", re.sub(r'".*"', "", told)))


def test_every_refusal_is_told_in_chinese() -> None:
    for case in CASES:
        with pytest.raises(MalformedPolicy) as refused:
            parse_policy(text_of(case), PolicyForm(case.get("form", "policy")))
        said = refused.value.expected + "."
        told = translate_finding(said, "zh")
        assert told.endswith("。"), said
        assert not english_in(told), (said, told)
        for quoted in re.findall(r'"[^"]*"', said):
            assert quoted in told, (said, told)
        assert translate_finding(said, "en") == said


def test_every_warning_is_told_in_chinese() -> None:
    known = Known(("imm:GetProject", "ram:CreateUser"), "1000000000000001")
    statement = (
        '{"Effect":"Allow","Action":["imm:GetProjct","imm:Zzz*","xyz:Get","imm:Qq"],'
        '"Resource":["acs:imn:*:*:project/p","acs:imm:*:1:project/p","acs:imm:*:*:*"],'
        '"Condition":{"StringEquals":{"acs:SourceIpp":"x","zzzz":"y"}}}'
    )
    found = lint_policy(f'{{"Version":"1","Statement":[{statement}]}}', known)
    assert len(found) == 8
    for each in found:
        told = translate_finding(each.text + ".", "zh")
        assert told.endswith("。"), each.text
        assert not english_in(told), (each.text, told)


def test_values_of_every_operator_are_told_in_chinese() -> None:
    for comparison in COMPARISONS.values():
        told = translate_finding(f"expected {comparison.expected}, not an object.", "zh")
        assert re.fullmatch("应为.+,而不是对象。", told), comparison.expected


@pytest.mark.parametrize(
    "said",
    ["", "something else.", 'expected something, not "x".', "expected " * 3_000 + "."],
    ids=["empty", "other", "unknown", "long"],
)
def test_what_is_not_known_stays_as_it_is(said: str) -> None:
    assert translate_finding(said, "zh") == said


def test_a_text_of_the_document_is_no_sentence() -> None:
    said = 'expected "Allow" or "Deny", not "x, not a list".'
    assert translate_finding(said, "zh") == '应为 "Allow" 或 "Deny",而不是 "x, not a list"。'
