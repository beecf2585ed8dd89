"""JSON (RFC 8259) read into values that know their place in the text.

The decoders at hand tell the place of a syntax error only; a person who wrote a policy wants the place of a
wrong value, too. Texts are short (``MAX_CHARACTERS``), numbers stay texts, and nesting is bounded, so no text costs
more than its length.
"""

from __future__ import annotations

import re

import msgspec

from bindery.access.policy.document import MalformedPolicy
from bindery.printable import printable

_MAX_DEPTH = 16
"""A policy has seven levels at most."""
_SHOWN = 40
"""Characters of a wrong text that a message repeats."""
_BLANKS = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = re.compile(r"true|false|null")
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Text(msgspec.Struct, frozen=True):
    """A string."""

    value: str
    at: int


class Other(msgspec.Struct, frozen=True):
    """A number, ``true``, ``false`` or ``null``, as it is written."""

    written: str
    at: int


class Array(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple[Value, ...]
    at: int


class Object(msgspec.Struct, frozen=True):
    """Members in the order of the text; no name comes twice."""

    members: dict[str, Value]
    name_at: dict[str, int]
    at: int


Value = Text | Other | Array | Object


def read_json(text: str) -> Value:
    """The one value of a text. Raises MalformedPolicy."""
    return _Reader(text).read()


def place_of(text: str, at: int) -> tuple[int, int]:
    """Line and column, both from 1, of the character at ``at``."""
    before = text[:at]
    return before.count("\n") + 1, at - before.rfind("\n")


def shown(text: str) -> str:
    """A text of the document in quotation marks, cut short, fit for a message."""
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return f'"{printable(cut)}"'


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._path: list[str] = []

    def read(self) -> Value:
        if self._text.startswith("\ufeff"):
            raise self._wrong("the text begins with a byte order mark; save it as UTF-8 without one", 0)
        value = self._value()
        self._skip_blanks()
        if self._at < len(self._text):
            raise self._wrong(f"expected the end of the text, not {self._next()}")
        return value

    def _value(self) -> Value:
        self._skip_blanks()
        start = self._next_character()
        if start == "{":
            return self._object()
        if start == "[":
            return self._array()
        if start == '"':
            at = self._at
            return Text(self._string(), at)
        return self._other()

    def _other(self) -> Other:
        at = self._at
        found = _WORDS.match(self._text, at) or _NUMBER.match(self._text, at)
        if found is None:
            raise self._wrong(f"expected a JSON value, not {self._next()}")
        self._at = found.end()
        return Other(found[0], at)

    def _array(self) -> Array:
        at = self._at
        self._enter()
        items: list[Value] = []
        while self._goes_on("]", first=not items):
            self._path.append(str(len(items)))
            items.append(self._value())
            self._path.pop()
        return Array(tuple(items), at)

    def _object(self) -> Object:
        at = self._at
        self._enter()
        members: dict[str, Value] = {}
        places: dict[str, int] = {}
        while self._goes_on("}", first=not members):
            name_at = self._at
            if self._next_character() != '"':
                raise self._wrong(f"expected a member's name in quotation marks, not {self._next()}")
            name = self._string()
            self._path.append(name)
            if name in members:
                raise self._wrong(f"the member {shown(name)} is there twice", name_at)
            self._skip_blanks()
            self._take(":")
            members[name] = self._value()
            places[name] = name_at
            self._path.pop()
        return Object(members, places, at)

    def _enter(self) -> None:
        # Depth is the length of the path: every level but the outermost stands in it.
        if len(self._path) >= _MAX_DEPTH:
            raise self._wrong(f"expected at most {_MAX_DEPTH} levels")
        self._at += 1

    def _goes_on(self, end: str, *, first: bool) -> bool:
        """Whether another entry follows; takes the comma before it, or the end."""
        self._skip_blanks()
        if self._next_character() == end:
            self._at += 1
            return False
        if not first:
            if self._next_character() != ",":
                raise self._wrong(f'expected "," or "{end}", not {self._next()}')
            self._at += 1
            self._skip_blanks()
            if self._next_character() == end:
                raise self._wrong(f'expected another entry after the comma, not "{end}"')
        return True

    def _string(self) -> str:
        start = self._at
        self._at += 1
        pieces: list[str] = []
        while True:
            plain = _PLAIN.match(self._text, self._at)
            pieces.append(plain[0] if plain else "")
            self._at += len(pieces[-1])
            character = self._next_character()
            if character == '"':
                self._at += 1
                return "".join(pieces)
            if character == "\\":
                pieces.append(self._escape())
            elif not character:
                raise self._wrong("this string has no closing quotation mark", start)
            else:
                raise self._wrong(f"{self._next()} may stand in a string only as an escape")

    def _escape(self) -> str:
        at = self._at
        letter = self._text[at + 1 : at + 2]
        if letter in _ESCAPES and letter:
            self._at += 2
            return _ESCAPES[letter]
        if letter != "u":
            raise self._wrong(f'expected an escape of JSON after "\\", not {self._next(1)}')
        unit = self._code_unit()
        if 0xD800 <= unit <= 0xDBFF and self._text.startswith("\\u", self._at):
            low = self._code_unit()
            if 0xDC00 <= low <= 0xDFFF:
                return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= unit <= 0xDFFF:
            raise self._wrong("half of a surrogate pair is no character", at)
        return chr(unit)

    def _code_unit(self) -> int:
        digits = _HEX.match(self._text, self._at + 2)
        if digits is None:
            raise self._wrong("expected four hexadecimal digits after \\u")
        self._at = digits.end()
        return int(digits[0], 16)

    def _take(self, character: str) -> None:
        if self._next_character() != character:
            raise self._wrong(f'expected "{character}", not {self._next()}')
        self._at += 1

    def _skip_blanks(self) -> None:
        found = _BLANKS.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _next_character(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self, ahead: int = 0) -> str:
        character = self._text[self._at + ahead : self._at + ahead + 1]
        return shown(character) if character else "the end of the text"

    def _wrong(self, expected: str, at: int | None = None) -> MalformedPolicy:
        line, column = place_of(self._text, self._at if at is None else at)
        return MalformedPolicy(expected, line=line, column=column, pointer=pointer_of(self._path))


def pointer_of(path: list[str]) -> str:
    """The JSON pointer of a member (RFC 6901)."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)
