"""Whose rights are asked about, and the request that is imagined."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from bindery.access.policy.compiled import read_policy
from bindery.access.policy.condition_keys import CURRENT_TIME, PRINCIPAL_ARN, canonical_key, is_key
from bindery.access.policy.decide import Attached, ConditionValue, Grants
from bindery.access.policy.document import MalformedPolicy
from bindery.api.context import Context
from bindery.api.errors import invalid_argument, invalid_parameter, session_policy_malformed
from bindery.catalog.access_records import PolicyType

_MOST_CONDITIONS = 100
_OSS_URI = "oss://"
_UNSAVED = "unsaved"
"""The version, and without PolicyName the name, of a document that a request gives."""


class _Request(Protocol):
    """What names a user, or a role and the policy of its session; and a policy that is not saved."""

    user_name: str | None
    role_name: str | None
    policy: str | None
    policy_document: str | None
    policy_name: str | None
    auth_conditions: Any


class Subject(msgspec.Struct, frozen=True):
    """A user or a role, and the conditions of the request that is imagined."""

    grants: Grants
    conditions: Mapping[str, ConditionValue]
    saved: Grants | None = None
    """What counts without the document that the request gives; None when it gives none."""


def subject_of(context: Context, request: _Request) -> Subject:
    """Raises ApiError, EntityNotFound, MalformedPolicy."""
    if bool(request.user_name) == bool(request.role_name):
        raise invalid_argument(
            "Give either UserName or RoleName; keys of the account itself may do everything."
        )
    account = context.settings.account_id
    if request.user_name:
        if request.policy:
            raise invalid_argument("A session policy narrows a role: give RoleName with Policy.")
        user = context.catalog.users.get(request.user_name)
        grants, arn = context.identities.grants_of_user(user.id), f"acs:ram::{account}:user/{user.name}"
    else:
        role = context.catalog.roles.get(request.role_name or "")
        arn = f"acs:ram::{account}:role/{role.name}"
        try:
            grants = context.identities.grants_of_role(role.id, request.policy or None)
        except MalformedPolicy as error:
            raise session_policy_malformed(str(error)) from None
    assumed = {CURRENT_TIME: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), PRINCIPAL_ARN: arn}
    imagined = _imagined(grants, request)
    return Subject(
        imagined or grants, assumed | _conditions(request.auth_conditions), grants if imagined else None
    )


def _imagined(grants: Grants, request: _Request) -> Grants | None:
    """What would count with the document of the request; None when it has none. Raises ApiError, MalformedPolicy."""
    name = request.policy_name or ""
    if not request.policy_document:
        if name:
            raise invalid_argument("PolicyName says which policy PolicyDocument stands in for: give both.")
        return None
    policy = read_policy(request.policy_document)
    replaced = tuple(
        msgspec.structs.replace(each, policy=policy, version=_UNSAVED) if _is_named(each, name) else each
        for each in grants.identity
    )
    if replaced == grants.identity:
        source = "user" if request.user_name else "role"
        replaced += (Attached(source, name or _UNSAVED, str(PolicyType.CUSTOM), policy, _UNSAVED),)
    return Grants(replaced, grants.session)


def _is_named(attached: Attached, name: str) -> bool:
    return attached.kind == str(PolicyType.CUSTOM) and attached.name.lower() == name.lower()


def full_resource(context: Context, action: str, resource: str) -> str:
    """An ARN as policies name it, also for what people write: ``project/p/dataset/d``, ``oss://bucket/key``."""
    if resource == "*" or resource.startswith("acs:"):
        return resource
    settings, product = context.settings, action.partition(":")[0].lower()
    if product == "oss" or resource.startswith(_OSS_URI):
        return f"acs:oss:*:{settings.account_id}:{resource.removeprefix(_OSS_URI)}"
    if product in ("ram", "sts"):
        return f"acs:ram::{settings.account_id}:{resource}"
    return f"acs:imm:{settings.region_id}:{settings.account_id}:{resource}"


def shown_conditions(conditions: Mapping[str, ConditionValue]) -> dict[str, tuple[str, ...]]:
    """Each key with its values."""
    return {key: (value,) if isinstance(value, str) else value for key, value in conditions.items()}


def _conditions(given: Any) -> dict[str, ConditionValue]:
    """Raises ApiError unless each value is a text or a list of texts."""
    if not given:
        return {}
    try:
        pairs = msgspec.convert(given, dict[str, str | tuple[str, ...]])
    except msgspec.ValidationError:
        raise invalid_parameter("AuthConditions") from None
    if len(pairs) > _MOST_CONDITIONS or not all(map(is_key, pairs)):
        raise invalid_parameter("AuthConditions")
    return {canonical_key(key): value for key, value in pairs.items()}
