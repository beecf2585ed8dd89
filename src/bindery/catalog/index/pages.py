"""Pages and figures out of the columns of a dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import msgspec

from bindery.catalog.index.dataset_files import View
from bindery.catalog.index.statements import (
    PageRequest,
    count_statement,
    edge_statement,
    first_statement,
    page_statement,
    up_to,
)
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.query.condition import Condition
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.query.token import Position

_TOO_LARGE = (duckdb.OutOfMemoryException, duckdb.InvalidInputException)


class Found(msgspec.Struct, frozen=True):
    """Rows of URI and sort fields, how many there are in all, and the row behind which the next page begins."""

    rows: list[tuple[Any, ...]]
    total: int | None
    last: tuple[Any, ...] | None


def rows_of(view: View, request: PageRequest, after: Position | None, bounds: Bounds) -> Found:
    """The page of a request."""
    known = view.totals.find(request.fingerprint) if request.total else None
    if request.total and known is None and not request.sort:
        hits, uris = fetch(view, first_statement(view.table, request, after), bounds)[0]
        view.totals.keep(request.fingerprint, hits)
        return _found([(uri,) for uri in uris or ()], hits, request)
    rows = _page_rows(view, request, after, bounds)
    if known is not None:
        return _found(rows, known, request)
    if not request.total or (after is None and len(rows) <= request.limit):
        return _found(rows, len(rows) if request.total else None, request)
    hits = fetch(view, count_statement(view.table, request.condition), bounds)[0][0]
    view.totals.keep(request.fingerprint, hits)
    return _found(rows, hits, request)


def rows_by_uri(
    view: View,
    request: PageRequest,
    after: Position | None,
    uris: Callable[[str, int], list[str]],
    bounds: Bounds,
) -> Found:
    """The page of a request that asks only how URIs begin: ``uris(after, limit)`` reads it in their order."""
    rows: list[tuple[Any, ...]] = [(uri,) for uri in uris(after.uri if after else "", request.limit + 1)]
    if not request.total:
        return _found(rows, None, request)
    hits = view.totals.find(request.fingerprint)
    if hits is None:
        hits = fetch(view, count_statement(view.table, request.condition), bounds)[0][0]
        view.totals.keep(request.fingerprint, hits)
    return _found(rows, hits, request)


def _page_rows(
    view: View, request: PageRequest, after: Position | None, bounds: Bounds
) -> list[tuple[Any, ...]]:
    """To put files in order by their URIs, too, those of all that match would be read: where the page ends in the first
    column is found before, and leaves few."""
    edge = edge_statement(view.table, request, after)
    found = fetch(view, edge, bounds) if edge is not None else []
    if found and found[0][0] is not None:
        request = up_to(request, found[0][0])
    return fetch(view, page_statement(view.table, request, after), bounds)


def _found(rows: list[tuple[Any, ...]], hits: int | None, request: PageRequest) -> Found:
    shown = rows[: request.limit]
    return Found(shown, hits, shown[-1] if shown and len(rows) > request.limit else None)


def fetch(view: View, statement: Condition, bounds: Bounds) -> list[tuple[Any, ...]]:
    """All rows of a statement. Raises QueryError for what is too large, and what ``bounds`` raises."""
    try:
        with bounds.watch(view.cursor):
            return view.cursor.execute(view.completed(statement.sql), statement.parameters).fetchall()
    except _TOO_LARGE as error:
        reason = str(error).splitlines()[0][:200]
        raise QueryError(f"The query is too large to be answered: {reason}") from error
