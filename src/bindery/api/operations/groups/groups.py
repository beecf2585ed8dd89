"""Groups as answers."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from bindery.api.operations.entities import date_of, shown
from bindery.catalog.access_records import Group

_Shown = TypeVar("_Shown", bound=msgspec.Struct)


def group_answer(kind: type[_Shown], group: Group, **further: object) -> _Shown:
    """A group as the struct of an operation."""
    return shown(
        kind,
        group_id=group.id,
        group_name=group.name,
        comments=group.comments,
        create_date=date_of(group.create_time),
        update_date=date_of(group.update_time),
        **further,
    )
