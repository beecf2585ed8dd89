"""What the languages share: lines that are broken and indented where they get long, and texts between quotes."""

from __future__ import annotations

import json
from collections.abc import Sequence

WIDTH = 88


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
    """A text as JSON has it, which Java, JavaScript, Go, C# and C++ read as well: other characters are escaped."""
    return json.dumps(text)


def shell_text(text: str) -> str:
    """A word of a POSIX shell."""
    if text and all(letter.isalnum() or letter in "-_./:@%+," for letter in text) and text.isascii():
        return text
    return "'" + text.replace("'", "'\\''") + "'"
