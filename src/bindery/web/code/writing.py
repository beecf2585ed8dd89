"""What the languages share: lines that are broken and indented where they get long, and texts between quotes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

WIDTH = 88
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def bracketed(
    head: str, parts: Sequence[str], tail: str, indent: str, *, step: str = "    ", comma: str = ","
) -> str:
    """``head part, part tail`` on one line, or a part a line when that would be too long."""
    line = f"{head}{', '.join(parts)}{tail}"
    if not parts or (len(indent) + len(line) <= WIDTH and "\n" not in line):
        return line
    inner = indent + step
    lines = ",\n".join(inner + part for part in parts)
    return f"{head}\n{lines}{comma}\n{indent}{tail}"


def json_text(text: str) -> str:
    """A text as JSON has it, which JavaScript reads as well: other characters are escaped."""
    return json.dumps(text)


def shell_text(text: str) -> str:
    """A word of a POSIX shell."""
    if text and all(letter.isalnum() or letter in "-_./:@%+," for letter in text) and text.isascii():
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def chained(
    head: str, calls: Sequence[str], indent: str, *, step: str = "    ", trailing: bool = False
) -> str:
    """``head.call.call`` on one line, or a call a line when that would be too long.

    ``trailing`` dots end the line before, as Go needs it.
    """
    line = ".".join([head, *calls])
    if (len(calls) < 2 and "\n" in line) or (len(indent) + len(line) <= WIDTH and "\n" not in line):
        return line
    between = f".\n{indent}{step}" if trailing else f"\n{indent}{step}."
    return between.join([head, *calls])


def quoted(text: str, escape: Callable[[str], str], *, marks: str = '"') -> str:
    """A text between ``marks``: a backslash before what would end it, and what cannot be seen escaped."""
    return marks + "".join(_escaped(letter, escape, marks) for letter in text) + marks


def _escaped(letter: str, escape: Callable[[str], str], marks: str) -> str:
    if letter in ("\\", marks):
        return "\\" + letter
    return letter if letter.isprintable() else _SHORT.get(letter) or escape(letter)


def utf16_escape(letter: str) -> str:
    r"""``\uXXXX``, of which letters beyond the sixteen bits take two, as Java and JSON have it."""
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def octal_escape(letter: str) -> str:
    r"""The bytes in UTF-8 as ``\NNN``, which takes no digit that follows for its own."""
    return "".join(f"\\{byte:03o}" for byte in letter.encode("utf-8", "surrogatepass"))
