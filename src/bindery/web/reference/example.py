"""Calls that were made to a real server, with what it answered: see ``scripts/record_examples.py``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One call. Long lists are cut after two items, secrets after some characters."""

    values: dict[str, Any]
    answer: dict[str, Any]


@cache
def load_examples() -> dict[str, Example]:
    """By the id of the operation: ``imm:GetBinding``."""
    content = (files("bindery.web.reference") / "examples.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, Example])


def indented(value: Any) -> str:
    """JSON for people."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
