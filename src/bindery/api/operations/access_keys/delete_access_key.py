"""DeleteAccessKey. Source: help page api-ram-2015-05-01-deleteaccesskey."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.access_keys import DeleteAccessKeyRequest, DeleteAccessKeyResponse
from bindery.api.operations.access_keys.access_keys import owner_of


def delete_access_key(context: Context, request: DeleteAccessKeyRequest) -> DeleteAccessKeyResponse:
    """Forget a key; the next call that it signs is refused."""
    context.catalog.access_keys.delete(owner_of(context, request.user_name), request.user_access_key_id)
    return DeleteAccessKeyResponse()
