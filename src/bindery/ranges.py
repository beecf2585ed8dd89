"""Ranges of settings: how they are declared, checked and told.

A room declares the range of a setting in its type (``Annotated[float, msgspec.Meta(ge=0, le=60)]``); decoding the
configuration checks it, and the documentation and errors tell it in words.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

DAY_SECONDS = 86_400.0

Interval = Annotated[float, msgspec.Meta(ge=0.1, le=30 * DAY_SECONDS)]
"""Seconds between two times of something that costs work."""


def setting_types(struct: type[msgspec.Struct]) -> dict[str, msgspec.inspect.Type]:
    """The type of each setting, by its name in the file."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    return {field.encode_name: field.type for field in info.fields}


def range_of(kind: msgspec.inspect.Type) -> str:
    """In words, such as ``0 to 60``; empty when anything goes."""
    if not isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        return ""
    if kind.ge is not None and kind.le is not None:
        return f"{_number(kind.ge)} to {_number(kind.le)}"
    if kind.gt is not None and kind.le is not None:
        return f"above {_number(kind.gt)}, to {_number(kind.le)}"
    if kind.ge is not None:
        return f"at least {_number(kind.ge)}"
    return ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
