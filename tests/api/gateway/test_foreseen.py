"""What would refuse a call is what does refuse it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.api.conftest import Api

from bindery.api.gateway.foreseen import foresee
from bindery.api.gateway.request import HttpRequest
from bindery.web.calls import wire_text

IN_P = {"ProjectName": "p"}
DATASET = {**IN_P, "DatasetName": "d"}
BINDING = {**DATASET, "URI": "oss://b"}
POLICIES: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "everything": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    "reads": [{"Effect": "Allow", "Action": ["imm:Get*", "imm:List*", "ram:List*"], "Resource": "*"}],
    "one project": [{"Effect": "Allow", "Action": "imm:*", "Resource": "acs:imm:*:*:project/p*"}],
    "all but one": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "Resource": ["acs:imm:*:*:project/p", "acs:oss:*:*:b/*"]},
    ],
    "from elsewhere": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*",
            "Condition": {"IpAddress": {"acs:SourceIp": "192.0.2.0/24"}},
        }
    ],
}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("GetProject", IN_P),
    ("ListProjects", {}),
    ("DeleteProject", {"ProjectName": "q"}),
    ("GetDataset", DATASET),
    ("CreateBinding", BINDING),
    ("EstimateBinding", {**IN_P, "URI": "oss://b", "Scope": {"Prefixes": ["x/"]}}),
    ("ListUsers", {}),
    ("CreateUser", {"UserName": "made"}),
    ("ListAuditRecords", {}),
    ("GetCallerIdentity", {}),
]


@pytest.fixture
def key(api: Api, policy: str) -> dict[str, str]:
    """Of a user with the policy."""
    api("CreateUser", UserName="looked-at")
    if POLICIES[policy]:
        document = json.dumps({"Version": "1", "Statement": POLICIES[policy]})
        api("CreatePolicy", PolicyName="given", PolicyDocument=document)
        api("AttachPolicyToUser", PolicyType="Custom", PolicyName="given", UserName="looked-at")
    made: dict[str, str] = api("CreateAccessKey", UserName="looked-at")["AccessKey"]
    return made


@pytest.mark.parametrize("policy", POLICIES)
def test_it_comes_true(api: Api, key: dict[str, str]) -> None:
    gateway = api.gateway
    identity = gateway.context.identities.find(key["AccessKeyId"])
    for action, values in CALLS:
        operation = gateway.models.named(action)[0]
        texts = {name: wire_text(value) for name, value in values.items()}
        refusal = foresee(
            gateway.context,
            identity,
            HttpRequest("POST", "/", {}),
            operation,
            texts,
            gateway.built.get(operation.id),
        )
        with api.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
            answer = json.loads(api.send(action, values).body)
        denied = answer.get("Code") == "NoPermission"
        assert (refusal is not None) == denied, (action, answer)
        if refusal is not None:
            detail = answer["AccessDeniedDetail"]
            assert detail["AuthAction"] == refusal.action
            assert detail["NoPermissionType"] == refusal.decision.cause.no_permission_type


@pytest.mark.parametrize("policy", ["one project"])
def test_what_is_not_named_yet_may_be_anything(api: Api, key: dict[str, str]) -> None:
    gateway = api.gateway
    identity = gateway.context.identities.find(key["AccessKeyId"])

    def may(action: str, **texts: str) -> bool:
        operation = gateway.models.named(action)[0]
        return foresee(gateway.context, identity, HttpRequest("POST", "/", {}), operation, texts) is None

    assert may("CreateDataset")
    assert may("CreateDataset", ProjectName="p")
    assert not may("CreateDataset", ProjectName="q")
    assert not may("CreateUser")
