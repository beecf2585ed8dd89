"""Roles as answers, and the check of their trust policies."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from bindery.access.policy.document import PolicyForm
from bindery.access.policy.parse import parse_policy
from bindery.api.context import Context
from bindery.api.operations.entities import date_of, shown
from bindery.catalog.access_records import Role

_Shown = TypeVar("_Shown", bound=msgspec.Struct)


def check_trust_policy(document: str) -> str:
    """The document as it was given. Raises MalformedPolicy with the place."""
    parse_policy(document, PolicyForm.TRUST)
    return document


def role_arn(context: Context, name: str) -> str:
    """The ARN of a role, in small letters as the vendor's are."""
    return f"acs:ram::{context.settings.account_id}:role/{name.lower()}"


def role_answer(kind: type[_Shown], context: Context, role: Role, **further: object) -> _Shown:
    """A role as the struct of an operation."""
    return shown(
        kind,
        allow_console_login=False,
        arn=role_arn(context, role.name),
        assume_role_policy_document=role.trust_policy,
        create_date=date_of(role.create_time),
        description=role.description,
        is_service_linked_role=False,
        max_session_duration=role.max_session_seconds,
        role_id=role.id,
        role_name=role.name,
        role_principal_name=f"{role.name}@role.{context.settings.account_id}.onaliyunservice.com",
        update_date=date_of(role.update_time),
        **further,
    )
