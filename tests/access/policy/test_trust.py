"""Who may assume a role, by the examples of RAM's page on trust policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bindery.access.policy.compiled import CompiledPolicy, read_policy
from bindery.access.policy.decide import Cause
from bindery.access.policy.document import PolicyForm
from bindery.access.policy.trust import Caller, decide_trust

ANN = Caller(arn="acs:ram::1:user/ann")
BOB = Caller(arn="acs:ram::1:user/bob")
SCANNER = Caller(arn="acs:ram::1:role/scanner")
STRANGER = Caller(arn="acs:ram::2:user/ann")
IMM = Caller(service="imm.aliyuncs.com")
COMPANY = Caller(provider="acs:ram::1:saml-provider/company")


def _trust(*statements: dict[str, Any]) -> CompiledPolicy:
    made = [{"Effect": "Allow", "Action": "sts:AssumeRole"} | statement for statement in statements]
    return read_policy(json.dumps({"Version": "1", "Statement": made}), PolicyForm.TRUST)


@pytest.mark.parametrize(
    ("principal", "trusted"),
    [
        ({"RAM": ["acs:ram::1:root"]}, [ANN, BOB, SCANNER]),
        ({"RAM": "acs:ram::1:user/ann"}, [ANN]),
        ({"RAM": "acs:ram::1:role/scanner"}, [SCANNER]),
        ({"RAM": ["acs:ram::2:root", "acs:ram::1:user/bob"]}, [BOB, STRANGER]),
        ({"Service": ["imm.aliyuncs.com"]}, [IMM]),
        ({"Federated": ["acs:ram::1:saml-provider/company"]}, [COMPANY]),
        ({"RAM": "acs:ram::1:user/ann", "Service": "imm.aliyuncs.com"}, [ANN, IMM]),
        ({"Service": "ecs.aliyuncs.com"}, []),
    ],
)
def test_principals(principal: dict[str, Any], trusted: list[Caller]) -> None:
    policy = _trust({"Principal": principal})
    for caller in (ANN, BOB, SCANNER, STRANGER, IMM, COMPANY):
        assert decide_trust(policy, caller, "sts:AssumeRole", {}).allowed is (caller in trusted), caller


def test_a_deny_wins_and_another_action_is_not_allowed() -> None:
    root = {"RAM": "acs:ram::1:root"}
    policy = _trust({"Principal": root}, {"Principal": {"RAM": "acs:ram::1:user/bob"}, "Effect": "Deny"})
    assert decide_trust(policy, ANN, "sts:AssumeRole", {}).cause is Cause.ALLOW
    assert decide_trust(policy, BOB, "sts:AssumeRole", {}).cause is Cause.EXPLICIT_DENY
    assert decide_trust(policy, STRANGER, "sts:AssumeRole", {}).cause is Cause.IMPLICIT_DENY
    assert not decide_trust(policy, ANN, "sts:GetCallerIdentity", {}).allowed


def test_an_external_id_may_be_asked_for() -> None:
    policy = _trust(
        {"Principal": {"RAM": "acs:ram::2:root"}, "Condition": {"StringEquals": {"sts:ExternalId": "abc"}}}
    )
    assert decide_trust(policy, STRANGER, "sts:AssumeRole", {"sts:ExternalId": "abc"}).allowed
    assert not decide_trust(policy, STRANGER, "sts:AssumeRole", {"sts:ExternalId": "abd"}).allowed
    assert not decide_trust(policy, STRANGER, "sts:AssumeRole", {}).allowed
