"""Whether somebody may read an object itself, for answers that are no operation of the API: pictures and bytes."""

from __future__ import annotations

from bindery.access.authorizer import Conditions, resource_tags
from bindery.access.identities import Identity
from bindery.access.policy import condition_keys as keys
from bindery.api.context import Context
from bindery.api.gateway.authorization import authority_of
from bindery.api.gateway.request import HttpRequest
from bindery.api.tagged import tags_of
from bindery.buckets.uri import ObjectUri

ACTION = "oss:GetObject"


def may_read(context: Context, identity: Identity, http: HttpRequest, uri: ObjectUri) -> bool:
    """Whether the policies of ``identity`` let it read an object at this moment, from where it is. Blocking: tags may
    be looked up.
    """
    authority = authority_of(identity, http)
    account = context.settings.account_id
    resource = f"acs:oss:*:{account}:{uri.bucket}/{uri.key}"
    tags: Conditions = {}
    if authority.asks_for_tags(ACTION, keys.RESOURCE_TAG):
        tags = resource_tags(tags_of(context.catalog, resource, account))
    return authority.decide(ACTION, resource, tags).allowed
