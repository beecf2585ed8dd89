"""Pages of lists, filled with what the caller sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from bindery.access.authorizer import Tags, View
from bindery.catalog.records import NotFound

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
_STRIDE = 500
"""Items that are looked at together when some of them are not shown."""
_MOST_LOOKED_AT = 10_000
"""Items of one call: a policy such as ``dataset/*-public`` can allow any name, and a project may have millions."""


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
    """Up to ``limit`` items that the caller sees, in the order of the list; for lists that are bounded themselves.

    ``fetch`` takes a prefix of names, the place behind which to begin, and a number of items. A place is the name of
    an item, unless ``place`` tells it; lists with other places have no prefix. ``tags`` are those of an item that
    policies may ask for.
    """
    if view.is_whole:
        return list(fetch(prefix, after, limit))
    prefixes = _prefixes(view, prefix) if place is None else [prefix]
    found: list[_Item] = []
    for items in _strides(fetch, prefixes, after, place or name):
        found += [item for item in items if _shows(view, item, name, tags)]
        if len(found) >= limit:
            break
    return found[:limit]


def shown_page(
    view: View,
    fetch: Callable[[str, str, int], Sequence[_Item]],
    *,
    name: Callable[[_Item], str],
    after: str,
    limit: int,
    prefix: str = "",
    tags: Callable[[_Item], Tags] | None = None,
) -> tuple[list[_Item], str]:
    """The same of a list that may hold anything, and the name at which looking ended because it had looked at so many.

    That name may be of an item that the caller must not see; it is empty when ``limit`` was reached, or the end.
    """
    if view.is_whole:
        return list(fetch(prefix, after, limit)), ""
    found: list[_Item] = []
    looked = 0
    for items in _strides(fetch, _prefixes(view, prefix), after, name):
        found += [item for item in items if _shows(view, item, name, tags)]
        looked += len(items)
        if len(found) >= limit:
            break
        if looked >= _MOST_LOOKED_AT:
            return found, name(items[-1])
    return found[:limit], ""


def answers_of(items: Iterable[_Item], answer: Callable[[_Item], _Answer]) -> Iterator[_Answer]:
    """Of those that nobody has deleted since they were listed."""
    for item in items:
        with suppress(NotFound):
            yield answer(item)


def _strides(
    fetch: Callable[[str, Any, int], Sequence[_Item]],
    prefixes: Sequence[str],
    after: Any,
    place: Callable[[_Item], Any],
) -> Iterator[Sequence[_Item]]:
    for prefix in prefixes:
        last = after
        while items := fetch(prefix, last, _STRIDE):
            yield items
            if len(items) < _STRIDE:
                break
            last = place(items[-1])


def _prefixes(view: View, prefix: str) -> list[str]:
    """What the names begin with of those that have the prefix and could be shown."""
    narrowed = (_narrower(prefix, beginning) for beginning in view.beginnings())
    return [each for each in narrowed if each is not None]


def _shows(
    view: View, item: _Item, name: Callable[[_Item], str], tags: Callable[[_Item], Tags] | None
) -> bool:
    return view.shows(name(item), None if tags is None else lambda: tags(item))


def _narrower(one: str, other: str) -> str | None:
    """The longer of two prefixes of the same name; None when no name has both."""
    if one.startswith(other):
        return one
    return other if other.startswith(one) else None
