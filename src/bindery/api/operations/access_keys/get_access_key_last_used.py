"""GetAccessKeyLastUsed. Source: help page api-ram-2015-05-01-getaccesskeylastused."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.access_keys import (
    GetAccessKeyLastUsedRequest,
    GetAccessKeyLastUsedResponse,
    GetAccessKeyLastUsedResponseBodyAccessKeyLastUsed,
)
from bindery.api.operations.access_keys.access_keys import owner_of
from bindery.api.operations.entities import date_of


def get_access_key_last_used(
    context: Context, request: GetAccessKeyLastUsedRequest
) -> GetAccessKeyLastUsedResponse:
    """When a key has signed a call last; empty for one that never has. A kill forgets the last minute."""
    owner = owner_of(context, request.user_name)
    use = context.identities.uses.last(owner, request.user_access_key_id)
    last_used = GetAccessKeyLastUsedResponseBodyAccessKeyLastUsed(
        last_used_date="" if use is None else date_of(use.time)
    )
    return GetAccessKeyLastUsedResponse(access_key_last_used=last_used)
