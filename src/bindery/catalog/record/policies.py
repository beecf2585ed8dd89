"""Policies of the account's own, and their versions."""

from __future__ import annotations

import builtins
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from bindery.catalog.access_records import (
    AttachedPolicy,
    AttachedTo,
    DeleteConflict,
    EntityExists,
    EntityLimitExceeded,
    EntityNotFound,
    GrantedPolicy,
    Policy,
    PolicyType,
    PolicyVersion,
    PrincipalKind,
)
from bindery.catalog.record.access import Access, carries
from bindery.catalog.record.attachments import Attachment, Attachments
from bindery.catalog.record.database import Connection
from bindery.catalog.record.statements import load_statements
from bindery.clock import now_ns

MAX_POLICIES = 1_500
MAX_VERSIONS = 5

_SQL = load_statements("policies")
_decoder = msgspec.json.Decoder(Policy)
_Row = tuple[bytes, int, int, int]
"""Of a policy: body, default version, how many have it, newest version."""


class Policies:
    """Rows of ``policy``, ``policy_version`` and ``attachment``. Implements ``interface.policies.Policies``."""

    def __init__(self, access: Access, attachments: Attachments) -> None:
        self._access = access
        self._attachments = attachments

    def create(self, policy: Policy, document: str) -> Policy:
        """Raises EntityExists, EntityLimitExceeded."""
        made = replace(policy, default_version=1, attachment_count=0)
        values = {"name": made.name, "body": msgspec.json.encode(made)}
        with self._access.transaction() as connection:
            if connection.execute(_SQL.select_policy, values).fetchone():
                raise EntityExists("Policy")
            if connection.execute(_SQL.count_policies).fetchone()[0] >= MAX_POLICIES:
                raise EntityLimitExceeded("Policy")
            connection.execute(_SQL.insert_policy, values)
            _insert_version(connection, made.name, 1, document)
        return made

    def get(self, name: str) -> tuple[Policy, PolicyVersion]:
        """A policy and its default version. Raises EntityNotFound."""
        row = self._access.reader.execute(_SQL.select_with_default, {"name": name}).fetchone()
        if row is None:
            raise EntityNotFound("Policy")
        policy = _policy(row[:4])
        return policy, _of_row((policy.default_version, row[4], True, row[5]))

    def update(self, name: str, change: Callable[[Policy], Policy]) -> Policy:
        """Raises EntityNotFound."""
        with self._access.transaction() as connection:
            held = _policy(_row(connection, name))
            kept = {"default_version": held.default_version, "attachment_count": held.attachment_count}
            policy = replace(change(held), name=held.name, **kept)
            connection.execute(
                _SQL.update_policy, {"name": policy.name, "body": msgspec.json.encode(policy)}
            )
        return policy

    def delete(self, name: str, *, versions: bool = False) -> None:
        """Raises EntityNotFound, DeleteConflict."""
        with self._access.transaction() as connection:
            _row(connection, name)
            kinds = {
                kind for (kind,) in connection.execute(_SQL.kinds_that_have, {"name": name}).fetchall()
            }
            for kind in PrincipalKind:
                if kind in kinds:
                    raise DeleteConflict("Policy", kind.value)
            if not versions and len(connection.execute(_SQL.list_versions, {"name": name}).fetchall()) > 1:
                raise DeleteConflict("Policy", "Version")
            connection.execute(_SQL.delete_policy, {"name": name})

    def list(
        self, *, tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> builtins.list[Policy]:
        """Those that carry all of ``tags``, ascending by name."""
        rows = self._access.reader.execute(_SQL.list_policies, {"after": after}).fetchall()
        return [policy for policy in map(_policy, rows) if carries(policy.tags, tags)][:limit]

    def count(self) -> int:
        """How many there are."""
        return int(self._access.reader.execute(_SQL.count_policies).fetchone()[0])

    def add_version(
        self, name: str, document: str, *, as_default: bool = False, rotate: bool = False
    ) -> PolicyVersion:
        """Raises EntityNotFound, EntityLimitExceeded."""
        with self._access.transaction() as connection:
            *_, newest = _row(connection, name)
            versions = _versions(connection, name)
            if len(versions) >= MAX_VERSIONS:
                if not rotate:
                    raise EntityLimitExceeded("Policy.Version")
                oldest = min(version.number for version in versions if not version.is_default)
                connection.execute(_SQL.delete_version, {"name": name, "number": oldest})
            values = {"name": name, "number": newest + 1}
            _insert_version(connection, name, newest + 1, document)
            connection.execute(_SQL.count_version, values)
            if as_default:
                connection.execute(_SQL.set_default, values)
            return _version(connection, name, newest + 1)

    def version(self, name: str, number: int) -> PolicyVersion:
        """Raises EntityNotFound."""
        _row(self._access.reader, name)
        return _version(self._access.reader, name, number)

    def versions(self, name: str) -> builtins.list[PolicyVersion]:
        """The newest first. Raises EntityNotFound."""
        _row(self._access.reader, name)
        return _versions(self._access.reader, name)

    def set_default_version(self, name: str, number: int) -> None:
        """Raises EntityNotFound."""
        with self._access.transaction() as connection:
            _row(connection, name)
            _version(connection, name, number)
            connection.execute(_SQL.set_default, {"name": name, "number": number})

    def delete_version(self, name: str, number: int) -> None:
        """Raises EntityNotFound, DeleteConflict."""
        with self._access.transaction() as connection:
            _row(connection, name)
            if _version(connection, name, number).is_default:
                raise DeleteConflict("PolicyVersion", "Default")
            connection.execute(_SQL.delete_version, {"name": name, "number": number})

    def attach(self, policy_type: PolicyType, name: str, kind: PrincipalKind, principal: str) -> None:
        """Raises EntityNotFound, EntityExists, EntityLimitExceeded."""
        with self._access.transaction() as connection:
            name = self._check(connection, policy_type, name)
            self._attachments.add(connection, Attachment(policy_type, name, kind, principal))

    def detach(self, policy_type: PolicyType, name: str, kind: PrincipalKind, principal: str) -> None:
        """Raises EntityNotFound."""
        with self._access.transaction() as connection:
            name = self._check(connection, policy_type, name)
            self._attachments.remove(connection, Attachment(policy_type, name, kind, principal))

    def of(self, kind: PrincipalKind, principal: str) -> builtins.list[AttachedPolicy]:
        """What is attached to a user, group or role itself. Raises EntityNotFound."""
        return self._attachments.of(self._access.reader, kind, principal)

    def attached_to(self, policy_type: PolicyType, name: str) -> AttachedTo:
        """Whom a policy is attached to. Raises EntityNotFound."""
        self._check(self._access.reader, policy_type, name)
        return self._attachments.of_policy(self._access.reader, policy_type, name)

    def attachment_counts(self, policy_type: PolicyType) -> dict[str, int]:
        """How many have each policy, by its name."""
        return self._attachments.counts(self._access.reader, policy_type)

    def granted_to_user(self, user_id: str) -> builtins.list[GrantedPolicy]:
        """What counts for a user."""
        return self._attachments.granted_to_user(self._access.reader, user_id)

    def granted_to_role(self, role_id: str) -> builtins.list[GrantedPolicy]:
        """What counts for a role."""
        return self._attachments.granted_to_role(self._access.reader, role_id)

    def _check(self, connection: Connection, policy_type: PolicyType, name: str) -> str:
        """The name as its policy has it. Raises EntityNotFound."""
        return _policy(_row(connection, name)).name if policy_type is PolicyType.CUSTOM else name


def _row(connection: Connection, name: str) -> _Row:
    row: _Row | None = connection.execute(_SQL.select_policy, {"name": name}).fetchone()
    if row is None:
        raise EntityNotFound("Policy")
    return row


def _policy(row: _Row) -> Policy:
    body, default_version, attachment_count, _ = row
    held = _decoder.decode(body)
    return replace(held, default_version=default_version, attachment_count=attachment_count)


def _insert_version(connection: Connection, name: str, number: int, document: str) -> None:
    values = {"name": name, "number": number, "document": document, "now": now_ns()}
    connection.execute(_SQL.insert_version, values)


def _versions(connection: Connection, name: str) -> list[PolicyVersion]:
    return [_of_row(row) for row in connection.execute(_SQL.list_versions, {"name": name}).fetchall()]


def _version(connection: Connection, name: str, number: int) -> PolicyVersion:
    row = connection.execute(_SQL.select_version, {"name": name, "number": number}).fetchone()
    if row is None:
        raise EntityNotFound("Policy.Version")
    return _of_row(row)


def _of_row(row: tuple[int, str, int, int]) -> PolicyVersion:
    number, document, is_default, create_time = row
    return PolicyVersion(
        number=number, document=document, is_default=bool(is_default), create_time=create_time
    )
