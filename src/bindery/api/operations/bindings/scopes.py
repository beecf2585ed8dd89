"""The scope of a binding, as requests and answers write it."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.bindings import BindingScope
from bindery.catalog.records import Scope
from bindery.sync.scope import WHOLE_BUCKET, InvalidScope, check_scope


def new_scope(context: Context, given: BindingScope | None) -> Scope:
    """The scope of a new binding. A strict server knows no scope, and takes in everything as the vendor's does.
    Raises ApiError."""
    return scope_of(given, default_exclusions=not context.settings.strict)


def scope_of(given: BindingScope | None, *, default_exclusions: bool) -> Scope:
    """The scope of a request; the whole bucket when there is none. ``default_exclusions`` holds where the request
    is silent of them. Raises ApiError."""
    given = given or BindingScope()
    scope = Scope(
        prefixes=given.prefixes or (),
        include=given.include or (),
        exclude=given.exclude or (),
        min_size=given.min_size or 0,
        max_size=given.max_size,
        media_types=given.media_types or (),
        default_exclusions=default_exclusions
        if given.default_exclusions is None
        else given.default_exclusions,
    )
    try:
        check_scope(scope)
    except InvalidScope as error:
        raise invalid_argument(f"Scope: {error}.") from None
    return scope


def scope_answer(scope: Scope) -> BindingScope | None:
    """None for the whole bucket with the default exclusions, which are told of where they do not hold."""
    if scope == WHOLE_BUCKET:
        return None
    return BindingScope(
        prefixes=scope.prefixes or None,
        include=scope.include or None,
        exclude=scope.exclude or None,
        min_size=scope.min_size or None,
        max_size=scope.max_size,
        media_types=scope.media_types or None,
        default_exclusions=None if scope.default_exclusions else False,
    )
