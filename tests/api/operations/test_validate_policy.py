"""ValidatePolicy: the first error with its place, or what is probably not meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.api.conftest import Api

TRUST = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"RAM": ["acs:ram::1000000000000001:root"]},
        }
    ],
}
READS = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "imm:Get*", "Resource": "*"}]}


def validate(api: Api, text: str, **given: Any) -> dict[str, Any]:
    return api("ValidatePolicy", PolicyDocument=text, **given)


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (READS, {}),
        (READS, {"PolicyForm": "Identity"}),
        (READS, {"PolicyForm": "Session"}),
        (TRUST, {"PolicyForm": "Trust"}),
    ],
)
def test_what_is_right(ram: Api, document: dict[str, Any], given: dict[str, str]) -> None:
    found = validate(ram, json.dumps(document), **given)
    assert (found["Valid"], found["Findings"]) == (True, [])


def test_the_place_of_an_error(ram: Api) -> None:
    text = json.dumps(READS, indent=1).replace('"Allow"', '"allow"')
    found = validate(ram, text)
    assert found["Valid"] is False
    assert found["Findings"] == [
        {
            "Severity": "Error",
            "Line": 5,
            "Column": 14,
            "Pointer": "/Statement/0/Effect",
            "Message": 'expected "Allow" or "Deny", not "allow".',
        }
    ]


@pytest.mark.parametrize("text", ["{", "[]", "null", '"', "{}" * 3, "[" * 5_000, "\u202e{", "x" * 60_000])
def test_what_is_no_policy_at_all(ram: Api, text: str) -> None:
    found = validate(ram, text)
    assert found["Valid"] is False
    assert [each["Severity"] for each in found["Findings"]] == ["Error"]


def test_each_kind_of_document_is_another(ram: Api) -> None:
    assert validate(ram, json.dumps(READS), PolicyForm="Trust")["Findings"][0]["Severity"] == "Error"
    assert validate(ram, json.dumps(TRUST))["Findings"][0]["Severity"] == "Error"
    long = json.dumps(READS) + " " * 2_048
    assert validate(ram, long)["Valid"] is True
    assert "2,048 characters" in validate(ram, long, PolicyForm="Session")["Findings"][0]["Message"]


def test_a_name_that_no_call_has_is_a_warning(ram: Api) -> None:
    text = json.dumps(READS).replace("imm:Get*", "imm:GetProjekt")
    found = validate(ram, text)
    assert found["Valid"] is True
    (finding,) = found["Findings"]
    assert (finding["Severity"], finding["Pointer"]) == ("Warning", "/Statement/0/Action")
    assert '"imm:GetProject"' in finding["Message"]


def test_real_actions_are_known(ram: Api) -> None:
    actions = ["imm:SimpleQuery", "ram:CreateUser", "sts:AssumeRole", "oss:GetObject", "bindery:*", "oss:*"]
    text = json.dumps(READS).replace('"imm:Get*"', json.dumps(actions))
    assert validate(ram, text)["Findings"] == []


@pytest.mark.parametrize("name", ["AliyunIMMFullAccess", "AliyunIMMReadOnlyAccess", "AdministratorAccess"])
def test_policies_of_the_system_are_without_warning(ram: Api, name: str) -> None:
    got = ram("GetPolicy", PolicyType="System", PolicyName=name)
    found = validate(ram, got["DefaultPolicyVersion"]["PolicyDocument"])
    assert (found["Valid"], found["Findings"]) == (True, [])
