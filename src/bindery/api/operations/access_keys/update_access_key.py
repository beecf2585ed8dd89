"""UpdateAccessKey. Source: help page api-ram-2015-05-01-updateaccesskey."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.access_keys import UpdateAccessKeyRequest, UpdateAccessKeyResponse
from bindery.api.operations.access_keys.access_keys import owner_of


def update_access_key(context: Context, request: UpdateAccessKeyRequest) -> UpdateAccessKeyResponse:
    """Switch a key off or on again, for the next call that it signs."""
    context.catalog.access_keys.set_active(
        owner_of(context, request.user_name),
        request.user_access_key_id,
        active=request.status == "Active",
    )
    return UpdateAccessKeyResponse()
