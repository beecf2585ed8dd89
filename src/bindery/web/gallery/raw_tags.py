"""The raw tags of a file as its page shows them: by groups, each value with the search for it."""

from __future__ import annotations

from typing import Any

import msgspec

from bindery.catalog.query.fields import find_field
from bindery.catalog.query.syntax import Leaf
from bindery.catalog.query.tags import number_text, read_tag_number
from bindery.catalog.query.written import write_expression
from bindery.tag_kinds import TAG_KINDS
from bindery.web.calls import wire_text

_LONGEST_SOUGHT = 100
"""Characters of a value that can be searched for from the page."""


class Value(msgspec.Struct, frozen=True):
    """One value, and the expression that finds the files that have it; empty when it is too long for one."""

    text: str
    search: str = ""


class Group(msgspec.Struct, frozen=True):
    """Tags of one origin: ``EXIF``, ``common`` for names that mean the same in every format, a prefix of XMP, or
    ``others``."""

    name: str
    tags: tuple[tuple[str, tuple[Value, ...]], ...]

    @property
    def count(self) -> int:
        """How many tags it has."""
        return len(self.tags)


def group_tags(entry: dict[str, Any]) -> list[Group]:
    """The tags of an entry: those with common names first, then EXIF, then the others by their prefixes."""
    groups: dict[str, list[tuple[str, tuple[Value, ...]]]] = {"common": [], "EXIF": []}
    for name, text in _exif(entry.get("EXIF", "")):
        groups["EXIF"].append((name, (_value(f"EXIF.{name}", text),)))
    for name, values in _others(entry.get("Tags")):
        shown = tuple(_value(f"Tags.{name}", text) for text in values)
        groups.setdefault(_group_of(name), []).append((name, shown))
    return [Group(name, tuple(tags)) for name, tags in sorted(groups.items(), key=_place) if tags]


def _place(group: tuple[str, object]) -> tuple[int, str]:
    first = ("common", "EXIF")
    name = group[0]
    return (first.index(name), name) if name in first else (len(first) + (name == "others"), name)


def _group_of(name: str) -> str:
    if name in TAG_KINDS:
        return "common"
    prefix, colon, _ = name.partition(":")
    return prefix if colon and prefix.isalnum() else "others"


def _value(name: str, text: str) -> Value:
    if max(len(text), len(name)) > _LONGEST_SOUGHT or "\n" in text:
        return Value(text)
    if find_field(name)[0].numeric:
        number = read_tag_number(name, text)
        return Value(text) if number is None else Value(text, _search(name, number_text(number)))
    return Value(text, _search(name, text))


def _search(name: str, value: str) -> str:
    return write_expression(Leaf(field=name, operation="eq", value=value))


def _exif(text: str) -> list[tuple[str, str]]:
    try:
        tags = msgspec.json.decode(text) if text else {}
    except msgspec.DecodeError:
        return [("EXIF", text)]
    if not isinstance(tags, dict):
        return [("EXIF", text)]
    return [
        (name, wire_text(held.get("value", held) if isinstance(held, dict) else held))
        for name, held in tags.items()
    ]


def _others(tags: object) -> list[tuple[str, list[str]]]:
    if not isinstance(tags, dict):
        return []
    return [
        (name, [wire_text(value) for value in values])
        for name, values in tags.items()
        if isinstance(values, list)
    ]
