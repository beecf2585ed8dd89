"""Users, groups, roles and policies for the tests of their operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bindery.catalog.access_records import PolicyType, PrincipalKind

if TYPE_CHECKING:
    from tests.api.conftest import Api

    from bindery.catalog.catalog import Catalog


@pytest.fixture
def ram(api: Api) -> Iterator[Api]:
    """A gateway without users, groups, roles and policies, before and after."""
    empty_access(api.catalog)
    yield api
    empty_access(api.catalog)


def empty_access(catalog: Catalog) -> None:
    """Delete everything that RAM manages."""
    for kind, names in {
        PrincipalKind.USER: [user.name for user in catalog.users.list(limit=1_000)],
        PrincipalKind.GROUP: [group.name for group in catalog.groups.list(limit=1_000)],
        PrincipalKind.ROLE: [role.name for role in catalog.roles.list(limit=1_000)],
    }.items():
        for name in names:
            for attached in catalog.policies.of(kind, name):
                catalog.policies.detach(PolicyType(attached.type), attached.name, kind, name)
    for group in catalog.groups.list(limit=1_000):
        for user, _ in catalog.groups.users(group.name, limit=1_000):
            catalog.groups.remove_user(user.name, group.name)
        catalog.groups.delete(group.name)
    for user in catalog.users.list(limit=1_000):
        for key in catalog.access_keys.list(user.name):
            catalog.access_keys.delete(user.name, key.id)
        catalog.users.delete(user.name)
    for role in catalog.roles.list(limit=1_000):
        catalog.roles.delete(role.name)
    for policy in catalog.policies.list(limit=1_000):
        catalog.policies.delete(policy.name, versions=True)
