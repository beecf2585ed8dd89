"""To whom policies are attached."""

from __future__ import annotations

import builtins
from typing import TypeVar

import msgspec

from bindery.catalog.access_records import (
    AttachedPolicy,
    AttachedTo,
    EntityExists,
    EntityLimitExceeded,
    EntityNotFound,
    GrantedPolicy,
    Group,
    Policy,
    PolicyType,
    PrincipalKind,
    Role,
    User,
)
from bindery.catalog.record.database import Connection
from bindery.catalog.record.groups import Groups
from bindery.catalog.record.roles import Roles
from bindery.catalog.record.statements import Statement, load_statements
from bindery.catalog.record.users import Users
from bindery.clock import now_ns

MOST_ATTACHED = {PolicyType.SYSTEM: 20, PolicyType.CUSTOM: 10}
"""Policies of a type that one user, group or role may have."""

_SQL = load_statements("policies")
_policy_decoder = msgspec.json.Decoder(Policy)
_Principal = TypeVar("_Principal", User, Group, Role)


class Attachment(msgspec.Struct, frozen=True):
    """A policy, and whom it is attached to."""

    policy_type: PolicyType
    policy_name: str
    kind: PrincipalKind
    principal: str
    """Name of the user, group or role."""


class Attachments:
    """Rows of ``attachment``, within the transactions of ``Policies``."""

    def __init__(self, users: Users, groups: Groups, roles: Roles) -> None:
        self._by_kind: dict[PrincipalKind, Users | Groups | Roles] = {
            PrincipalKind.USER: users,
            PrincipalKind.GROUP: groups,
            PrincipalKind.ROLE: roles,
        }

    def add(self, connection: Connection, attachment: Attachment) -> None:
        """Raises EntityNotFound, EntityExists, EntityLimitExceeded."""
        values, what = self._values(connection, attachment), f"{attachment.kind.value}.Policy"
        if connection.execute(_SQL.select_attachment, values).fetchone():
            raise EntityExists(what)
        most = MOST_ATTACHED[attachment.policy_type]
        if connection.execute(_SQL.count_attachments, values).fetchone()[0] >= most:
            raise EntityLimitExceeded(what)
        connection.execute(_SQL.insert_attachment, {**values, "now": now_ns()})

    def remove(self, connection: Connection, attachment: Attachment) -> None:
        """Raises EntityNotFound."""
        values = self._values(connection, attachment)
        if not connection.execute(_SQL.delete_attachment, values).rowcount:
            raise EntityNotFound(f"{attachment.kind.value}.Policy")

    def _values(self, connection: Connection, attachment: Attachment) -> dict[str, str]:
        held = self._by_kind[attachment.kind].get(attachment.principal, connection)
        return {
            "kind": attachment.kind.value,
            "id": held.id,
            "type": attachment.policy_type.value,
            "name": attachment.policy_name,
        }

    def of(
        self, connection: Connection, kind: PrincipalKind, principal: str
    ) -> builtins.list[AttachedPolicy]:
        """What a user, group or role has itself. Raises EntityNotFound."""
        values = {"kind": kind.value, "id": self._by_kind[kind].get(principal, connection).id}
        return [_attached(row) for row in connection.execute(_SQL.list_attached, values).fetchall()]

    def of_policy(self, connection: Connection, policy_type: PolicyType, name: str) -> AttachedTo:
        """Whom a policy is attached to."""
        values = {"type": policy_type.value, "name": name}

        def those(statement: Statement, kind: type[_Principal]) -> tuple[tuple[_Principal, int], ...]:
            rows = connection.execute(statement, values).fetchall()
            return tuple([(msgspec.json.decode(body, type=kind), since) for body, since in rows])

        return AttachedTo(
            users=those(_SQL.list_users_with, User),
            groups=those(_SQL.list_groups_with, Group),
            roles=those(_SQL.list_roles_with, Role),
        )

    def counts(self, connection: Connection, policy_type: PolicyType) -> dict[str, int]:
        """How many have each policy, by its name."""
        return dict(connection.execute(_SQL.attachment_counts, {"type": policy_type.value}).fetchall())

    def granted_to_user(self, connection: Connection, user_id: str) -> list[GrantedPolicy]:
        """Of one statement, so as of one instant."""
        return [
            _granted(row) for row in connection.execute(_SQL.granted_to_user, {"id": user_id}).fetchall()
        ]

    def granted_to_role(self, connection: Connection, role_id: str) -> list[GrantedPolicy]:
        """The same for a role."""
        return [
            _granted(row) for row in connection.execute(_SQL.granted_to_role, {"id": role_id}).fetchall()
        ]


def _attached(row: tuple[str, str, bytes | None, int, int]) -> AttachedPolicy:
    policy_type, name, body, default_version, attach_time = row
    return AttachedPolicy(
        type=PolicyType(policy_type),
        name=name,
        description="" if body is None else _policy_decoder.decode(body).description,
        default_version=default_version,
        attach_time=attach_time,
    )


def _granted(row: tuple[str, str, str, str, int, str | None]) -> GrantedPolicy:
    kind, holder, policy_type, name, version, document = row
    return GrantedPolicy(
        kind=PrincipalKind(kind),
        holder=holder,
        type=PolicyType(policy_type),
        name=name,
        version=version,
        document=document,
    )
