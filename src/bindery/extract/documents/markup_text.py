"""The words in an XML document, told by the names of the elements around them."""

from __future__ import annotations

from collections import Counter

from bindery.extract.documents.document import Text
from bindery.extract.documents.package import local_name

_MAX_ELEMENTS = 1_000_000
"""Elements looked at of one part."""


class MarkupText:
    """A parser target that collects characters inside some elements, and counts others.

    Names are local names: the variants of the formats differ in their namespaces only.
    """

    def __init__(
        self, text: Text, *, inside: frozenset[str], breaks: frozenset[str], without: frozenset[str]
    ) -> None:
        self._text = text
        self._inside, self._breaks, self._without = inside, breaks, without
        self._depth = 0
        self._hidden = 0
        self._elements = 0
        self._broken = True
        self.counts: Counter[str] = Counter()
        self.wants_counts = False

    @property
    def done(self) -> bool:
        """The text is full and nobody counts, or there is no end to the elements."""
        return self._elements > _MAX_ELEMENTS or (self._text.full and not self.wants_counts)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = local_name(tag)
        self._elements += 1
        if self.wants_counts:
            self.counts[name] += 1
        self._depth += name in self._inside
        self._hidden += name in self._without
        self._broken |= name in self._breaks

    def end(self, tag: str) -> None:
        """An element ends."""
        name = local_name(tag)
        self._depth -= name in self._inside
        self._hidden -= name in self._without
        self._broken |= name in self._breaks

    def data(self, text: str) -> None:
        """Characters of an element."""
        if self._depth and not self._hidden:
            self._text.add(f" {text}" if self._broken else text)
            self._broken = False

    def close(self) -> None:
        """The part ends."""
