"""ResealAccessKeys, an extension: a new sealing key, and every secret sealed with it."""

from __future__ import annotations

from bindery.access.keys import KeysUnusable
from bindery.access.resealing import reseal
from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.access import ResealAccessKeysRequest, ResealAccessKeysResponse
from bindery.api.operations import Work

WORK = Work.SLOW


def reseal_access_keys(context: Context, request: ResealAccessKeysRequest) -> ResealAccessKeysResponse:
    """Calls go on meanwhile. ``AtOnce`` forgets the old key now, which ends every session of a role; else it stays in
    its file for the 12 hours that a session may last. After a failure, the same call goes on where it ended."""
    identities = context.identities
    try:
        done = reseal(identities.sealer, context.catalog, at_once=request.at_once or False)
    except KeysUnusable as error:
        raise invalid_argument(f"The secrets cannot be sealed anew: {error}.") from error
    return ResealAccessKeysResponse(
        resealed=done.secrets, lost=done.lost or None, old_sealing_keys=done.old_keys
    )
