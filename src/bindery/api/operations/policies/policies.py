"""Policies, their versions and whom they are attached to, as answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from bindery.access.policy.parse import parse_policy
from bindery.access.policy.system import SystemPolicy, system_policies
from bindery.api.errors import ApiError
from bindery.api.operations.entities import date_of, shown
from bindery.catalog.access_records import AttachedPolicy, EntityNotFound, Policy, PolicyType, PolicyVersion

_Shown = TypeVar("_Shown", bound=msgspec.Struct)


def check_document(document: str) -> str:
    """The document as it was given. Raises MalformedPolicy with the place."""
    parse_policy(document)
    return document


def is_system(policy_type: str) -> bool:
    """Whether a request means a policy of the system."""
    return PolicyType(policy_type) is PolicyType.SYSTEM


def system_policy(name: str) -> SystemPolicy:
    """A policy of the system; its name is compared as those of the account's own are. Raises EntityNotFound."""
    folded = name.lower()
    for policy in system_policies().values():
        if policy.name.lower() == folded:
            return policy
    raise EntityNotFound("Policy")


def stored_name(policy_type: str, name: str) -> str:
    """The name of a policy to attach or detach. Raises EntityNotFound for one of the system that there is not."""
    return system_policy(name).name if is_system(policy_type) else name


def refuse_resource_group(group_id: str | None) -> None:
    """Raises ApiError for a policy that is meant to count for a part of the account only."""
    if group_id:
        raise ApiError(
            404,
            "EntityNotExists.ResourceGroup",
            "There are no resource groups here; leave ResourceGroupId out.",
        )


def version_number(version_id: str) -> int:
    """``v3`` as 3."""
    return int(version_id.removeprefix("v"))


def policy_answer(kind: type[_Shown], policy: Policy, **further: object) -> _Shown:
    """A policy of the account's own as the struct of an operation."""
    return shown(
        kind,
        policy_name=policy.name,
        policy_type=str(PolicyType.CUSTOM),
        description=policy.description,
        default_version=f"v{policy.default_version}",
        attachment_count=policy.attachment_count,
        create_date=date_of(policy.create_time),
        update_date=date_of(policy.update_time),
        **further,
    )


def system_answer(kind: type[_Shown], policy: SystemPolicy, attached: int = 0, **further: object) -> _Shown:
    """A policy of the system as the struct of an operation."""
    return shown(
        kind,
        policy_name=policy.name,
        policy_type=str(PolicyType.SYSTEM),
        description=policy.description,
        default_version=policy.version,
        attachment_count=attached,
        create_date=_date(policy.created),
        update_date=_date(policy.updated),
        **further,
    )


def version_answer(kind: type[_Shown], version: PolicyVersion) -> _Shown:
    """A version of a policy of the account's own as the struct of an operation."""
    return shown(
        kind,
        version_id=version.id,
        is_default_version=version.is_default,
        policy_document=version.document,
        create_date=date_of(version.create_time),
    )


def system_version_answer(kind: type[_Shown], policy: SystemPolicy) -> _Shown:
    """The only version of a policy of the system."""
    return shown(
        kind,
        version_id=policy.version,
        is_default_version=True,
        policy_document=policy.text,
        create_date=_date(policy.updated),
    )


def attached_answers(kind: type[_Shown], attached: Sequence[AttachedPolicy]) -> tuple[_Shown, ...]:
    """The policies of a user, group or role."""
    return tuple(_attached_answer(kind, each) for each in attached)


def _date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _attached_answer(kind: type[_Shown], attached: AttachedPolicy) -> _Shown:
    description, version = attached.description, f"v{attached.default_version}"
    if attached.type is PolicyType.SYSTEM and attached.name in system_policies():
        policy = system_policies()[attached.name]
        description, version = policy.description, policy.version
    return shown(
        kind,
        policy_name=attached.name,
        policy_type=str(attached.type),
        description=description,
        default_version=version,
        attach_date=date_of(attached.attach_time),
    )
