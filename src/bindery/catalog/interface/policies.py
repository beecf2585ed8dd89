"""Policies of the account's own with their versions, and to whom policies are attached, those of the system too."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Protocol

from bindery.catalog.access_records import (
    AttachedPolicy,
    AttachedTo,
    GrantedPolicy,
    Policy,
    PolicyType,
    PolicyVersion,
    PrincipalKind,
)


class Policies(Protocol):
    """Every change raises ``AccessRecord.access_version``. Documents are kept as given, and not looked into."""

    def create(self, policy: Policy, document: str) -> Policy:
        """With its version 1, the default. Raises EntityExists, EntityLimitExceeded."""

    def get(self, name: str) -> tuple[Policy, PolicyVersion]:
        """A policy and its default version. Raises EntityNotFound."""

    def update(self, name: str, change: Callable[[Policy], Policy]) -> Policy:
        """Read, change and write in one transaction; name and default version stay. Raises EntityNotFound."""

    def delete(self, name: str, *, versions: bool = False) -> None:
        """Raises EntityNotFound, DeleteConflict while it is attached to a User, Group or Role, or has another Version
        than the default; ``versions`` deletes these too."""

    def list(
        self, *, tags: dict[str, str] | None = None, after: str = "", limit: int = 100
    ) -> builtins.list[Policy]:
        """Those that carry all of ``tags``, ascending by name."""

    def count(self) -> int:
        """How many there are."""

    def add_version(
        self, name: str, document: str, *, as_default: bool = False, rotate: bool = False
    ) -> PolicyVersion:
        """``rotate``: the oldest that is not the default goes when there are too many. Raises EntityNotFound,
        EntityLimitExceeded."""

    def version(self, name: str, number: int) -> PolicyVersion:
        """Raises EntityNotFound (Policy, Policy.Version)."""

    def versions(self, name: str) -> builtins.list[PolicyVersion]:
        """The newest first. Raises EntityNotFound."""

    def set_default_version(self, name: str, number: int) -> None:
        """Raises EntityNotFound (Policy, Policy.Version)."""

    def delete_version(self, name: str, number: int) -> None:
        """Raises EntityNotFound (Policy, Policy.Version), DeleteConflict (PolicyVersion, Default)."""

    def attach(self, policy_type: PolicyType, name: str, kind: PrincipalKind, principal: str) -> None:
        """To the user, group or role named ``principal``. That a policy of the system exists is for the caller to see.

        Raises EntityNotFound (Policy, User, Group, Role), EntityExists and EntityLimitExceeded (User.Policy, …).
        """

    def detach(self, policy_type: PolicyType, name: str, kind: PrincipalKind, principal: str) -> None:
        """Raises EntityNotFound (Policy, User, Group, Role, and User.Policy, … for what is not attached)."""

    def of(self, kind: PrincipalKind, principal: str) -> builtins.list[AttachedPolicy]:
        """What is attached to a user, group or role itself, ascending by name. Raises EntityNotFound."""

    def attached_to(self, policy_type: PolicyType, name: str) -> AttachedTo:
        """Whom a policy is attached to. Raises EntityNotFound for a custom one that does not exist."""

    def attachment_counts(self, policy_type: PolicyType) -> dict[str, int]:
        """How many have each policy that is attached to somebody, by its name."""

    def granted_to_user(self, user_id: str) -> builtins.list[GrantedPolicy]:
        """What counts for a user, of his own and of his groups, as of one instant; nothing for one who is gone."""

    def granted_to_role(self, role_id: str) -> builtins.list[GrantedPolicy]:
        """What counts for a role, as of one instant; nothing for one that is gone."""
