"""Whether somebody may read an object itself, for answers that are no operation of the API: pictures and bytes."""

from __future__ import annotations

from bindery.access.identities import Identity
from bindery.api.context import Context
from bindery.api.gateway.authorization import authority_of, resource_conditions
from bindery.api.gateway.request import HttpRequest
from bindery.buckets.uri import ObjectUri

ACTION = "oss:GetObject"


def may_read(context: Context, identity: Identity, http: HttpRequest, uri: ObjectUri) -> bool:
    """Whether the policies of ``identity`` let it read an object at this moment, from where it is. Blocking: tags may
    be looked up.
    """
    authority = authority_of(identity, http)
    resource = f"acs:oss:*:{context.settings.account_id}:{uri.bucket}/{uri.key}"
    tags = resource_conditions(authority, ACTION, resource, context)
    return authority.decide(ACTION, resource, tags).allowed
