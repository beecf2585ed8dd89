"""Why a request is allowed or refused: what each statement of each policy says to it, and which one decided."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bindery.access.policy.compiled import CompiledStatement
from bindery.access.policy.conditions import NULL, parse_operator
from bindery.access.policy.decide import (
    Attached,
    Cause,
    Decision,
    Grants,
    Request,
    attached_session,
    decide,
    values_of,
)
from bindery.access.policy.document import Clause, Effect, Statement
from bindery.access.policy.pattern import compile_pattern, compile_resource, split_resource
from bindery.printable import printable

_MOST_LISTED = 6
_LONGEST_SHOWN = 200


class Reason(msgspec.Struct, frozen=True):
    """What one element of a statement says to the request."""

    element: str
    """``Action``, ``NotAction``, ``Resource``, ``NotResource`` or ``Condition``."""
    met: bool
    text: str
    """A sentence without its full stop, fit to be shown."""


class StatementExplanation(msgspec.Struct, frozen=True):
    """One statement: it applies when all its reasons are met."""

    number: int
    """Its place in the policy, from 1."""
    line: int
    """Where it begins in the document's text, from 1."""
    effect: Effect
    applies: bool
    decided: bool
    """Whether the decision is its doing."""
    reasons: tuple[Reason, ...]


class PolicyExplanation(msgspec.Struct, frozen=True):
    """One policy."""

    source: str
    """How the principal comes to it: ``user``, ``group:devs``, ``role``, ``session``."""
    name: str
    kind: str
    version: str
    statements: tuple[StatementExplanation, ...]


class Explanation(msgspec.Struct, frozen=True):
    """A decision with everything that it rests on."""

    decision: Decision
    summary: str
    """The decision in one sentence, without its full stop."""
    policies: tuple[PolicyExplanation, ...]
    """The session policy first, then in the order of the grants."""


def explain(grants: Grants, request: Request) -> Explanation:
    """The decision of ``decide``, with the reason why each statement did or did not apply."""
    decision = decide(grants, request)
    session = attached_session(grants)
    policies = (*((session,) if session else ()), *grants.identity)
    explained = tuple(_explain_policy(each, request, decision) for each in policies)
    return Explanation(decision, summarize_decision(decision, request), explained)


def summarize_decision(decision: Decision, request: Request) -> str:
    """A decision in one sentence, without its full stop."""
    what = f"{printable(request.action)} on {_quoted(request.resource)}"
    if decision.cause is Cause.OWNER:
        return f"{what} is allowed: the account's own keys pass without policies"
    if decision.attached is not None and decision.statement is not None:
        verb = "allowed" if decision.allowed else "denied"
        return f"{what} is {verb} by statement {decision.statement + 1} of {describe_policy(decision.attached)}"
    if decision.cause is Cause.SESSION_IMPLICIT_DENY:
        return f"{what} is denied: no statement of the session policy allows it"
    return f"{what} is denied: no statement of any policy allows it"


def describe_policy(attached: Attached) -> str:
    """A policy with where it comes from: ``policy readers (Custom, of group:devs)``."""
    if attached.source == "session":
        return "the session policy"
    return f"policy {printable(attached.name)} ({attached.kind}, of {printable(attached.source)})"


def _explain_policy(attached: Attached, request: Request, decision: Decision) -> PolicyExplanation:
    decides = decision.attached is not None and _same(decision.attached, attached)
    return PolicyExplanation(
        attached.source,
        attached.name,
        attached.kind,
        attached.version,
        tuple(
            _explain_statement(each, request, decided=decides and decision.statement == each.index)
            for each in attached.policy.statements
        ),
    )


def _same(one: Attached, other: Attached) -> bool:
    return one.policy is other.policy and (one.source, one.name) == (other.source, other.name)


def _explain_statement(
    compiled: CompiledStatement, request: Request, *, decided: bool
) -> StatementExplanation:
    statement = compiled.statement
    reasons = (
        _explain_actions(statement.actions, request.action, but=statement.actions_but),
        _explain_resources(statement, request.resource),
        *explain_conditions(compiled, request),
    )
    return StatementExplanation(
        compiled.index + 1,
        statement.line,
        statement.effect,
        all(reason.met for reason in reasons),
        decided,
        reasons,
    )


def _explain_actions(patterns: tuple[str, ...], action: str, *, but: bool) -> Reason:
    lowered = action.lower()
    covering = next((each for each in patterns if compile_pattern(each.lower())(lowered)), None)
    return _explain_list("Action", patterns, action, covering, but=but)


def _explain_resources(statement: Statement, resource: str) -> Reason:
    parts, wide = split_resource(resource), statement.in_any_region
    matching = (
        each for each in statement.resources if compile_resource(each, in_any_region=wide)(resource, parts)
    )
    return _explain_list(
        "Resource", statement.resources, resource, next(matching, None), but=statement.resources_but
    )


def _explain_list(
    element: str, patterns: tuple[str, ...], asked: str, covering: str | None, *, but: bool
) -> Reason:
    if covering is None:
        text = f"{_quoted(asked)} is not covered by {_listed(patterns)}"
    else:
        text = f"{_quoted(covering)} covers {_quoted(asked)}"
    return Reason(f"Not{element}" if but else element, (covering is None) == but, text)


def explain_conditions(compiled: CompiledStatement, request: Request) -> tuple[Reason, ...]:
    """What each condition of a statement says to the request."""
    return tuple(
        _explain_clause(clause, values_of(request, key), met=test(values_of(request, key)))
        for clause, (key, test) in zip(compiled.statement.conditions, compiled.conditions, strict=True)
    )


def _explain_clause(clause: Clause, values: tuple[str, ...], *, met: bool) -> Reason:
    condition = f"{clause.operator} {printable(clause.key)} {_listed(clause.values)}"
    operator = parse_operator(clause.operator)
    asks_for_presence = operator is not None and operator.base == NULL
    if values and not asks_for_presence:
        has = f"the request has {_listed(values)}"
    elif values:
        has = "the request has it"
    else:
        has = "the request does not have it"
    return Reason("Condition", met, f"{condition}: {'met' if met else 'not met'}, {has}")


def _listed(texts: Iterable[str]) -> str:
    every = [_quoted(each) for each in texts]
    if len(every) > _MOST_LISTED:
        every = [*every[:_MOST_LISTED], f"{len(every) - _MOST_LISTED} more"]
    return (
        every[0] if len(every) == 1 else f"{', '.join(every[:-1])} or {every[-1]}" if every else "nothing"
    )


def _quoted(text: str) -> str:
    cut = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    return f'"{printable(cut)}"'
