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
    few_statement,
    first_statement,
    first_uris_statement,
    in_rows,
    page_statement,
    up_to,
)
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.index.uri_zones import ZoneMap, first_zones, in_zones
from bindery.catalog.query.condition import NOTHING, Condition, join
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.query.token import Position

_FIRST_ROWS = 32_768
"""In which the first page is looked for: about a millisecond's work."""
_LARGE, _FEW = 100_000, 1_000
"""Of so many rows it is found first which match, and then, where those are few, what their URIs are."""
_WORTH = 4
"""A page that is not in so small a part of all rows is read in one pass, which counts as well."""
_TOO_LARGE = (duckdb.OutOfMemoryException, duckdb.InvalidInputException)


class Found(msgspec.Struct, frozen=True):
    """Rows of URI and sort fields, how many there are in all, and the row behind which the next page begins."""

    rows: list[tuple[Any, ...]]
    total: int | None
    last: tuple[Any, ...] | None


def rows_of(view: View, request: PageRequest, after: Position | None, bounds: Bounds) -> Found:
    """The page of a request."""
    known = view.totals.find(request.fingerprint) if request.total else None
    narrowed = _narrowed(view, request, bounds)
    rows = None if request.sort else _uris_by_zones(view, request, after, bounds)
    if rows is None and request.total and known is None and not request.sort:
        rows, known = _counted_page(view, narrowed, after, bounds)
        view.totals.keep(request.fingerprint, known)
    if rows is None:
        rows = _page_rows(view, narrowed, after, bounds)
    if known is not None:
        return _found(rows, known, request)
    if not request.total or (after is None and len(rows) <= request.limit):
        return _found(rows, len(rows) if request.total else None, request)
    return _found(rows, _count(view, request, bounds), request)


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
        hits = _count(view, request, bounds)
    return _found(rows, hits, request)


def _counted_page(
    view: View, request: PageRequest, after: Position | None, bounds: Bounds
) -> tuple[list[tuple[Any, ...]] | None, int]:
    """The page in the order of URIs and how many files match, in one pass; no page where so many match that their URIs
    are not read in it."""
    if zones_of(view, bounds).rows < _LARGE:
        hits, uris = fetch(view, first_statement(view.table, request, after), bounds)[0]
        return [(uri,) for uri in uris or ()], hits
    hits, places = fetch(view, few_statement(view.table, request.condition, _FEW), bounds)[0]
    if hits > _FEW:
        return None, hits
    if not hits:
        return [], 0
    statement = first_uris_statement(view.table, request, after, in_rows(places))
    return [(uri,) for uri in fetch(view, statement, bounds)[0][0] or ()], hits


def _count(view: View, request: PageRequest, bounds: Bounds) -> int:
    """Where the zones tell that URIs are as they are asked for, they are not looked at."""
    conditions = [request.condition]
    if request.uris is not None:
        inside, edge = zones_of(view, bounds).among(request.uris)
        all_in, some_in = in_zones(inside), in_zones(edge)
        if all_in is not None and some_in is not None:
            parts = ((all_in, request.uris.rest), (some_in, request.condition))
            conditions = [join(part, "AND") for part in parts if part[0] != NOTHING] or [NOTHING]
    hits: int = fetch(view, count_statement(view.table, *conditions), bounds)[0][0]
    view.totals.keep(request.fingerprint, hits)
    return hits


def zones_of(view: View, bounds: Bounds) -> ZoneMap:
    """Zones in which all rows are that the question sees."""
    # Reading anything begins the transaction: what is committed later is not seen.
    view.cursor.execute(f"SELECT name FROM {view.tag_names} LIMIT 1").fetchall()
    found = view.zones.found()
    if found is None:
        view.zones.learn(fetch(view, view.zones.statement(view.table), bounds))
        found = view.zones.found()
        assert found is not None
    return found


def _narrowed(view: View, request: PageRequest, bounds: Bounds) -> PageRequest:
    """The same request, where it asks something of URIs of the zones alone that have such ones."""
    if request.uris is None:
        return request
    inside, edge = zones_of(view, bounds).among(request.uris)
    within = in_zones([*inside, *edge])
    if within is None:
        return request
    asked = request.condition if edge else request.uris.rest
    return msgspec.structs.replace(request, condition=join([within, asked], "AND"))


def _uris_by_zones(
    view: View, request: PageRequest, after: Position | None, bounds: Bounds
) -> list[tuple[Any, ...]] | None:
    """The page in the order of URIs, out of the zones with the least ones while these are a small part of all; None
    where they are not: what few files match is found soonest in one pass."""
    found = zones_of(view, bounds)
    zones = found.behind(after.uri if after is not None else "")
    if request.uris is not None:
        zones = [zone for zone in zones if zone.meets(request.uris)]
    if not zones:
        return []
    wanted, edge = _FIRST_ROWS, ""
    while True:
        chosen = first_zones(zones, wanted, edge)
        within, rows = in_zones(chosen), sum(zone.rows for zone in chosen)
        if within is None or rows > found.rows // _WORTH:
            return None
        asked = join([within, request.condition], "AND")
        statement = first_uris_statement(view.table, request, after, asked)
        uris: list[str] = fetch(view, statement, bounds)[0][0] or []
        is_full = len(uris) > request.limit
        if len(chosen) == len(zones) or (is_full and zones[len(chosen)].first > uris[-1]):
            return [(uri,) for uri in uris]
        if not uris:
            return None
        if is_full:  # others may have some that come before
            edge = uris[-1]
        else:
            wanted = max(2 * rows, 3 * rows * (request.limit + 1) // (2 * len(uris)))


def _page_rows(
    view: View, request: PageRequest, after: Position | None, bounds: Bounds
) -> list[tuple[Any, ...]]:
    """To put files in order by their URIs, too, those of all that match would be read: where the page ends in the first
    column is found before, and leaves few."""
    edge = edge_statement(view.table, request, after)
    found = fetch(view, edge, bounds) if edge is not None else []
    if found and found[0][0] is not None:
        request = up_to(request, after, found[0][0])
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
