"""Projects, datasets and bindings as the JSON that their rows hold."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from bindery.catalog.records import Binding, Dataset, Project

Stored = TypeVar("Stored", Project, Dataset, Binding)


def encode(stored: Project | Dataset | Binding) -> bytes:
    """The body of a row."""
    return msgspec.json.encode(stored)


def with_id(decoder: msgspec.json.Decoder[Stored], row: tuple[int, bytes]) -> Stored:
    """A row (id, body) as what it holds."""
    stored = decoder.decode(row[1])
    return msgspec.structs.replace(stored, id=row[0])
