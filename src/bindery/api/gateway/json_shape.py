"""What a JSON text would become, told without decoding it: the decoder and all who walk its values recurse."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_DEPTH = 32
MAX_VALUES = 100_000
"""Commas and brackets, counted roughly: a hundred files with all their members have a few thousand."""
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_OTHERS = re.compile(r"[^\[\]{}]++")
_MARKS = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
_PIECE = 65_536
"""Characters looked through in one call into C, which holds the interpreter until it returns; more than one."""
_SHORT = 16_384
"""Characters up to which a text is looked through in a few calls into C."""
_NUL = "\\u0000"


def find_excess(text: str) -> str | None:
    """Why a text should not be decoded; None when it may be."""
    brackets = text.count("[") + text.count("{")
    if brackets + text.count(",") > MAX_VALUES:
        return f"it holds more than {MAX_VALUES} values"
    if brackets > MAX_DEPTH and _is_deep(text):
        return f"it is nested more than {MAX_DEPTH} levels deep"
    return None


def holds_nul(text: str) -> bool:
    """Whether a string of the JSON text holds NUL, which neither file names nor every database can keep."""
    at = text.find(_NUL)
    while at >= 0:
        first = at
        while first and text[first - 1] == "\\":
            first -= 1
        if (at - first) % 2 == 0:  # else the backslash is itself escaped
            return True
        at = text.find(_NUL, at + 1)
    return False


def _is_deep(text: str) -> bool:
    if len(text) <= _SHORT:
        return _is_deeper(_OTHERS.sub("", _STRING.sub("", text)))
    depth, in_string = 0, False
    for mark in _marks(text):
        if mark == '"':
            in_string = not in_string
        elif in_string:
            continue
        elif mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False


def _is_deeper(brackets: str) -> bool:
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _marks(text: str) -> Iterator[str]:
    """Quotes and brackets in their order, but those that a backslash escapes."""
    at = 0
    while at < len(text):
        end = min(at + _PIECE, len(text))
        for match in _MARKS.finditer(text, at, end):
            at = match.end()
            if len(match.group()) == 1:
                yield match.group()
        split = at < end < len(text) and text[end - 1] == "\\"
        at = (
            end - 1 if split else end
        )  # a backslash at the end of a piece escapes what the next begins with
