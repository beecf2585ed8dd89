"""What office documents say of themselves beside title, author and dates, under names that all formats share.

Source: ECMA-376 part 2, 11.1 (core properties), part 1, 22.2 and 22.3 (extended and custom properties); MS-OSHARED
2.3.3.2; OpenDocument 1.3 part 3, 4.3; the RTF specification 1.9.1, information group.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bindery.extract.documents.document import Document
from bindery.extract.documents.package import Package
from bindery.extract.notes import Note

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

KNOWN_NAMES = {
    "creator": "Creator", "author": "Creator", "initial-creator": "Creator", "subject": "Subject",
    "keywords": "Keywords", "keyword": "Keywords", "description": "Description", "comments": "Description",
    "doccomm": "Description", "comment": "Description", "category": "Category", "company": "Company",
    "manager": "Manager", "application": "Software", "generator": "Software", "producer": "Producer",
    "identifier": "Identifier",
    "language": "Language", "publisher": "Publisher", "contributor": "Contributor", "rights": "Copyright",
}  # fmt: skip
"""Names of ``tag_kinds.TAG_KINDS`` by those of the properties, in small letters."""
_BETWEEN_KEYWORDS = re.compile(r"[,;，；、]")


def add_property(document: Document, family: str, name: str, value: str | None) -> None:
    """Keep a property as a tag; what has no common name keeps its own, behind that of the format (``family``)."""
    value = (value or "").strip()
    if not value:
        return
    known = KNOWN_NAMES.get(name.lower())
    if known == "Keywords":
        document.tags.add(known, *(part.strip() for part in _BETWEEN_KEYWORDS.split(value)))
    else:
        document.tags.add(known or f"{family}:{name}", value)


def properties_of(package: Package, part: str, document: Document) -> list[tuple[str, Element]]:
    """The elements of a part that holds properties, with their local names; a damaged one harms only itself, and is
    told of.
    """
    try:
        return list(package.elements(part))
    except SyntaxError:
        document.note(Note.PART_SKIPPED, f"the part {part[:64]} is damaged")
        return []
