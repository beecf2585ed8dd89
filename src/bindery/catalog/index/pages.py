"""Pages and figures out of the columns of a dataset."""

from __future__ import annotations

from typing import Any

import duckdb
import msgspec

from bindery.catalog.index.dataset_files import View
from bindery.catalog.index.statements import (
    PageRequest,
    count_statement,
    first_statement,
    page_statement,
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
    rows = fetch(view, page_statement(view.table, request, after), bounds)
    if known is not None:
        return _found(rows, known, request)
    if not request.total or (after is None and len(rows) <= request.limit):
        return _found(rows, len(rows) if request.total else None, request)
    hits = fetch(view, count_statement(view.table, request.condition), bounds)[0][0]
    view.totals.keep(request.fingerprint, hits)
    return _found(rows, hits, request)


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
