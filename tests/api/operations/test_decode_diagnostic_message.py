"""DecodeDiagnosticMessage: what the sealed message of a refusal says, to whoever may ask."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.operations.entities import ACCOUNT

if TYPE_CHECKING:
    from tests.api.conftest import Api

ARN = f"acs:imm:cn-hangzhou:{ACCOUNT}:project/p"


@pytest.fixture
def ann(ram: Api) -> tuple[str, str]:
    """The key of a user who may read every project, but for a Deny, which is his group's."""
    statements = [
        {"Effect": "Allow", "Action": ["imm:Get*", "ram:ListUsers"], "Resource": "*"},
        {"Effect": "Deny", "Action": "imm:GetProject", "Resource": ARN},
    ]
    ram("CreateUser", UserName="ann")
    ram("CreateGroup", GroupName="devs")
    ram("AddUserToGroup", UserName="ann", GroupName="devs")
    ram("CreatePolicy", PolicyName="own", PolicyDocument={"Version": "1", "Statement": statements})
    ram("AttachPolicyToGroup", PolicyType="Custom", PolicyName="own", GroupName="devs")
    made = ram("CreateAccessKey", UserName="ann")["AccessKey"]
    return made["AccessKeyId"], made["AccessKeySecret"]


def message(ram: Api, key: tuple[str, str], action: str, **parameters: Any) -> str:
    """That of a refusal."""
    with ram.signed_by(*key):
        answer = ram.send(action, parameters)
    assert answer.status == 403
    detail: dict[str, str] = json.loads(answer.body)["AccessDeniedDetail"]
    return detail["EncodedDiagnosticMessage"]


def test_what_is_needed(ram: Api) -> None:
    refused = ram.refused("DecodeDiagnosticMessage")
    assert refused[:2] == (400, "MissingEncodedDiagnosticMessage")


def test_an_explicit_deny(ram: Api, ann: tuple[str, str]) -> None:
    encoded = message(ram, ann, "GetProject", ProjectName="p")
    decoded = ram("DecodeDiagnosticMessage", EncodedDiagnosticMessage=encoded)["DecodedDiagnosticMessage"]
    conditions = {each["ConditionKey"]: each["ConditionValues"] for each in decoded.pop("AuthConditions")}
    assert conditions["acs:PrincipalARN"] == [f"acs:ram::{ACCOUNT}:user/ann"]
    assert decoded == {
        "AuthAction": "imm:GetProject",
        "AuthPrincipal": {
            "AuthPrincipalDisplayName": "ann",
            "AuthPrincipalOwnerId": ACCOUNT,
            "AuthPrincipalType": "SubUser",
        },
        "AuthResource": ARN,
        "ExplicitDeny": True,
        "MatchedPolicies": [
            {
                "AttachedEntityType": "group",
                "AttachedScope": "Account",
                "Effect": "Deny",
                "PolicyIdentifier": "own",
                "PolicyType": "Custom",
                "PolicyVersion": "v1",
            }
        ],
        "NoPermissionPolicyType": "AccountLevelIdentityBasedPolicy",
    }


def test_what_no_statement_allows(ram: Api, ann: tuple[str, str]) -> None:
    encoded = message(ram, ann, "DeleteProject", ProjectName="p")
    decoded = ram("DecodeDiagnosticMessage", EncodedDiagnosticMessage=encoded)["DecodedDiagnosticMessage"]
    assert (decoded["ExplicitDeny"], decoded["MatchedPolicies"]) == (False, [])


def test_who_was_refused_cannot_read_it(ram: Api, ann: tuple[str, str]) -> None:
    encoded = message(ram, ann, "GetProject", ProjectName="p")
    assert b"own" not in base64.b64decode(encoded)
    with ram.signed_by(*ann):
        refused = ram.send("DecodeDiagnosticMessage", {"EncodedDiagnosticMessage": encoded})
    assert refused.status == 403


def test_messages_that_are_none(ram: Api, ann: tuple[str, str]) -> None:
    """Also what is sealed with the same key for something else: the token of a session."""
    encoded = message(ram, ann, "GetProject", ProjectName="p")
    raw = base64.b64decode(encoded)
    token = ram.context.identities.sealer.seal_token(b"{}", "security token")
    changed = [raw[:-1], raw[:20], raw[:-1] + bytes([raw[-1] ^ 1]), token]
    for text in ("text", "空", "=", encoded + "A", *(base64.b64encode(each).decode() for each in changed)):
        refused = ram.refused("DecodeDiagnosticMessage", EncodedDiagnosticMessage=text)
        assert refused[:2] == (400, "InvalidParameter.EncodedDiagnosticMessage.Format")
    refused = ram.refused("DecodeDiagnosticMessage", EncodedDiagnosticMessage="A" * 32_769)
    assert refused[:2] == (400, "InvalidParameter.EncodedDiagnosticMessage.Length")


def test_messages_outlive_a_new_sealing_key_for_a_while(ram: Api, ann: tuple[str, str]) -> None:
    encoded = message(ram, ann, "GetProject", ProjectName="p")
    ram("ResealAccessKeys")
    assert ram("DecodeDiagnosticMessage", EncodedDiagnosticMessage=encoded)
    ram("ResealAccessKeys", AtOnce=True)
    refused = ram.refused("DecodeDiagnosticMessage", EncodedDiagnosticMessage=encoded)
    assert refused.code == "InvalidParameter.EncodedDiagnosticMessage.Format"
