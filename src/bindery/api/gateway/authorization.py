"""Whether the caller may do what he asks for, and what a refusal tells him.

What a call needs is data of the API model: its action on its resources, before anything about its parameters is
told, and then the rights on what its message names (``touching.py``). A refusal repeats what the request says and
names the type of the policy that decided, never a policy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import msgspec

from bindery.access.authorizer import Asked, Authority, Conditions, Refusal, request_tags, resource_tags
from bindery.access.identities import Identity
from bindery.access.policy import condition_keys as keys
from bindery.access.policy.decide import ALLOWED_BY_OWNER, Cause, Decision
from bindery.api.context import Context
from bindery.api.denial import denial
from bindery.api.gateway.request import HttpRequest, Style
from bindery.api.gateway.touching import asked_by
from bindery.api.spec.model import Operation
from bindery.api.tagged import tags_of

if TYPE_CHECKING:
    from bindery.api.gateway.gateway import Exchange

_NONE: Conditions = {}
_LONGEST_USER_AGENT = 1_024
"""Characters of it that conditions see: every caller writes what he likes."""
_MEMORABLE = 1_024
"""Characters of a call whose decision is remembered."""
_TAGS = "Tag"
"""The parameter that sets tags, where an operation has one."""
_ALLOWED = Decision(True, Cause.ALLOW)
"""Of operations that anybody may perform who has a key."""


class _Pair(msgspec.Struct, rename="pascal"):
    """A tag of a request."""

    key: str | None = None
    value: str | None = None


def authority_of(identity: Identity, http: HttpRequest) -> Authority:
    """What the caller may do in this call, at this moment, from where he is."""
    if identity.is_account:
        return Authority(None)
    assert identity.grants is not None
    return Authority(identity.grants, partial(_conditions_of, identity, http))


def _conditions_of(identity: Identity, http: HttpRequest) -> Conditions:
    conditions = {
        keys.CURRENT_TIME: _moment(int(time.time())),
        keys.PRINCIPAL_ARN: identity.policy_arn,
        keys.ACCESS_ID: identity.key_id,
        keys.USER_AGENT: (http.header("user-agent") or "")[:_LONGEST_USER_AGENT],
    }
    client = http.client
    if client is not None:
        conditions[keys.SECURE_TRANSPORT] = "true" if client.secure else "false"
        if client.address:
            conditions[keys.SOURCE_IP] = client.address
    return conditions


@lru_cache(2)
def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def must_wait(exchange: Exchange, large: int) -> bool:
    """Whether the decision reads the record, much JSON or many patterns, which must not hold up others."""
    authority, action = exchange.authority, exchange.operation.action
    if authority.is_owner:
        return False
    if authority.is_heavy or authority.asks_for_tags(action, keys.RESOURCE_TAG):
        return True
    return exchange.size > large and authority.asks_for_tags(action, keys.REQUEST_TAG)


def is_allowed_again(exchange: Exchange) -> bool:
    """Whether the very same call was allowed before, and nothing but policies has a say in that. Policies that change
    make other grants."""
    if exchange.authority.is_owner:
        return False
    key = _call_key(exchange)
    decision = None if key is None else exchange.authority.decision_on(key)
    if decision is None:
        return False
    exchange.decision = decision
    return True


def _call_key(exchange: Exchange) -> Hashable:
    """All of a call that a decision on it depends on beside conditions; None of one that is not to be remembered, such
    as one with its signature among its parameters, which never comes again."""
    call = exchange.call
    if (
        exchange.size > _MEMORABLE
        or call.form
        or call.style is not Style.V3
        or exchange.operation.level == "list"
    ):
        return None
    return call.version, call.action, call.query, exchange.proof.identity.user_name


def must_wait_for_touched(exchange: Exchange) -> bool:
    """The same for what the message names."""
    return exchange.authority.is_heavy or any(
        exchange.authority.asks_for_tags(need.action, keys.RESOURCE_TAG)
        for touch in exchange.operation.touches
        for need in touch.needs
    )


def check_operation(exchange: Exchange, context: Context) -> None:
    """The caller may perform the operation on its resources. Raises ApiError. What was decided on a short
    call is remembered for ``is_allowed_again``."""
    operation, authority = exchange.operation, exchange.authority
    if authority.is_owner:
        exchange.decision = ALLOWED_BY_OWNER
        return
    exchange.decision = _ALLOWED
    decide = authority.decide_list if operation.level == "list" else authority.decide_named
    names, parameters = _resource_names(exchange, context), exchange.call.parameters
    for resource, decision in decisions(authority, operation, names, parameters, context, decide):
        _demand(exchange, context, operation.action, resource, decision)
    key = _call_key(exchange)
    if key is not None:
        authority.keep(key, operation.action, names, exchange.decision)


def decisions(
    authority: Authority,
    operation: Operation,
    names: Iterable[str],
    parameters: Mapping[str, str],
    context: Context,
    decide: Callable[[str, str, Conditions], Decision],
) -> Iterator[tuple[str, Decision]]:
    """Whether the operation is allowed on each of the resources, which have these names. Blocking when tags are asked
    for."""
    sets = _request_conditions(authority, operation, parameters)
    for resource in names:
        has = resource_conditions(authority, operation.action, resource, context)
        yield resource, decide(operation.action, resource, {**sets, **has} if sets or has else _NONE)


def check_touched(exchange: Exchange, context: Context) -> None:
    """The caller may do with what the message names what the operation will do. Raises ApiError."""
    decided = exchange.decision
    for asked, decision in touched(exchange.authority, exchange.operation, exchange.message, context):
        _demand(exchange, context, asked.action, asked.resource, decision)
    exchange.decision = decided


def touched(
    authority: Authority, operation: Operation, message: msgspec.Struct, context: Context
) -> Iterator[tuple[Asked, Decision]]:
    """Whether what the operation will do with what the message names is allowed. Blocking when tags are asked for."""
    for asked in asked_by(operation, message, context.settings.account_id):
        has = resource_conditions(authority, asked.action, asked.resource, context)
        yield asked, authority.decide_asked(asked, has)


def list_start(operation: Operation, exchange: Exchange, context: Context) -> str | None:
    """What the ARNs of a list's items begin with; None when the call names what it is about."""
    names = _resource_names(exchange, context)
    start, star, _ = names[0].partition("*") if names else ("", "", "")
    return start if operation.level == "list" and star and start else None


