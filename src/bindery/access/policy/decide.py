"""Whether a request is allowed, and which statement of which policy decided.

An explicit Deny wins, one Allow suffices, and without one the answer is no. A session policy is asked first and
only narrows. The account itself is not asked about here: its owner passes without policies.
Source: help page policy-evaluation-process.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Mapping

import msgspec

from bindery.access.policy.compiled import CompiledPolicy, CompiledStatement
from bindery.access.policy.condition_keys import REQUEST_TAG, RESOURCE_TAG
from bindery.access.policy.pattern import split_resource

ConditionValue = str | tuple[str, ...]
_MOST_RESOURCES = 32
_LONGEST_REMEMBERED = 256
"""Characters of a resource."""
_MOST_CALLS = 64
_MOST_ACTIONS = 1_024
"""Actions whose statements are remembered; the API has a few hundred, but people may ask about any."""


class Request(msgspec.Struct, frozen=True):
    """What somebody asks for."""

    action: str
    """``imm:GetBinding``"""
    resource: str
    """An ARN, or ``*`` for calls that touch no resource in particular."""
    conditions: Mapping[str, ConditionValue] = {}
    """Condition keys in their canonical spelling; what is missing or has no values is absent."""


class Attached(msgspec.Struct, frozen=True):
    """A policy as it comes to a principal."""

    source: str
    """``user``, ``group:devs``, ``role``, ``session``"""
    name: str
    kind: str
    """``System`` or ``Custom``; ``Session`` of a session policy."""
    policy: CompiledPolicy
    version: str = "v1"


class Candidates(msgspec.Struct, frozen=True):
    """The statements that cover one action."""

    denies: tuple[tuple[Attached, CompiledStatement], ...]
    allows: tuple[tuple[Attached, CompiledStatement], ...]
    tag_keys: frozenset[str] = frozenset()
    """``acs:ResourceTag/`` and ``acs:RequestTag/``, where some condition asks for one."""


class Grants(msgspec.Struct, frozen=True):
    """Everything that is granted to a principal, made once and asked many times, from any thread."""

    identity: tuple[Attached, ...]
    session: CompiledPolicy | None = None
    _remembered: dict[str, tuple[Candidates, Candidates | None]] = msgspec.field(default_factory=dict)
    _of_resources: dict[tuple[str, str], tuple[Candidates, Candidates | None]] = msgspec.field(
        default_factory=dict
    )
    _of_calls: dict[Hashable, Decision] = msgspec.field(default_factory=dict)

    @property
    def weight(self) -> int:
        """What a decision takes at most: about a microsecond for each."""
        session = 0 if self.session is None else self.session.weight
        return session + sum([each.policy.weight for each in self.identity])

    def candidates(self, action: str) -> tuple[Candidates, Candidates | None]:
        """The statements of the identity and of the session that cover an action."""
        found = self._remembered.get(action)
        if found is None:
            session = (_attached_session(self.session),) if self.session is not None else None
            lowered = action.lower()
            found = (
                _covering(self.identity, lowered),
                None if session is None else _covering(session, lowered),
            )
            if len(self._remembered) >= _MOST_ACTIONS:
                self._remembered.clear()
            self._remembered[action] = found
        return found

    def covering(self, action: str, resource: str) -> tuple[Candidates, Candidates | None]:
        """Those of them that cover a resource, too. The last few are remembered: callers ask for the same again."""
        found = self._of_resources.get((action, resource))
        if found is None:
            identity, session = self.candidates(action)
            parts = split_resource(resource)
            found = (
                _narrowed(identity, resource, parts),
                None if session is None else _narrowed(session, resource, parts),
            )
            if len(resource) <= _LONGEST_REMEMBERED:
                if len(self._of_resources) >= _MOST_RESOURCES:
                    self._of_resources.clear()
                self._of_resources[action, resource] = found
        return found

    def decision_on(self, call: Hashable) -> Decision | None:
        """What was kept of a call."""
        return self._of_calls.get(call)

    def keep(self, call: Hashable, decision: Decision) -> None:
        """Keep the decision on a call that names all it depends on: what ``is_unconditional`` says of each resource."""
        if len(self._of_calls) >= _MOST_CALLS:
            self._of_calls.clear()
        self._of_calls[call] = decision


class Cause(enum.StrEnum):
    """Why a decision is as it is."""

    OWNER = "AllowedByOwner"
    """The account itself; made by whoever knows that, never by ``decide``."""
    ALLOW = "Allow"
    EXPLICIT_DENY = "ExplicitDeny"
    IMPLICIT_DENY = "ImplicitDeny"
    SESSION_EXPLICIT_DENY = "SessionExplicitDeny"
    SESSION_IMPLICIT_DENY = "SessionImplicitDeny"

    @property
    def no_permission_type(self) -> str:
        """Of a refusal, as AccessDeniedDetail tells it: ``ExplicitDeny`` or ``ImplicitDeny``."""
        return self.value.removeprefix("Session")

    @property
    def policy_type(self) -> str:
        """The type of policy that refused, as AccessDeniedDetail tells it."""
        return "SessionPolicy" if self.value.startswith("Session") else "AccountLevelIdentityBasedPolicy"


class Decision(msgspec.Struct, frozen=True):
    """The answer to a request."""

    allowed: bool
    cause: Cause
    attached: Attached | None = None
    """The policy that decided; None when none did."""
    statement: int | None = None
    """Which of its statements, from 0."""


ALLOWED_BY_OWNER = Decision(True, Cause.OWNER)
_IMPLICIT_DENY = Decision(False, Cause.IMPLICIT_DENY)
_SESSION_IMPLICIT_DENY = Decision(False, Cause.SESSION_IMPLICIT_DENY)


def decide(grants: Grants, request: Request) -> Decision:
    """Whether the request is allowed. Microseconds: only statements that cover the action are looked at."""
    identity, session = grants.covering(request.action, request.resource)
    if session is not None:
        if denial := _first(session.denies, request):
            return Decision(False, Cause.SESSION_EXPLICIT_DENY, denial[0], denial[1].index)
        if _first(session.allows, request) is None:
            return _SESSION_IMPLICIT_DENY
    if denial := _first(identity.denies, request):
        return Decision(False, Cause.EXPLICIT_DENY, denial[0], denial[1].index)
    if allowance := _first(identity.allows, request):
        return Decision(True, Cause.ALLOW, allowance[0], allowance[1].index)
    return _IMPLICIT_DENY


def is_unconditional(grants: Grants, action: str, resource: str) -> bool:
    """Whether the action is allowed on the resource under all conditions: no Deny covers it, and of each policy's
    Allows that do the first one asks nothing."""
    return all(
        each is None or (not each.denies and bool(each.allows) and not each.allows[0][1].conditions)
        for each in grants.covering(action, resource)
    )


def values_of(request: Request, key: str) -> tuple[str, ...]:
    """The values of a condition key; none when the request lacks it."""
    value = request.conditions.get(key, ())
    return (value,) if isinstance(value, str) else value


def applies(compiled: CompiledStatement, request: Request, parts: tuple[str, ...]) -> bool:
    """Whether a statement that covers the action also covers the resource, and its conditions are met."""
    return compiled.covers_resource(request.resource, parts) and is_met(compiled, request)


def is_met(compiled: CompiledStatement, request: Request) -> bool:
    """Whether the request meets all conditions of a statement."""
    return all(test(values_of(request, key)) for key, test in compiled.conditions)


def attached_session(grants: Grants) -> Attached | None:
    """The session policy in the form of the others."""
    return None if grants.session is None else _attached_session(grants.session)


def _attached_session(policy: CompiledPolicy) -> Attached:
    return Attached("session", "session policy", "Session", policy)


def _covering(policies: tuple[Attached, ...], lowered: str) -> Candidates:
    covering = [
        (attached, compiled)
        for attached in policies
        for compiled in attached.policy.statements
        if compiled.covers_action(lowered)
    ]
    asked = [key for _, compiled in covering for key, _ in compiled.conditions]
    return Candidates(
        tuple(each for each in covering if each[1].denies),
        tuple(each for each in covering if not each[1].denies),
        frozenset(
            tags for tags in (RESOURCE_TAG, REQUEST_TAG) if any(key.startswith(tags) for key in asked)
        ),
    )


def _narrowed(candidates: Candidates, resource: str, parts: tuple[str, ...]) -> Candidates:
    return Candidates(
        tuple(each for each in candidates.denies if each[1].covers_resource(resource, parts)),
        tuple(each for each in candidates.allows if each[1].covers_resource(resource, parts)),
    )


def _first(
    statements: tuple[tuple[Attached, CompiledStatement], ...], request: Request
) -> tuple[Attached, CompiledStatement] | None:
    for each in statements:
        if not each[1].conditions or is_met(each[1], request):
            return each
    return None
