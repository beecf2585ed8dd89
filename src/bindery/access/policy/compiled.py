"""Policies made ready for deciding: every pattern and every condition is a function already."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.access.policy.conditions import ClauseTest, compile_clause
from bindery.access.policy.document import Document, Effect, PolicyForm, Statement
from bindery.access.policy.parse import parse_policy
from bindery.access.policy.pattern import (
    Matcher,
    ResourceMatcher,
    compile_pattern,
    compile_resource,
    has_wildcard,
)

_MANY = 20


class CompiledStatement(msgspec.Struct, frozen=True):
    """A statement, and what it takes to see whether it applies."""

    index: int
    """Its place in the document, from 0."""
    statement: Statement
    covers_action: Matcher
    """Of an action in lower case."""
    covers_resource: ResourceMatcher
    conditions: tuple[tuple[str, ClauseTest], ...]
    """Keys of the request, each with the test of its values."""

    @property
    def denies(self) -> bool:
        """Whether it refuses what it applies to."""
        return self.statement.effect is Effect.DENY


class CompiledPolicy(msgspec.Struct, frozen=True):
    """A policy that decisions can be made with. Never changes, so threads share it."""

    document: Document
    statements: tuple[CompiledStatement, ...]
    weight: int = 0
    """What it takes to ask all its patterns; see ``_weight``."""


def compile_policy(document: Document) -> CompiledPolicy:
    """A document, compiled."""
    statements = tuple(_compile(index, each) for index, each in enumerate(document.statements))
    return CompiledPolicy(document, statements, sum(map(_weight, document.statements)))


def _weight(statement: Statement) -> int:
    """One for each pattern; one with ``?`` is followed character by character, and counts for many."""
    values = (value for clause in statement.conditions for value in clause.values)
    patterns = (*statement.actions, *statement.resources, *values)
    return sum(_MANY if "?" in pattern else 1 for pattern in patterns)


def read_policy(text: str, form: PolicyForm = PolicyForm.IDENTITY) -> CompiledPolicy:
    """The text of a policy, parsed and compiled. Raises MalformedPolicy."""
    return compile_policy(parse_policy(text, form))


def _compile(index: int, statement: Statement) -> CompiledStatement:
    return CompiledStatement(
        index,
        statement,
        _compile_actions(statement.actions, statement.actions_but),
        _compile_resources(
            statement.resources, statement.resources_but, in_any_region=statement.in_any_region
        ),
        tuple((clause.key, compile_clause(clause)) for clause in statement.conditions),
    )


def _compile_actions(patterns: tuple[str, ...], but: bool) -> Matcher:
    lowered = [pattern.lower() for pattern in patterns]
    names = frozenset(pattern for pattern in lowered if not has_wildcard(pattern))
    matchers = [compile_pattern(pattern) for pattern in lowered if has_wildcard(pattern)]

    def listed(action: str) -> bool:
        return action in names or any(matches(action) for matches in matchers)

    return (lambda action: not listed(action)) if but else listed


def _compile_resources(patterns: tuple[str, ...], but: bool, *, in_any_region: bool) -> ResourceMatcher:
    matchers = [compile_resource(pattern, in_any_region=in_any_region) for pattern in patterns]
    if len(matchers) == 1 and not but:
        return matchers[0]

    def listed(resource: str, parts: tuple[str, ...]) -> bool:
        return any(matches(resource, parts) for matches in matchers)

    return _negated(listed) if but else listed


def _negated(listed: Callable[[str, tuple[str, ...]], bool]) -> ResourceMatcher:
    return lambda resource, parts: not listed(resource, parts)