def _resource_names(exchange: Exchange, context: Context) -> tuple[str, ...]:
    return names_of(exchange.operation, exchange.call.parameters, exchange.proof.identity, context)


def names_of(
    operation: Operation, parameters: Mapping[str, str], identity: Identity, context: Context
) -> tuple[str, ...]:
    """ARNs of the resources that a call is about."""
    settings = context.settings
    return operation.resource_names(
        parameters, region=settings.region_id, account=settings.account_id, user=identity.user_name
    )


def _demand(exchange: Exchange, context: Context, action: str, resource: str, decision: Decision) -> None:
    exchange.decision = decision
    if decision.allowed:
        return
    assert exchange.model is not None
    raise denial(
        exchange.model.refusals.get("permission"),
        Refusal(action, resource, decision),
        exchange.proof.identity,
        context.identities,
        exchange.authority.shown_conditions(),
    )


def _request_conditions(
    authority: Authority, operation: Operation, parameters: Mapping[str, str]
) -> Conditions:
    """Keys of the operation's own, and the tags that the request sets. What is no list of tags is refused later,
    and sets none."""
    own = {key: parameters[name] for key, name in operation.conditions.items() if parameters.get(name)}
    text = parameters.get(_TAGS)
    if (
        not text
        or operation.level == "list"
        or not authority.asks_for_tags(operation.action, keys.REQUEST_TAG)
    ):
        return own
    try:
        pairs = msgspec.json.decode(text, type=list[_Pair])
    except (msgspec.DecodeError, UnicodeEncodeError):
        return own
    return {**own, **request_tags({pair.key: pair.value or "" for pair in pairs if pair.key})}


def resource_conditions(authority: Authority, action: str, resource: str, context: Context) -> Conditions:
    """The tags of a resource, where the decision on an action depends on them. Blocking then."""
    if not authority.asks_for_tags(action, keys.RESOURCE_TAG):
        return {}
    return resource_tags(tags_of(context.catalog, resource, context.settings.account_id))
