"""What an error code means and what to do, from the page of the documentation that says so."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import msgspec

from bindery.documentation import page_text

_ROW = re.compile(r"^\|(.+)\|\s*$")
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_PLACE = re.compile(r"\{\w+\}|…")
_REST = re.compile(r"\\\{\w+\\\}|…")


class Explanation(msgspec.Struct, frozen=True):
    """Of one code, or of several alike."""

    means: str
    do: str


def explain(code: str) -> Explanation | None:
    """None for a code that the page does not have."""
    return next((row.explanation for row in _table() if row.pattern.fullmatch(code)), None)


class _Row(NamedTuple):
    pattern: re.Pattern[str]
    explanation: Explanation


@cache
def _table() -> list[_Row]:
    """The codes that say most first: ``InvalidParameter.PolicySize`` before ``InvalidParameter.{name}``."""
    rows: list[tuple[int, _Row]] = []
    for line in (page_text("errors") or "").splitlines():
        match = _ROW.match(line)
        cells = [cell.strip() for cell in match[1].split("|")] if match else []
        if len(cells) < 3 or not _CODE.match(cells[0]):
            continue
        explanation = Explanation(_plain(cells[2]), _plain(cells[3]) if len(cells) > 3 else "")
        rows += [
            (len(_PLACE.sub("", code)), _Row(_pattern(code), explanation)) for code in _codes(cells[0])
        ]
    return [row for _, row in sorted(rows, key=lambda each: -each[0])]


def _codes(cell: str) -> list[str]:
    """Codes of a cell; ``.Group`` after ``EntityNotExist.User`` stands for ``EntityNotExist.Group``."""
    first, *others = _CODE.findall(cell)
    parts = first.split(".")
    return [
        first,
        *(".".join(_beginning(parts, code)) + code for code in others if code.startswith(".")),
    ] + [code for code in others if not code.startswith(".")]


def _beginning(parts: list[str], code: str) -> list[str]:
    return parts[: max(1, len(parts) - code.count("."))]


def _pattern(code: str) -> re.Pattern[str]:
    return re.compile(_REST.sub(".+", re.escape(code)))


def _plain(cell: str) -> str:
    return _LINK.sub(r"\1", cell).replace("`", "")
