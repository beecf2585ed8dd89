"""Everything a principal may do, as a summary per action that people can read."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from bindery.access.policy.compiled import CompiledStatement
from bindery.access.policy.decide import Attached, ConditionValue, Grants, Request, values_of
from bindery.access.policy.pattern import is_everything


class Extent(enum.StrEnum):
    """How far an action is allowed."""

    EVERYTHING = "everything"
    """On every resource, whatever the request is like."""
    SOME = "some"
    """On the resources and under the conditions that the rules say."""
    NOTHING = "nothing"


class Rule(msgspec.Struct, frozen=True):
    """What one statement says about an action."""

    resources: tuple[str, ...]
    all_but: bool
    """Every resource but these."""
    conditions: tuple[str, ...]
    """Each as ``IpAddress acs:SourceIp 10.0.0.0/8, 192.168.0.0/16``; all must be met."""
    attached: Attached
    statement: int
    """From 0."""


class Capability(msgspec.Struct, frozen=True):
    """What a principal may do with one action: what ``allows`` cover, without what ``denies`` cover, and with a
    session policy only what ``session_allows`` cover as well."""

    action: str
    extent: Extent
    allows: tuple[Rule, ...] = ()
    denies: tuple[Rule, ...] = ()
    session_allows: tuple[Rule, ...] | None = None
    """None without a session policy."""


def capabilities(
    grants: Grants, actions: Iterable[str], conditions: Mapping[str, ConditionValue] | None = None
) -> tuple[Capability, ...]:
    """One capability for each action, in the given order.

    Condition keys that are not among ``conditions`` may have any value or none: what depends on them is told as a
    condition of its rule.
    """
    known = Request("", "*", conditions or {})
    return tuple(_capability(grants, action, known) for action in actions)


def _capability(grants: Grants, action: str, known: Request) -> Capability:
    identity, session = grants.candidates(action)
    allows = _possible(identity.allows, known)
    denies = _possible((*(session.denies if session else ()), *identity.denies), known)
    session_allows = None if session is None else _possible(session.allows, known)
    lists = [rules for rules in (allows, session_allows) if rules is not None]
    if not all(lists) or any(map(_is_unbounded, denies)):
        return Capability(action, Extent.NOTHING)
    whole = not denies and all(any(map(_is_unbounded, rules)) for rules in lists)
    return Capability(action, Extent.EVERYTHING if whole else Extent.SOME, allows, denies, session_allows)


def _possible(statements: Iterable[tuple[Attached, CompiledStatement]], known: Request) -> tuple[Rule, ...]:
    """The rules of those statements whose conditions on what is known are met."""
    return tuple(
        _rule(attached, compiled, known)
        for attached, compiled in statements
        if all(test(values_of(known, key)) for key, test in compiled.conditions if key in known.conditions)
    )


def _rule(attached: Attached, compiled: CompiledStatement, known: Request) -> Rule:
    statement = compiled.statement
    return Rule(
        statement.resources,
        statement.resources_but,
        tuple(
            f"{each.operator} {each.key} {', '.join(each.values)}"
            for each, (key, _) in zip(statement.conditions, compiled.conditions, strict=True)
            if key not in known.conditions
        ),
        attached,
        compiled.index,
    )


def _is_unbounded(rule: Rule) -> bool:
    return not rule.all_but and not rule.conditions and any(map(is_everything, rule.resources))
