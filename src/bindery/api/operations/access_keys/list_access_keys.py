"""ListAccessKeys. Source: help page api-ram-2015-05-01-listaccesskeys."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.access_keys import (
    ListAccessKeysRequest,
    ListAccessKeysResponse,
    ListAccessKeysResponseBodyAccessKeys,
    ListAccessKeysResponseBodyAccessKeysAccessKey,
)
from bindery.api.operations.access_keys.access_keys import key_answer, owner_of


def list_access_keys(context: Context, request: ListAccessKeysRequest) -> ListAccessKeysResponse:
    """The keys of a user or of the account, the oldest first. The root key, which the record does not hold, is not
    among them."""
    keys = context.catalog.access_keys.list(owner_of(context, request.user_name))
    labelled = not context.settings.strict
    shown = tuple(
        key_answer(
            ListAccessKeysResponseBodyAccessKeysAccessKey,
            key,
            label=key.label if labelled and key.label else None,
        )
        for key in keys
    )
    return ListAccessKeysResponse(access_keys=ListAccessKeysResponseBodyAccessKeys(access_key=shown))
