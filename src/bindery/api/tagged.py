"""The tags that policies may ask for: those of projects, which count for all that is in them, of roles and policies."""

from __future__ import annotations

from collections.abc import Mapping

from bindery.catalog.access_records import EntityNotFound
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import NotFound


def tags_of(catalog: Catalog, resource: str, account: str) -> Mapping[str, str]:
    """The tags of what an ARN names; none when it does not exist, or is not the account's own.

    An object of a bucket that is named ``project`` is no project, and a policy of the system not the account's of
    the same name.
    """
    _, product, _, owner, rest, *_ = (*resource.split(":", 4), "", "", "", "")
    kind, _, path = rest.partition("/")
    if owner != account:
        return {}
    try:
        match product, kind:
            case "imm", "project":
                return catalog.projects.get(path.partition("/")[0]).tags
            case "ram", "role":
                return catalog.roles.get(path).tags
            case "ram", "policy":
                policy, _ = catalog.policies.get(path)
                return policy.tags
    except (NotFound, EntityNotFound):
        return {}
    return {}
