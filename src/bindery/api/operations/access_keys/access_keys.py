"""Access keys as answers, and whose they are."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from bindery.access.identities import IdentityKind
from bindery.api.context import Context
from bindery.api.errors import missing_parameter
from bindery.api.operations.entities import date_of, shown
from bindery.catalog.access_records import SealedKey

_Shown = TypeVar("_Shown", bound=msgspec.Struct)


def owner_of(context: Context, user_name: str | None) -> str | None:
    """The user whose keys a call is about; None: the account. Who names nobody means himself. Raises ApiError."""
    if user_name:
        return user_name
    match context.identity.kind:
        case IdentityKind.ACCOUNT:
            return None
        case IdentityKind.USER:
            return context.identity.name
    raise missing_parameter("UserName")  # a role has no keys


def key_answer(kind: type[_Shown], key: SealedKey, **further: object) -> _Shown:
    """A key as the struct of an operation, without its secret."""
    return shown(
        kind,
        access_key_id=key.id,
        status="Active" if key.active else "Inactive",
        create_date=date_of(key.create_time),
        **further,
    )
