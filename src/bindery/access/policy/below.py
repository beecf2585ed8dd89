"""Decisions about all resources whose names begin alike: every object of a bucket, the datasets of a project.

``decide_below`` asks whether all of them are allowed, as binding a bucket needs it: one Allow must cover every one,
and no Deny may touch any. ``may_below`` asks whether any could be, as a list needs it.
"""

from __future__ import annotations

import re

from bindery.access.policy.compiled import CompiledStatement
from bindery.access.policy.condition_keys import RESOURCE_TAG
from bindery.access.policy.decide import (
    Attached,
    Cause,
    Decision,
    Grants,
    Request,
    is_met,
    values_of,
)
from bindery.access.policy.pattern import (
    RESOURCE_PARTS,
    Positions,
    compile_pattern,
    in_other_regions,
    is_everything,
    is_of_ram,
    split_resource,
    widened,
)

_WILDCARD = re.compile(r"[*?]")
_Statements = tuple[tuple[Attached, CompiledStatement], ...]
_PRIVATE = 0xE000
"""Where characters begin that names hardly have; one that a pattern does not have stands for any."""


def decide_below(grants: Grants, request: Request) -> Decision:
    """Whether the request is allowed on every resource whose name begins as ``request.resource``, and is longer."""
    identity, session = grants.candidates(request.action)
    if session is not None:
        if denial := _first_touching(session.denies, request):
            return Decision(False, Cause.SESSION_EXPLICIT_DENY, denial[0], denial[1].index)
        if _first_covering(session.allows, request) is None:
            return Decision(False, Cause.SESSION_IMPLICIT_DENY)
    if denial := _first_touching(identity.denies, request):
        return Decision(False, Cause.EXPLICIT_DENY, denial[0], denial[1].index)
    if allowance := _first_covering(identity.allows, request):
        return Decision(True, Cause.ALLOW, allowance[0], allowance[1].index)
    return Decision(False, Cause.IMPLICIT_DENY)


def may_below(grants: Grants, request: Request) -> bool:
    """Whether some resource could be allowed whose name begins as ``request.resource``.

    Conditions on tags of resources count as satisfiable, and a Deny only when it leaves nothing over.
    """
    identity, session = grants.candidates(request.action)
    return all(
        any(touches(each, request.resource) and _may_be_met(each, request) for _, each in candidates.allows)
        and not any(
            covers(each, request.resource) and is_met(each, request) and not _asks_for_tags(each)
            for _, each in candidates.denies
        )
        for candidates in (identity, session)
        if candidates is not None
    )


def allowed_beginnings(grants: Grants, action: str, start: str) -> tuple[str, ...]:
    """What the names behind ``start`` begin with, of all resources that an Allow could cover, ascending.

    None of them begins as another does. ``("",)``: any name could be allowed; nothing: none. A list that reads only
    such names need not walk through everything.
    """
    found: set[str] = set()
    identity, _ = grants.candidates(action)
    for _, compiled in identity.allows:
        if compiled.statement.resources_but:
            return ("",)
        for pattern in compiled.statement.resources:
            if _touches(pattern, start):
                found.add(_beginning(pattern, start))
    kept: list[str] = []
    for beginning in sorted(found):
        if not kept or not beginning.startswith(kept[-1]):
            kept.append(beginning)
    return tuple(kept)


def touches(compiled: CompiledStatement, start: str) -> bool:
    """Whether the statement covers some resource whose name begins so."""
    patterns = _patterns(compiled, start)
    if compiled.statement.resources_but:
        return not any(_covers(pattern, start) for pattern in patterns)
    return any(_touches(pattern, start) for pattern in patterns)


def covers(compiled: CompiledStatement, start: str) -> bool:
    """Whether the statement covers every resource whose name begins so; of several patterns, one must."""
    patterns = _patterns(compiled, start)
    if compiled.statement.resources_but:
        return not any(_touches(pattern, start) for pattern in patterns)
    return any(_covers(pattern, start) for pattern in patterns)


def _patterns(compiled: CompiledStatement, start: str) -> tuple[str, ...]:
    patterns = compiled.statement.resources
    if not compiled.statement.in_any_region:
        return patterns
    parts = split_resource(start)
    return tuple(widened(pattern, parts) for pattern in patterns)


def _touches(pattern: str, start: str) -> bool:
    return is_everything(pattern) or all(_touches_one(pattern, each) for each in _starts(pattern, start))


def _covers(pattern: str, start: str) -> bool:
    return is_everything(pattern) or all(_covers_one(pattern, each) for each in _starts(pattern, start))


def _starts(pattern: str, start: str) -> tuple[str, ...]:
    return (start, *in_other_regions(pattern, split_resource(start)))


def _touches_one(pattern: str, start: str) -> bool:
    heads_match, last, begun = _meet(pattern, start)
    return heads_match and Positions(last).begins(begun)


def _covers_one(pattern: str, start: str) -> bool:
    heads_match, last, begun = _meet(pattern, start)
    if not heads_match:
        return False
    # What matches with one foreign character, and with more of them than the pattern has places, matches with all.
    positions, any_character = Positions(last), _foreign(last)
    return positions.matches(begun + any_character) and positions.matches(
        begun + any_character * (positions.size + 1)
    )


def _meet(pattern: str, start: str) -> tuple[bool, str, str]:
    """Whether the parts before the last match, the last part of the pattern, and what stands against it."""
    if is_of_ram(split_resource(start)):
        pattern, start = pattern.lower(), start.lower()
    patterns, parts = split_resource(pattern), split_resource(start)
    count = len(patterns) - 1
    if len(parts) != RESOURCE_PARTS:
        return False, "", ""
    matching = all(compile_pattern(patterns[index])(parts[index]) for index in range(count))
    return matching, patterns[-1], ":".join(parts[count:])


def _foreign(pattern: str) -> str:
    code = _PRIVATE
    while chr(code) in pattern:
        code += 1
    return chr(code)


def _beginning(pattern: str, start: str) -> str:
    """The plain text that the pattern has behind ``start``; empty when it has a wildcard before."""
    _, last, begun = _meet(pattern, start)
    if is_everything(pattern) or is_of_ram(split_resource(start)):
        return ""
    plain = _WILDCARD.split(last, maxsplit=1)[0]
    return plain[len(begun) :] if plain.startswith(begun) else ""


def _first_touching(statements: _Statements, request: Request) -> tuple[Attached, CompiledStatement] | None:
    for each in statements:
        if touches(each[1], request.resource) and is_met(each[1], request):
            return each
    return None


def _first_covering(statements: _Statements, request: Request) -> tuple[Attached, CompiledStatement] | None:
    for each in statements:
        if covers(each[1], request.resource) and is_met(each[1], request):
            return each
    return None


def _may_be_met(compiled: CompiledStatement, request: Request) -> bool:
    return all(
        test(values_of(request, key))
        for key, test in compiled.conditions
        if not key.startswith(RESOURCE_TAG)
    )


def _asks_for_tags(compiled: CompiledStatement) -> bool:
    return any(key.startswith(RESOURCE_TAG) for key, _ in compiled.conditions)
