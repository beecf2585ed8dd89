"""CreateAccessKey. Source: help page api-ram-2015-05-01-createaccesskey."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.access_keys import (
    CreateAccessKeyRequest,
    CreateAccessKeyResponse,
    CreateAccessKeyResponseBodyAccessKey,
)
from bindery.api.operations.access_keys.access_keys import key_answer, owner_of


def create_access_key(context: Context, request: CreateAccessKeyRequest) -> CreateAccessKeyResponse:
    """A key for a user, who may have two, or for the account. The secret is told here and never again."""
    owner = owner_of(context, request.user_name)
    kept, key = context.identities.make_key(owner, label=request.label or "")
    return CreateAccessKeyResponse(
        access_key=key_answer(CreateAccessKeyResponseBodyAccessKey, kept, access_key_secret=key.secret)
    )
