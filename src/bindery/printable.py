"""Text of strangers, made fit to be shown: names of objects, reasons, messages of stores.

What steers a terminal, or is not seen, is written as an escape: control characters (line breaks, ESC, BEL, the
C1 set), marks that turn the direction of writing, blanks other than the space. Escapes are ``\\xHH``, ``\\uHHHH``
and ``\\UHHHHHHHH``; a backslash that could be taken for the beginning of one is doubled, so two texts never look
the same.
"""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPE_LETTERS = frozenset("xuU\\")
_BEYOND_ASCII = re.compile("[\x7f-\U0010ffff]")


def printable(text: str, *, lines: bool = False) -> str:
    """``text`` with everything escaped that is not plainly seen; line breaks stay with ``lines``."""
    if text.isprintable() and "\\" not in text:
        return text
    following = [*text[1:], ""]
    return "".join(
        character if lines and character == "\n" else _shown(character, after)
        for character, after in zip(text, following, strict=True)
    )


def printable_json(value: Any, *, indent: int | None = None) -> str:
    """``value`` as JSON in which everything unseen is escaped; it reads back as it was."""
    return escape_json(json.dumps(value, ensure_ascii=False, indent=indent))


def escape_json(text: str) -> str:
    """A JSON text in which everything unseen is escaped; what it says stays the same."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _BEYOND_ASCII.sub(lambda found: _shown_in_json(found[0]), text)


def _shown(character: str, after: str) -> str:
    if character == "\\":
        begins_escape = after in _ESCAPE_LETTERS or (after and not after.isprintable())
        return "\\\\" if begins_escape else "\\"
    if character.isprintable():
        return character
    number = ord(character)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _shown_in_json(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
