"""Changes who may do what without end, and says after each change that it is done. Made to be killed."""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from bindery.catalog.access_records import Group, Policy, PolicyType, PrincipalKind, Role, SealedKey, User
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogError
from bindery.catalog.sqlite_catalog import SqliteCatalog

NAMES = ("a", "b", "c")


def changes(catalog: Catalog, seed: int) -> Iterator[None]:
    """One change after the other, the same for a seed; what is refused is no change."""
    chance = random.Random(seed)
    for number in itertools.count():
        version = catalog.access_version()
        with suppress(CatalogError):
            _change(catalog, chance, number)
        if catalog.access_version() != version:
            yield


def _change(catalog: Catalog, chance: random.Random, number: int) -> None:
    name, other, key = chance.choice(NAMES), chance.choice(NAMES), f"AK{chance.randrange(6)}"
    kind, odd = chance.choice(list(PrincipalKind)), bool(number % 2)
    keys, groups, policies, own = catalog.access_keys, catalog.groups, catalog.policies, PolicyType.CUSTOM
    kinds: list[Callable[[], object]] = [
        lambda: catalog.users.create(User(name=name)),
        lambda: catalog.users.delete(name),
        lambda: catalog.users.update(name, lambda held: replace(held, name=other, comments=str(number))),
        lambda: keys.create(SealedKey(id=key, sealed=b"s"), name),
        lambda: keys.set_active(name, key, active=odd),
        lambda: keys.delete(name, key),
        lambda: groups.create(Group(name=name)),
        lambda: groups.add_user(name, other),
        lambda: groups.delete(name),
        lambda: catalog.roles.create(Role(name=name, trust_policy="{}")),
        lambda: policies.create(Policy(name=name), str(number)),
        lambda: policies.add_version(name, str(number), as_default=odd, rotate=True),
        lambda: policies.attach(own, name, kind, other),
        lambda: policies.detach(own, name, kind, other),
    ]
    chance.choice(kinds)()


def picture(catalog: Catalog) -> list[object]:
    """Everything that is kept, without ids and times."""
    shown: list[object] = []
    for user in catalog.users.list():
        keys = [(key.id, key.active) for key in catalog.access_keys.list(user.name)]
        groups = [group.name for group, _ in catalog.groups.of_user(user.name)]
        granted = sorted((p.kind, p.holder, p.name) for p in catalog.policies.granted_to_user(user.id))
        shown.append((user.name, user.comments, keys, groups, granted))
    for policy in catalog.policies.list():
        versions = [(v.number, v.document, v.is_default) for v in catalog.policies.versions(policy.name)]
        shown.append((policy.name, policy.attachment_count, versions))
    shown.append([group.name for group in catalog.groups.list()])
    shown.append([(role.name, len(catalog.policies.of(PrincipalKind.ROLE, role.name)))
                  for role in catalog.roles.list()])  # fmt: skip
    return shown


def main(data: Path, seed: int) -> None:
    """Until it is killed."""
    catalog = SqliteCatalog(data, account_id="10001")
    print("ready", flush=True)
    for _ in changes(catalog, seed):
        print(catalog.access_version(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
