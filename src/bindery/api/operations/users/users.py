"""Users as answers."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from bindery.api.operations.entities import date_of, shown
from bindery.catalog.access_records import User

_Shown = TypeVar("_Shown", bound=msgspec.Struct)


def user_answer(kind: type[_Shown], user: User, **further: object) -> _Shown:
    """A user as the struct of an operation."""
    return shown(
        kind,
        user_id=user.id,
        user_name=user.name,
        display_name=user.display_name,
        mobile_phone=user.mobile_phone,
        email=user.email,
        comments=user.comments,
        create_date=date_of(user.create_time),
        update_date=date_of(user.update_time),
        last_login_date="",
        **further,
    )
