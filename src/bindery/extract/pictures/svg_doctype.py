"""The DTD of an SVG: drawing programs name their namespaces in it by entities, and strangers make bombs of them."""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers.expat import XMLParserType

_MOST_DEFAULTS = 64
"""Attributes that it gives a value: drawing programs of old declare a few of the root element."""
_MOST_ENTITIES = 256
_LONGEST_ENTITY = 4096


class DoctypeLimits:
    """Takes entities that are plain texts, and few attributes; all else raises what ``refuse``
    makes."""

    def __init__(self, parser: XMLParserType, refuse: Callable[[], Exception]) -> None:
        self._refuse = refuse
        self._entities = self._defaults = 0
        parser.EntityDeclHandler = self._entity
        parser.AttlistDeclHandler = self._default

    def _entity(self, _name: str, is_parameter: bool, value: str | None, *_places: str | None) -> None:
        """Entities of entities may grow without end, and those of other files are not read."""
        self._entities += 1
        if is_parameter or value is None:
            return
        if "&" in value or len(value) > _LONGEST_ENTITY or self._entities > _MOST_ENTITIES:
            raise self._refuse()

    def _default(self, _element: str, _name: str, _type: str, default: str | None, _required: bool) -> None:
        self._defaults += default is not None
        if self._defaults > _MOST_DEFAULTS:
            raise self._refuse()
