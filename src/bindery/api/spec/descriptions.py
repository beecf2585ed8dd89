"""What a model says for people: ``descriptions.json`` of each product.

Most names mean the same wherever they stand, so each table has an entry ``*`` by name, and beside it the exceptions of
an operation or a struct.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec

_EVERYWHERE = "*"
Entry = dict[str, Any]


class Descriptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of one product."""

    operations: dict[str, str]
    parameters: dict[str, dict[str, str]]
    """By operation and parameter."""
    members: dict[str, dict[str, str]]
    """By operation or struct, and member."""
    examples: dict[str, dict[str, Any]] = {}
    """By operation and parameter."""

    def parameters_of(self, operation: str, parameters: list[Entry]) -> list[Entry]:
        """Parameters of an operation, each with ``description`` and ``example``."""
        texts, examples = _table(self.parameters, operation), _table(self.examples, operation)
        return [
            parameter | {"description": texts.get(name, ""), "example": examples.get(name)}
            for parameter in parameters
            if (name := parameter["name"])
        ]

    def members_of(self, owner: str, members: list[Entry]) -> list[Entry]:
        """Members of the answer of an operation, or of a struct, each with ``description``."""
        texts = _table(self.members, owner)
        return [member | {"description": texts.get(member["name"], "")} for member in members]


def read_descriptions(product: str) -> Descriptions:
    """Those of one product."""
    content = (files("bindery.api.spec") / product / "descriptions.json").read_bytes()
    return msgspec.json.decode(content, type=Descriptions)


def _table(tables: dict[str, dict[str, Any]], owner: str) -> dict[str, Any]:
    everywhere = tables.get(_EVERYWHERE, {})
    return everywhere | tables[owner] if owner in tables else everywhere
