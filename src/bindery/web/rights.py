"""What the reader of a page may do with what it shows, so that it offers nothing else and says why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bindery.web.page_request import PageRequest
from bindery.web.refusals import refusal_text

Call = tuple[str, Mapping[str, Any]]
"""An operation, and what is known of its parameters; the others may be anything."""
_Key = tuple[str, frozenset[tuple[str, Any]]]


class Rights:
    """Of one reader, for the calls that a page asked about."""

    def __init__(self, known: Mapping[_Key, str], named: Mapping[str, Any]) -> None:
        self._known, self._named = known, named

    def why_not(self, operation: str, **values: Any) -> str:
        """Why the reader may not do that with what the page is about; empty when he may.

        ``values`` that the page has not asked about decide nothing.
        """
        asked = _key(operation, {**self._named, **values})
        return self._known.get(asked) or self._known.get(_key(operation, self._named), "")

    def may(self, operation: str, **values: Any) -> bool:
        """Whether the reader may do that."""
        return not self.why_not(operation, **values)


async def rights_of(
    request: PageRequest,
    operations: Sequence[str],
    named: Mapping[str, Any] | None = None,
    further: Sequence[Call] = (),
) -> Rights:
    """The rights to do each of the operations with what is ``named``, and ``further`` calls, with more names."""
    about = named or {}
    calls = [(each, about) for each in operations] + [
        (operation, {**about, **values}) for operation, values in further
    ]
    refused = await request.caller.refusals(calls)
    known = {
        _key(*call): "" if refusal is None else refusal_text(request.t, refusal)
        for call, refusal in zip(calls, refused, strict=True)
    }
    return Rights(known, about)


def _key(operation: str, values: Mapping[str, Any]) -> _Key:
    return operation, frozenset(values.items())
