"""The parts of an Open XML package: which refer to which, and the words in them.

Source: ECMA-376 part 2 (Open Packaging Conventions), 6.5 (relationships).
"""

from __future__ import annotations

from collections.abc import Iterable

from bindery.extract.documents.document import Document, Text
from bindery.extract.documents.markup_text import MarkupText
from bindery.extract.documents.package import Package, Target, resolve
from bindery.extract.extractor import Unreadable

Relationships = list[tuple[str, str, str]]
"""Type, target part and id of each."""

_WORDS = frozenset({"t"})
_BREAKS = frozenset({"p", "br", "tab", "cr", "si", "is", "comment", "cm"})
_HIDDEN = frozenset({"rPh", "moveFrom", "Fallback"})
"""Readings, text that was moved away, and what is there a second time for programs that lack the first."""
_COST_OF_RELATIONSHIP = 3.0
"""Its target is made absolute."""
_DRAWN = ("/chart", "/diagramData")
"""What shapes refer to that has words of its own."""


def relationships_of(package: Package, part: str) -> Relationships:
    """The relationships of a part; the package's own for an empty name."""
    folder, _, name = part.rpartition("/")
    listed = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
    return [
        (entry.get("Type", ""), resolve(part, entry.get("Target", "")), entry.get("Id", ""))
        for entry in package.attributes(listed, "Relationship", cost=_COST_OF_RELATIONSHIP)
    ]


def further_relationships(package: Package, part: str) -> Relationships:
    """Those of a part beside the main one: none when they are damaged, or no more is read of the package."""
    try:
        return relationships_of(package, part)
    except (Unreadable, SyntaxError):
        return []


def target_of(relationships: Iterable[tuple[str, str, str]], *endings: str) -> str | None:
    """The first target whose type ends so."""
    return next(iter(targets_of(relationships, *endings)), None)


def targets_of(relationships: Iterable[tuple[str, str, str]], *endings: str) -> list[str]:
    """All targets whose types end so."""
    return [target for kind, target, _ in relationships if kind.endswith(endings)]


def words_of(text: Text, *more: str) -> MarkupText:
    """A parser target for text in ``t`` elements, and in those of ``more`` names."""
    return MarkupText(text, inside=_WORDS.union(more), breaks=_BREAKS.union(more), without=_HIDDEN)


def add_parts(package: Package, parts: Iterable[str], document: Document, *more: str) -> None:
    """Add the words of whole parts beside the main one, each once however often it is named."""
    for part in parts:
        if document.text.full:
            return
        document.text.add(" ")
        add_part(package, part, words_of(document.text, *more))


def add_part(package: Package, part: str, target: Target) -> None:
    """Parse a part beside the main one; a damaged one harms only itself."""
    try:
        package.stream(part, target)
    except (Unreadable, SyntaxError):
        return


def add_drawn(package: Package, relationships: Relationships, document: Document) -> None:
    """Add the words of the charts and diagrams that a part shows."""
    add_parts(package, targets_of(relationships, *_DRAWN), document)
