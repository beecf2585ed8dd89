"""Roles, policies and their documents, made for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.api.conftest import Api

ACCOUNT = "1000000000000001"


def trusting(*arns: str) -> str:
    """A trust policy; by default the whole account may assume the role."""
    principals = {"RAM": list(arns or (f"acs:ram::{ACCOUNT}:root",))}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principals}
    return json.dumps({"Version": "1", "Statement": [statement]})


def allowing(action: str = "imm:GetProject", resource: str = "*") -> str:
    """A policy that allows one action."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "1", "Statement": [statement]})


def make_role(ram: Api, name: str, **parameters: Any) -> dict[str, Any]:
    """A role that anybody of the account may assume."""
    made = ram("CreateRole", RoleName=name, AssumeRolePolicyDocument=trusting(), **parameters)
    role: dict[str, Any] = made["Role"]
    return role


def make_policy(ram: Api, name: str = "own", **parameters: Any) -> dict[str, Any]:
    """A policy of the account's own."""
    made = ram("CreatePolicy", PolicyName=name, PolicyDocument=allowing(), **parameters)
    policy: dict[str, Any] = made["Policy"]
    return policy
