"""What RAM's pages say about decisions, written down a second time, as plainly as possible and without regard to
time: documents are taken as JSON, patterns are tried by the definition, and nothing is shared with the room."""

from __future__ import annotations

import datetime
import ipaddress
from fractions import Fraction
from typing import Any

Document = dict[str, Any]
REGIONS = ["cn", "us", "eu", "x-y-z", "*"]
"""Enough to tell apart the patterns that the tests draw."""


def model_decision(
    policies: list[Document],
    session: Document | None,
    action: str,
    resource: str,
    keys: dict[str, list[str]],
) -> str:
    """``Allow``, ``ExplicitDeny``, ``ImplicitDeny``, or one of the latter two with ``Session`` before it."""
    if session is not None:
        of_session = _basic([session], action, resource, keys)
        if of_session != "Allow":
            return "Session" + of_session
    return _basic(policies, action, resource, keys)


def _basic(policies: list[Document], action: str, resource: str, keys: dict[str, list[str]]) -> str:
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in policy["Statement"]
        if statement_applies(statement, action, resource, keys)
    }
    if "Deny" in effects:
        return "ExplicitDeny"
    return "Allow" if "Allow" in effects else "ImplicitDeny"


def statement_applies(statement: Document, action: str, resource: str, keys: dict[str, list[str]]) -> bool:
    if "Action" in statement:
        right_action = any(glob(each.lower(), action.lower()) for each in as_list(statement["Action"]))
    else:
        right_action = not any(
            glob(each.lower(), action.lower()) for each in as_list(statement["NotAction"])
        )
    # A resource of unknown region is refused for what it is in any, and allowed for what it is in every one.
    parts = resource.split(":", 3)
    anywhere = parts[2:3] == ["*"]
    places = [":".join([*parts[:2], each, *parts[3:]]) for each in REGIONS] if anywhere else [resource]
    within = [_right_resource(statement, place) for place in places]
    right_resource = any(within) if statement["Effect"] == "Deny" else all(within)
    conditions = all(
        condition_holds(operator, as_list(values), keys.get(key, []))
        for operator, of_keys in statement.get("Condition", {}).items()
        for key, values in of_keys.items()
    )
    return right_action and right_resource and conditions


def _right_resource(statement: Document, resource: str) -> bool:
    if "Resource" in statement:
        return any(covers(each, resource) for each in as_list(statement["Resource"]))
    return not any(covers(each, resource) for each in as_list(statement["NotResource"]))


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def glob(pattern: str, text: str) -> bool:
    """Fills a table of which beginnings of the pattern match which beginnings of the text."""
    table = [[False] * (len(text) + 1) for _ in range(len(pattern) + 1)]
    table[0][0] = True
    for i in range(1, len(pattern) + 1):
        for j in range(len(text) + 1):
            if pattern[i - 1] == "*":
                table[i][j] = table[i - 1][j] or (j > 0 and table[i][j - 1])
            elif j > 0 and pattern[i - 1] in ("?", text[j - 1]):
                table[i][j] = table[i - 1][j - 1]
    return table[-1][-1]


def covers(pattern: str, resource: str) -> bool:
    """Part by part; a pattern of fewer parts that ends with a star covers the rest with it."""
    if set(pattern) == {"*"}:
        return True
    if resource.startswith("acs:ram:"):
        pattern, resource = pattern.lower(), resource.lower()
    named = resource.split(":", 4)
    if len(named) < 5:
        return False
    parts = pattern.split(":", 4)
    named = [*named[: len(parts) - 1], ":".join(named[len(parts) - 1 :])]
    return all(glob(one, other) for one, other in zip(parts, named, strict=True))


def condition_holds(operator: str, values: list[str], asked: list[str]) -> bool:
    if operator == "Null":
        return ("false" if asked else "true") in [value.lower() for value in values]
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    positive = name.replace("Not", "", 1)
    negated = positive != name
    if not asked:
        return if_exists or quantifier == "ForAllValues" or (quantifier == "" and negated)
    hits = [any(_matches(positive, value, each) for value in values) for each in asked]
    if quantifier == "ForAnyValue":
        return any(hit != negated for hit in hits)
    if quantifier == "ForAllValues":
        return all(hit != negated for hit in hits)
    return (not any(hits)) if negated else any(hits)


def _matches(operator: str, value: str, asked: str) -> bool:
    if operator == "StringEquals":
        return value == asked
    if operator == "StringEqualsIgnoreCase":
        return value.casefold() == asked.casefold()
    if operator == "StringLike":
        return glob(value, asked)
    if operator == "Bool":
        return value.lower() == asked.lower() and asked.lower() in ("true", "false")
    if operator == "IpAddress":
        return _in_block(asked, value)
    reader = _number if operator.startswith("Numeric") else _time
    mine, theirs = reader(asked), reader(value)
    if mine is None or theirs is None:
        return False
    relation = operator.removeprefix("Numeric").removeprefix("Date")
    difference = mine - theirs
    return {
        "Equals": difference == 0,
        "LessThan": difference < 0,
        "LessThanEquals": difference <= 0,
        "GreaterThan": difference > 0,
        "GreaterThanEquals": difference >= 0,
    }[relation]


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except ValueError:
        return None


def _time(text: str) -> Fraction | None:
    try:
        return Fraction(datetime.datetime.fromisoformat(text).timestamp())
    except ValueError:
        return None


def _in_block(address: str, block: str) -> bool:
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(asked, ipaddress.IPv6Address) and asked.ipv4_mapped is not None:
        asked = asked.ipv4_mapped
    return asked in ipaddress.ip_network(block, strict=False)
