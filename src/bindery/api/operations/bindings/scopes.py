"""The scope of a binding, as requests and answers write it."""

from __future__ import annotations

from bindery.api.errors import invalid_argument
from bindery.api.messages.bindings import BindingScope
from bindery.catalog.records import Scope
from bindery.sync.scope import InvalidScope, check_scope


def scope_of(given: BindingScope | None) -> Scope:
    """The scope of a request; the whole bucket when there is none. Raises ApiError."""
    if given is None:
        return Scope()
    scope = Scope(
        prefixes=given.prefixes or (),
        include=given.include or (),
        exclude=given.exclude or (),
        min_size=given.min_size or 0,
        max_size=given.max_size,
        media_types=given.media_types or (),
    )
    try:
        check_scope(scope)
    except InvalidScope as error:
        raise invalid_argument(f"Scope: {error}.") from None
    return scope


def scope_answer(scope: Scope) -> BindingScope | None:
    """None for the whole bucket."""
    if scope == Scope():
        return None
    return BindingScope(
        prefixes=scope.prefixes or None,
        include=scope.include or None,
        exclude=scope.exclude or None,
        min_size=scope.min_size or None,
        max_size=scope.max_size,
        media_types=scope.media_types or None,
    )
