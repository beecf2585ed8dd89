"""Pieces of SQL with their values, and the conditions that fields of all kinds have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bindery.catalog.query.values import phrase_text, tokens_of

COMPARISONS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Condition(msgspec.Struct, frozen=True):
    """SQL with ``?`` for each of ``parameters``."""

    sql: str
    parameters: tuple[Any, ...] = ()


NOTHING = Condition("false")


def join(conditions: Sequence[Condition], word: str) -> Condition:
    """All of them (``AND``), or one (``OR``)."""
    sql = f" {word} ".join(condition.sql for condition in conditions)
    return Condition(f"({sql})", tuple(value for condition in conditions for value in condition.parameters))


def contains(values: str, value: str) -> Condition:
    """Whether a list has a value."""
    return Condition(f"({values} IS NOT NULL AND list_contains({values}, ?))", (value,))


def any_element(values: str, inner: Condition) -> Condition:
    """Whether the condition on ``x`` holds for an element of a list."""
    sql = f"({values} IS NOT NULL AND len(list_filter({values}, lambda x: {inner.sql})) > 0)"
    return Condition(sql, inner.parameters)


def plain_phrase(expression: str, phrase: str) -> Condition:
    """Tokens next to each other and in order, of a text that is ASCII. It is taken apart only where the longest
    token is found, which is quick."""
    if not phrase.isascii() and not phrase_text(phrase).isascii():
        return NOTHING
    longest = max(tokens_of(phrase), key=len)
    sought_in = expression if longest.isdigit() else f"lower({expression})"  # digits have no case
    text = f"' ' || regexp_replace(lower({expression}), '[^a-z0-9]+', ' ', 'g') || ' '"
    ascii_only = f"contains({sought_in}, ?) AND strlen({expression}) = length({expression})"
    return Condition(
        f"(CASE WHEN {ascii_only} THEN contains({text}, ?) ELSE false END)", (longest, phrase_text(phrase))
    )
