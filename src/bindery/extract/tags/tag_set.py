"""The field ``Tags`` of a File: what a file says of itself beside EXIF, by name, each name with all its values.

Names that have a meaning of their own are those of ``bindery.tag_kinds``; any other tag keeps the name that its format
gives it. Values are texts without control characters, each once, in the order of the file.
"""

from __future__ import annotations

import re

MOST_NAMES = 1_000
MOST_VALUES = 1_000
"""Of one name."""
LONGEST_VALUE = 16 * 1024
_TOTAL = 256 * 1024
_LONGEST_NAME = 128
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")


class TagSet:
    """Collects tags within bounds; what does not fit is counted in ``left_out``."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, None]] = {}
        self._left = _TOTAL
        self.left_out = 0

    def add(self, name: str, *values: str) -> None:
        """Take over values of a tag; empty ones and those that are there already are passed over."""
        name = _cleaned(name[:_LONGEST_NAME])
        for value in values if name else ():
            text = _cleaned(value[:LONGEST_VALUE])
            if text:
                self._keep(name, text)

    def _keep(self, name: str, text: str) -> None:
        held = self._values.get(name)
        if held is not None and text in held:
            return
        full = len(self._values) == MOST_NAMES if held is None else len(held) == MOST_VALUES
        size = len(name) + len(text)
        if full or size > self._left:
            self.left_out += 1
            return
        if held is None:
            self._values[name] = {text: None}
        else:
            held[text] = None
        self._left -= size

    def first(self, name: str) -> str | None:
        """The first value of a tag."""
        return next(iter(self._values.get(name, ())), None)

    def all(self) -> dict[str, tuple[str, ...]] | None:
        """What was collected, ascending by name; None when there is nothing."""
        return {name: tuple(self._values[name]) for name in sorted(self._values)} or None


def _cleaned(text: str) -> str:
    return (text if text.isprintable() else _CONTROL.sub(" ", text)).strip()
