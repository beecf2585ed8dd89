"""The tags that policies may ask for: those of projects, which count for all that is in them, of roles and policies."""

from __future__ import annotations

from collections.abc import Mapping

from bindery.catalog.access_records import EntityNotFound
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import NotFound


def tags_of(catalog: Catalog, resource: str) -> Mapping[str, str]:
    """The tags of what an ARN names; none when it does not exist."""
    kind, _, rest = resource.rpartition(":")[2].partition("/")
    name = rest.partition("/")[0]
    try:
        match kind:
            case "project":
                return catalog.projects.get(name).tags
            case "role":
                return catalog.roles.get(name).tags
            case "policy":
                policy, _ = catalog.policies.get(name)
                return policy.tags
    except (NotFound, EntityNotFound):
        return {}
    return {}
