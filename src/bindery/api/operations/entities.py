"""What the operations on users, groups, roles and policies share: answers, times, Markers and tags.

Lists are paged by the name of the last item shown, so a list goes on where it was although items have come and gone.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Generic, Protocol, TypeVar

import msgspec

from bindery.access.authorizer import Tags, View
from bindery.api.errors import ApiError
from bindery.api.listing import shown_items
from bindery.clock import format_time

_Shown = TypeVar("_Shown", bound=msgspec.Struct)
_Item = TypeVar("_Item")
_MAX_TAG_KEY, _MAX_TAG_VALUE = 128, 256
_SECOND = 1_000_000_000


class _Pair(Protocol):
    """A tag of a request."""

    key: str | None
    value: str | None


class _Paged(Protocol):
    """A request for a page."""

    marker: str | None
    max_items: int | None


class _Named(Protocol):
    """What a list ascends by."""

    @property
    def name(self) -> str: ...


_NamedItem = TypeVar("_NamedItem", bound=_Named)


def _name_of(item: _Named) -> str:
    return item.name


def shown(kind: type[_Shown], **values: object) -> _Shown:
    """A struct of an answer, with those of the values that it has members for.

    The vendor's structs of one thing differ by a member or two from operation to operation.
    """
    return kind(**{name: values[name] for name in kind.__struct_fields__ if name in values})


def date_of(instant_ns: int) -> str:
    """A time as RAM shows it: ``2015-01-23T12:33:18Z``."""
    return format_time(instant_ns - instant_ns % _SECOND, UTC)


class PageOf(msgspec.Struct, Generic[_Item], frozen=True):
    """What a page shows."""

    items: Sequence[_Item]
    is_truncated: bool
    """Whether there are more."""
    marker: str | None
    """Where the next page begins; None when there is none."""


class Page:
    """One page of a list that ascends by name."""

    def __init__(self, of: str, request: _Paged) -> None:
        """``of``: what list it is, so that the Marker of another one is refused. Raises ApiError."""
        self._list = of
        self.limit = request.max_items or 100
        self.after = read_marker(of, request.marker, "Marker")

    @property
    def fetched(self) -> int:
        """How many to ask the catalog for: one more tells whether there are more."""
        return self.limit + 1

    def of(self, found: Sequence[_Item], place: Callable[[_Item], str]) -> PageOf[_Item]:
        """The page of what the catalog has found, ``fetched`` items at most; ``place`` tells where one stands."""
        items, more = found[: self.limit], len(found) > self.limit
        return PageOf(items, more, write_marker(self._list, place(items[-1])) if more else None)

    def of_named(
        self,
        view: View,
        fetch: Callable[[str, int], Sequence[_NamedItem]],
        tags: Callable[[_NamedItem], Tags] | None = None,
    ) -> PageOf[_NamedItem]:
        """The page of those that the caller sees. ``fetch`` takes the name behind which to begin, and a number."""
        found = shown_items(
            view,
            lambda _, after, most: fetch(after, most),
            name=_name_of,
            tags=tags,
            after=self.after,
            limit=self.fetched,
        )
        return self.of(found, _name_of)


def tags_of(pairs: Sequence[_Pair] | None) -> dict[str, str]:
    """The tags of a request. Raises ApiError."""
    tags: dict[str, str] = {}
    for pair in pairs or ():
        key, value = pair.key or "", pair.value or ""
        if not 0 < len(key) <= _MAX_TAG_KEY:
            raise _invalid_tag("Key", f"has 1 to {_MAX_TAG_KEY} characters")
        if len(value) > _MAX_TAG_VALUE:
            raise _invalid_tag("Value", f"has up to {_MAX_TAG_VALUE} characters")
        if key in tags:
            raise ApiError(400, "InvalidParameter.Tag.Duplicate", f"The tag {key} is given more than once.")
        tags[key] = value
    return tags


def _invalid_tag(member: str, rule: str) -> ApiError:
    return ApiError(400, f"InvalidParameter.Tag.{member}", f"The {member} of a tag {rule}.")


def write_marker(of: str, name: str) -> str:
    """Where a list goes on, behind the item of this name."""
    return base64.urlsafe_b64encode(f"{of}:{name}".encode()).decode().rstrip("=")


def read_marker(of: str, marker: str | None, parameter: str) -> str:
    """The name of the last item; empty at the beginning. Raises ApiError."""
    if not marker:
        return ""
    try:
        padded = marker + "=" * (-len(marker) % 4)
        kind, colon, name = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        kind = colon = name = ""
    if kind != of or not colon or not name or "\0" in name:
        raise ApiError(
            400,
            f"InvalidParameter.{parameter}",
            f"The {parameter} is not from this list; begin again without.",
        )
    return name
