"""What a message names besides the resource of its operation, and the rights that this takes: data of the API model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from bindery.access.authorizer import Asked
from bindery.api import errors
from bindery.api.spec.model import Operation, Touch
from bindery.buckets.uri import parse_bucket_uri, parse_object_uri

_PLACE = re.compile(r"\{(\w+)\}")
_PREFIX = "{prefix}"


def asked_by(operation: Operation, message: msgspec.Struct, account: str) -> Iterator[Asked]:
    """The rights that the values of a message need. Raises ApiError for a value that names nothing."""
    for touch in operation.touches:
        within = tuple(_values(message, touch.within.split("."))) if touch.within else ()
        for value in _values(message, touch.path.split(".")):
            if value:
                yield from _asked(touch, value, account, within)


def _asked(touch: Touch, value: str, account: str, within: tuple[str, ...]) -> Iterator[Asked]:
    named = {"account": account, **_parts(touch, value)}
    for need in touch.needs:
        resource = _PLACE.sub(lambda place: named[place[1]], need.resource)
        for prefix in within or ("",):
            conditions = {key: value.replace(_PREFIX, prefix) for key, value in need.conditions.items()}
            if not need.below:
                yield Asked(need.action, resource, conditions=conditions)
                continue
            if prefix:  # which may be a whole name, too
                yield Asked(need.action, resource + prefix, conditions=conditions)
            yield Asked(need.action, resource + prefix, True, conditions)


def _parts(touch: Touch, value: str) -> dict[str, str]:
    try:
        if touch.form == "object":
            uri = parse_object_uri(value)
            return {"bucket": uri.bucket, "key": uri.key}
        if touch.form == "bucket":
            return {"bucket": parse_bucket_uri(value)}
    except ValueError as error:
        # What policies cannot be asked about is refused, as the operation itself would refuse it.
        raise errors.invalid_argument(f"{touch.path}: {error}") from None
    return {"value": value}


def _values(node: Any, path: list[str]) -> Iterator[str]:
    """The texts at a path; lists on the way are gone through."""
    if isinstance(node, list | tuple):
        for entry in node:
            yield from _values(entry, path)
    elif not path:
        if isinstance(node, str):
            yield node
    elif isinstance(node, msgspec.Struct):
        attribute = _attributes(type(node)).get(path[0])
        if attribute is not None:
            yield from _values(getattr(node, attribute), path[1:])


@cache
def _attributes(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The attribute of each member, by the vendor's spelling."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(kind)}
