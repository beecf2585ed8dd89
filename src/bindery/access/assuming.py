"""Assuming a role: whoever its trust policy names gets the credentials of a session.

That the caller has ``sts:AssumeRole`` on the role is decided where all calls are, before this.
Source: help page assumerole.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec
import structlog

from bindery.access.identities import Identities, Identity
from bindery.access.policy.compiled import read_policy
from bindery.access.policy.decide import Cause, ConditionValue, Decision
from bindery.access.policy.document import MalformedPolicy, PolicyForm
from bindery.access.policy.trust import Caller, decide_trust
from bindery.access.tokens import Credentials, Session, issue
from bindery.catalog.access_records import Role

_ACTION = "sts:AssumeRole"
_log = structlog.get_logger()


class NotTrusted(Exception):
    """The trust policy of the role does not let the caller assume it."""

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        self.decision = decision


class SessionTooLong(Exception):
    """``args[0]`` is the most seconds that the role allows."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The session that a caller asks for."""

    name: str
    seconds: int
    policy: str | None = None
    conditions: Mapping[str, ConditionValue] = {}
    """Keys of the call, for the conditions of the trust policy."""


def assume(identities: Identities, caller: Identity, role: Role, wanted: Wanted) -> Credentials:
    """Credentials of a session. Raises NotTrusted, SessionTooLong, MalformedPolicy (of the session policy)."""
    decision = _decide(caller, role, wanted.conditions)
    if not decision.allowed:
        raise NotTrusted(decision)
    if wanted.seconds > role.max_session_seconds:
        raise SessionTooLong(role.max_session_seconds)
    if wanted.policy is not None:
        read_policy(wanted.policy, PolicyForm.SESSION)
    return issue(
        identities.sealer,
        Session(
            key_id="",
            account_id=identities.account_id,
            role_id=role.id,
            role_name=role.name,
            name=wanted.name,
            expires=int(time.time()) + wanted.seconds,
            policy=wanted.policy,
            assumed_by=caller.arn,
        ),
    )


def _decide(caller: Identity, role: Role, conditions: Mapping[str, ConditionValue]) -> Decision:
    try:
        trust = read_policy(role.trust_policy, PolicyForm.TRUST)
    except MalformedPolicy as error:  # in the eyes of this release
        _log.error("a trust policy is malformed, and trusts nobody", role=role.name, problem=str(error))
        return Decision(False, Cause.IMPLICIT_DENY)
    return decide_trust(trust, Caller(arn=caller.policy_arn), _ACTION, conditions)
