"""Where keys lie among each other: guesses of how far a listing has come, and of keys to divide it at.

Keys are taken for numbers whose digits are the characters that stand at the same place (folder depth, place in the
name) of keys seen before. A guess may be wrong: it costs a request, and never a key.
"""

from __future__ import annotations

import string
from bisect import bisect_left
from collections.abc import Sequence

_EXACT = 1e-12
"""What a float tells apart."""
_FINENESS = 0.05
"""A guess is so exact, of what lies between."""
_SAMPLES = 16
_VARIED, _VARIED_IN_NAME = 2, 3
"""Characters of one class at a place in the name of a folder, or in a name, after which every one is expected."""
_MOST_PLACES = 4_096
_DEEPEST = 1_024
_BEYOND = "\ud7ff"
"""The last character that every order of keys places alike: by code points, UTF-8 and UTF-16."""
_LONGEST_KEY = 1_024
"""Bytes of a key to list after; stores take no more."""
_FAMILIES = ((string.digits,), ("ABCDEF", string.ascii_uppercase), ("abcdef", string.ascii_lowercase))
"""Classes of characters, each behind those that it includes."""
_UNKNOWN = tuple(string.digits)


class KeySpace:
    """What the keys of one listing look like. Not safe for threads."""

    def __init__(self, prefix: str) -> None:
        """``prefix``: what all keys begin with."""
        self._prefix = prefix
        self._seen: dict[tuple[int, int], set[str]] = {}
        self._deepest = 0
        self._digits: dict[tuple[int, int], tuple[str, ...]] = {}

    def learn(self, keys: Sequence[str]) -> None:
        """Look at some of the keys of an ascending page."""
        shared = _shared(keys[0], keys[-1])
        self._note(keys[0], 0)
        for number in range(1, _SAMPLES):
            self._note(keys[(len(keys) - 1) * number // (_SAMPLES - 1)], shared)

    def progress(self, begin: str, at: str, until: str | None) -> float:
        """The share of the range from ``begin`` to ``until`` that lies before ``at``; 0 when it is too little."""
        start = self._start(begin, until)
        first, last = self._value(begin, start), self._last(until, start)
        return (
            min(1.0, max(0.0, (self._value(at, start) - first) / (last - first))) if last > first else 0.0
        )

    def between(self, begin: str, low: str, high: str | None) -> str | None:
        """A key (of no object, most likely) with about half of what lies between ``low`` and ``high`` (None for the end
        of the listing) behind it; None when there is none to be told. ``begin``: a key before ``low`` since which all
        have been seen. The end of the folder that they lie in is tried before that of the listing.
        """
        if high is None and (end := self._end_of_folder(low[: _shared(begin, low)])):
            return _usable(end)
        start = self._start(low, high)
        first, last = self._value(low, start), self._last(high, start)
        if last <= first:
            return None
        whole = last - first
        text, following = self._written(low[:start], first + whole / 2, whole * _FINENESS)
        folder = text[: text.find("/", start) + 1]
        guesses = (each for each in (folder, text, following) if low < each)
        found = next((each for each in guesses if high is None or each < high), "")
        return _usable(found) if found else None

    def _note(self, key: str, start: int) -> None:
        depth, place = _place(key[:start])
        for character in key[start:_DEEPEST]:
            seen = self._seen.get((depth, place))
            if seen is None and len(self._seen) < _MOST_PLACES:
                seen = self._seen[depth, place] = set()
            if seen is not None and character not in seen and character <= _BEYOND:
                seen.add(character)
                self._digits.pop((depth, place), None)
            depth, place = _next(depth, place, character)
        self._deepest = max(self._deepest, depth)

    def _digits_at(self, depth: int, place: int) -> tuple[str, ...]:
        """Characters to expect, ascending: with some digits all digits, with some letters all letters, or those of
        hexadecimal digits. What differs little in the keys seen is taken to do so in the others."""
        digits = self._digits.get((depth, place))
        if digits is None:
            seen = self._seen.get((depth, place), set())
            varied = _VARIED if depth < self._deepest else _VARIED_IN_NAME
            digits = tuple(sorted(seen.union(*_classes_of(seen, varied)))) or _UNKNOWN
            self._digits[depth, place] = digits
        return digits

    def _start(self, low: str, high: str | None) -> int:
        """How many first characters the keys of a range share."""
        return len(self._prefix) if high is None else _shared(low, high)

    def _last(self, high: str | None, start: int) -> float:
        return 1.0 if high is None else self._value(high, start)

    def _value(self, key: str, start: int) -> float:
        """From 0 to 1: what stands from ``start`` on, as a fraction."""
        depth, place = _place(key[:start])
        value, unit = 0.0, 1.0
        for character in key[start:_DEEPEST]:
            digits = self._digits_at(depth, place)
            unit /= len(digits)
            rank = bisect_left(digits, character)
            value += rank * unit
            if unit < _EXACT or rank == len(digits) or digits[rank] != character:
                break
            depth, place = _next(depth, place, character)
        return value

    def _written(self, text: str, value: float, fineness: float) -> tuple[str, str]:
        """The fraction as characters behind ``text``, and the next one after it."""
        depth, place = _place(text)
        unit, following = 1.0, text
        for _ in range(_LONGEST_KEY):
            digits = self._digits_at(depth, place)
            unit /= len(digits)
            rank = min(int(value / unit), len(digits) - 1)
            value -= rank * unit
            following = text + digits[min(rank + 1, len(digits) - 1)]
            text += digits[rank]
            if unit <= fineness:
                break
            depth, place = _next(depth, place, digits[rank])
        return text, following

    def _end_of_folder(self, key: str) -> str:
        """What comes right behind the outermost folder of a key; empty where it lies in none."""
        end = key.find("/", len(self._prefix) + 1)
        return "" if end < 0 else f"{key[:end]}0"


def _classes_of(seen: set[str], varied: int) -> list[str]:
    """All characters of each class of which so many are seen; of hexadecimal digits no other letters."""
    held = [(seen.intersection(family[-1]), family) for family in _FAMILIES]
    return [
        next(each for each in family if found <= set(each))
        for found, family in held
        if len(found) >= varied
    ]


def _shared(low: str, high: str) -> int:
    """How many first characters two keys have in common."""
    shortest = min(len(low), len(high))
    return next((number for number in range(shortest) if low[number] != high[number]), shortest)


def _place(text: str) -> tuple[int, int]:
    return text.count("/"), len(text) - text.rfind("/") - 1


def _next(depth: int, place: int, character: str) -> tuple[int, int]:
    return (depth + 1, 0) if character == "/" else (depth, place + 1)


def _usable(key: str) -> str | None:
    """The key, unless stores might place it differently or take none so long."""
    return key if max(key) <= _BEYOND and len(key.encode()) <= _LONGEST_KEY else None
