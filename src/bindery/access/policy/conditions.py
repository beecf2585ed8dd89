"""The condition operators: what their values look like, and when a request satisfies them.

A clause is put together from three parts: how the values of the request are counted (``ForAnyValue:``,
``ForAllValues:``, or neither), the comparison, and what a missing key means (``IfExists``).
Source: help page conditional-operator; docs/differences.md says what it leaves open.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from bindery.access.policy import condition_values as read
from bindery.access.policy.document import Clause
from bindery.access.policy.pattern import Matcher, compile_pattern

ClauseTest = Callable[[tuple[str, ...]], bool]
"""Whether the values of a key in the request satisfy a clause; no values: the request lacks the key."""

_IF_EXISTS = "IfExists"
NULL = "Null"
"""Asks whether the request lacks the key (``"true"``) or has it (``"false"``)."""


class Quantifier(enum.StrEnum):
    """How many values of a key with several must satisfy the comparison."""

    PLAIN = ""
    """One value must match; of a negated comparison, none may."""
    ANY = "ForAnyValue"
    ALL = "ForAllValues"


class Comparison(msgspec.Struct, frozen=True):
    """What a base operator compares."""

    expected: str
    """What its values must look like, for messages."""
    is_value: Callable[[str], bool]
    compile: Callable[[tuple[str, ...]], Matcher]
    """From the values of the policy to a test of one value of the request: whether it matches any of them."""
    negated: bool = False


class Operator(msgspec.Struct, frozen=True):
    """An operator, taken apart."""

    quantifier: Quantifier
    base: str
    if_exists: bool


def _equals(values: tuple[str, ...]) -> Matcher:
    return frozenset(values).__contains__


def _equals_ignoring_case(values: tuple[str, ...]) -> Matcher:
    folded = frozenset(value.casefold() for value in values)
    return lambda value: value.casefold() in folded


def _like(values: tuple[str, ...]) -> Matcher:
    matchers = [compile_pattern(value) for value in values]
    return lambda value: any(matches(value) for matches in matchers)


def _in_networks(values: tuple[str, ...]) -> Matcher:
    networks = [network for value in values if (network := read.network(value))]

    def matches(value: str) -> bool:
        address = read.address(value)
        return address is not None and any(network.holds(address) for network in networks)

    return matches


def _truth(values: tuple[str, ...]) -> Matcher:
    wanted = frozenset(read.truth(value) for value in values) - {None}
    return lambda value: read.truth(value) in wanted


def _ordered(
    reader: Callable[[str], read.Comparable | None],
    compare: Callable[[read.Comparable, read.Comparable], bool],
) -> Callable[[tuple[str, ...]], Matcher]:
    def build(values: tuple[str, ...]) -> Matcher:
        bounds = [bound for value in values if (bound := reader(value)) is not None]

        def matches(value: str) -> bool:
            known = reader(value)
            return known is not None and any(compare(known, bound) for bound in bounds)

        return matches

    return build


def _string(build: Callable[[tuple[str, ...]], Matcher], *, negated: bool = False) -> Comparison:
    return Comparison("a string", lambda _: True, build, negated)


_ORDERS: dict[str, tuple[Callable[[read.Comparable, read.Comparable], bool], bool]] = {
    "Equals": (lambda known, bound: known == bound, False),
    "NotEquals": (lambda known, bound: known == bound, True),
    "LessThan": (lambda known, bound: known < bound, False),
    "LessThanEquals": (lambda known, bound: known <= bound, False),
    "GreaterThan": (lambda known, bound: known > bound, False),
    "GreaterThanEquals": (lambda known, bound: known >= bound, False),
}


def _order_comparisons(
    prefix: str, expected: str, reader: Callable[[str], read.Comparable | None]
) -> dict[str, Comparison]:
    return {
        prefix + name: Comparison(
            expected, lambda value: reader(value) is not None, _ordered(reader, compare), negated
        )
        for name, (compare, negated) in _ORDERS.items()
    }


_BOOL_VALUE = '"true" or "false"'
_IP_VALUE = 'an address or a CIDR block such as "10.0.0.0/8" or "2001:db8::/32"'
COMPARISONS: dict[str, Comparison] = {
    "StringEquals": _string(_equals),
    "StringNotEquals": _string(_equals, negated=True),
    "StringEqualsIgnoreCase": _string(_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": _string(_equals_ignoring_case, negated=True),
    "StringLike": _string(_like),
    "StringNotLike": _string(_like, negated=True),
    **_order_comparisons("Numeric", 'a number such as "10" or "-2.5"', read.number),
    **_order_comparisons("Date", 'a time with its zone such as "2026-01-31T23:59:59Z"', read.moment),
    "Bool": Comparison(_BOOL_VALUE, lambda value: read.truth(value) is not None, _truth),
    "IpAddress": Comparison(_IP_VALUE, lambda value: read.network(value) is not None, _in_networks),
    "NotIpAddress": Comparison(
        _IP_VALUE, lambda value: read.network(value) is not None, _in_networks, negated=True
    ),
    NULL: Comparison(_BOOL_VALUE, lambda value: read.truth(value) is not None, _truth),
}
"""Every base operator."""


def parse_operator(written: str) -> Operator | None:
    """The parts of ``ForAnyValue:StringLikeIfExists``; None when there is no such operator."""
    quantifier, colon, name = written.rpartition(":")
    if colon and quantifier not in (Quantifier.ANY, Quantifier.ALL):
        return None
    base = name.removesuffix(_IF_EXISTS)
    if base not in COMPARISONS:
        return None
    operator = Operator(Quantifier(quantifier), base, base != name)
    if base == NULL and (operator.if_exists or colon):
        return None
    return operator


def is_met_without_key(operator: Operator) -> bool:
    """Whether a request that lacks the key satisfies a clause (of Null, its values say)."""
    if operator.if_exists or operator.quantifier is Quantifier.ALL:
        return True
    return operator.quantifier is Quantifier.PLAIN and COMPARISONS[operator.base].negated


def compile_clause(clause: Clause) -> ClauseTest:
    """The test of one clause. Its operator and its values have been checked by the parser."""
    operator = parse_operator(clause.operator)
    if operator is None:
        raise ValueError(clause.operator)
    comparison = COMPARISONS[operator.base]
    matches = comparison.compile(clause.values)
    if operator.base == NULL:
        return lambda values: matches("false" if values else "true")
    negated, without_key = comparison.negated, is_met_without_key(operator)
    if operator.quantifier is Quantifier.PLAIN:
        return lambda values: any(map(matches, values)) != negated if values else without_key
    count = any if operator.quantifier is Quantifier.ANY else all
    return lambda values: count(matches(each) != negated for each in values) if values else without_key
