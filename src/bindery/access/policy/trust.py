"""Trust policies: who may assume a role.

Source: help pages edit-the-trust-policy-of-a-ram-role and policy-evaluation-process-of-assuming-a-ram-role.
Both the trust policy and the policies of the caller must allow it; whoever asks combines the two.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bindery.access.policy.compiled import CompiledPolicy, CompiledStatement
from bindery.access.policy.decide import Cause, ConditionValue, Decision, Request, is_met
from bindery.access.policy.document import Principals


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to assume a role: exactly one of the three."""

    arn: str = ""
    """``acs:ram::{account}:user/{name}`` or ``…:role/{name}`` (of a session, its role)."""
    service: str = ""
    provider: str = ""
    """ARN of an identity provider."""


def decide_trust(
    policy: CompiledPolicy, caller: Caller, action: str, conditions: Mapping[str, ConditionValue]
) -> Decision:
    """Whether a role with this trust policy lets the caller perform ``sts:AssumeRole``."""
    request = Request(action, "*", conditions)
    lowered = action.lower()
    applying = [
        compiled
        for compiled in policy.statements
        if compiled.covers_action(lowered) and names(compiled, caller) and is_met(compiled, request)
    ]
    for compiled in applying:
        if compiled.denies:
            return Decision(False, Cause.EXPLICIT_DENY, statement=compiled.index)
    if applying:
        return Decision(True, Cause.ALLOW, statement=applying[0].index)
    return Decision(False, Cause.IMPLICIT_DENY)


def names(compiled: CompiledStatement, caller: Caller) -> bool:
    """Whether the statement speaks of the caller. The root of an account stands for all in it."""
    principals = compiled.statement.principals or Principals()
    if caller.service:
        return caller.service in principals.services
    if caller.provider:
        return caller.provider in principals.federated
    # RAM tells no names apart by their case.
    arn, trusted = caller.arn.lower(), {each.lower() for each in principals.ram}
    return arn in trusted or f"{arn.rpartition(':')[0]}:root" in trusted
