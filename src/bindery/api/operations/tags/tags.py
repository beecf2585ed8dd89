"""What carries tags: roles and policies of the account's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from bindery.api.context import Context
from bindery.api.errors import ApiError
from bindery.catalog.access_records import Policy, Role
from bindery.clock import now_ns

MAX_TAGS = 20
"""Of one resource. Source: help page tagresources."""
_Tagged = TypeVar("_Tagged", Policy, Role)
Change = Callable[[dict[str, str]], dict[str, str]]


class Tagged(Protocol):
    """A role or a policy, as far as its tags go."""

    @property
    def name(self) -> str:
        """Of the resource."""

    @property
    def tags(self) -> dict[str, str]:
        """Values by key."""


def get_tagged(context: Context, kind: str, name: str) -> Tagged:
    """Raises EntityNotFound."""
    if kind == "role":
        return context.catalog.roles.get(name)
    policy, _ = context.catalog.policies.get(name)
    return policy


def list_tagged(
    context: Context, kind: str, tags: dict[str, str] | None, *, after: str, limit: int
) -> Sequence[Tagged]:
    """Those that carry all of ``tags``, ascending by name."""
    if kind == "role":
        return context.catalog.roles.list(tags=tags, after=after, limit=limit)
    return context.catalog.policies.list(tags=tags, after=after, limit=limit)


def change_tags(context: Context, kind: str, names: Sequence[str], change: Change) -> None:
    """Change the tags of each of them, or of none when one does not exist. Raises EntityNotFound, ApiError."""
    for name in names:
        change(get_tagged(context, kind, name).tags)

    for name in names:
        if kind == "role":
            context.catalog.roles.update(name, lambda role: _changed(role, change))
        else:
            context.catalog.policies.update(name, lambda policy: _changed(policy, change))


def _changed(tagged: _Tagged, change: Change) -> _Tagged:
    return msgspec.structs.replace(tagged, tags=change(tagged.tags), update_time=now_ns())


def check_count(tags: dict[str, str]) -> dict[str, str]:
    """The tags as they are. Raises ApiError for too many."""
    if len(tags) > MAX_TAGS:
        raise ApiError(409, "LimitExceeded.Tag", f"A resource may have up to {MAX_TAGS} tags.")
    return tags
