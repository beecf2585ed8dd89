"""Texts inside statements where there is no placeholder for them, as in ATTACH and COPY."""

from __future__ import annotations


def literal(text: str) -> str:
    """A text as a literal of SQL, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
