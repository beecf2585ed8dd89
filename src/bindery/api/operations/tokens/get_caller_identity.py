"""GetCallerIdentity. Source: help page api-sts-2015-04-01-getcalleridentity."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.tokens import GetCallerIdentityRequest, GetCallerIdentityResponse
from bindery.api.operations import Work

WORK = Work.INLINE


def get_caller_identity(context: Context, _: GetCallerIdentityRequest) -> GetCallerIdentityResponse:
    """Who has signed the call. Everybody may ask."""
    identity = context.identity
    shown = GetCallerIdentityResponse(
        account_id=identity.account_id,
        arn=identity.arn,
        identity_type=identity.kind.value,
        principal_id=identity.principal_id,
    )
    if identity.session is None:
        shown.user_id = identity.principal_id
    else:
        shown.role_id = identity.principal_id
        shown.principal_id = f"{identity.principal_id}:{identity.session.name}"
    return shown
