"""What would refuse a call, without making it: for pages, which offer what their reader may do and say why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bindery.access.authorizer import Authority, Refusal
from bindery.access.identities import Identity
from bindery.api import errors
from bindery.api.context import Context
from bindery.api.gateway.authorization import authority_of, decisions, names_of, touched
from bindery.api.gateway.request import HttpRequest
from bindery.api.gateway.validation import validate
from bindery.api.operations import BuiltOperation
from bindery.api.spec.model import Operation


def foresee(
    context: Context,
    identity: Identity,
    http: HttpRequest,
    operation: Operation,
    parameters: Mapping[str, str],
    built: BuiltOperation | None = None,
) -> Refusal | None:
    """The first thing that the caller may not do of a call with these parameters; None when he may do all of it.

    What the parameters do not name yet may be anything: such a call is foreseen when it is allowed on something. With
    ``built`` also what the parameters name beyond the operation's own resources is looked at. Blocking: tags may be
    looked up.
    """
    authority = authority_of(identity, http)
    if authority.is_owner:
        return None
    names = names_of(operation, parameters, identity, context)
    for resource, decision in decisions(
        authority, operation, names, parameters, context, authority.decide_list
    ):
        if not decision.allowed:
            return Refusal(operation.action, resource, decision)
    return None if built is None else next(_touched(context, authority, operation, parameters, built), None)


def _touched(
    context: Context,
    authority: Authority,
    operation: Operation,
    parameters: Mapping[str, str],
    built: BuiltOperation,
) -> Iterator[Refusal]:
    try:
        for asked, decision in touched(authority, operation, validate(built, parameters), context):
            if not decision.allowed:
                yield Refusal(asked.action, asked.resource, decision)
    except errors.ApiError:
        return  # a call without all of its parameters would be refused for that
