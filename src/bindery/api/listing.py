"""Pages of lists, filled with what the caller sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from bindery.access.authorizer import Tags, View

_Item = TypeVar("_Item")
_STRIDE = 500
"""Items that are looked at together when some of them are not shown."""


def shown_items(
    view: View,
    fetch: Callable[[str, Any, int], Sequence[_Item]],
    *,
    name: Callable[[_Item], str],
    after: Any,
    limit: int,
    prefix: str = "",
    place: Callable[[_Item], Any] | None = None,
    tags: Callable[[_Item], Tags] | None = None,
) -> list[_Item]:
    """Up to ``limit`` items that the caller sees, in the order of the list.

    ``fetch`` takes a prefix of names, the place behind which to begin, and a number of items. A place is the name of
    an item, unless ``place`` tells it; lists with other places have no prefix. ``tags`` are those of an item that
    policies may ask for.
    """
    if view.is_whole:
        return list(fetch(prefix, after, limit))

    def is_shown(item: _Item) -> bool:
        return view.shows(name(item), None if tags is None else lambda: tags(item))

    found: list[_Item] = []
    for beginning in view.beginnings() if place is None else ("",):
        narrowed = _narrower(prefix, beginning)
        last = after
        while narrowed is not None and len(found) < limit:
            items = fetch(narrowed, last, _STRIDE)
            found += [item for item in items if is_shown(item)]
            if len(items) < _STRIDE:
                break
            last = (place or name)(items[-1])
    return found[:limit]


def _narrower(one: str, other: str) -> str | None:
    """The longer of two prefixes of the same name; None when no name has both."""
    if one.startswith(other):
        return one
    return other if other.startswith(one) else None
