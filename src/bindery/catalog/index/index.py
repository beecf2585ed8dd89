"""The index: a DuckDB file of typed columns that follows the record and answers queries.

One table a dataset, without the documents. It is derived: a damaged file is built anew from the record.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import timezone
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from bindery.catalog.index.changes import ChangeSource
from bindery.catalog.index.file import IndexFile
from bindery.catalog.index.follower import Follower
from bindery.catalog.index.statements import (
    PageRequest,
    count_statement,
    figure_statement,
    first_statement,
    group_statement,
    page_statement,
)
from bindery.catalog.index.time_limit import TimeLimit
from bindery.catalog.interface.queries import AggregationResult, Group, Page
from bindery.catalog.query.compile import Condition, compile_query
from bindery.catalog.query.fields import FIELDS, Field, Kind
from bindery.catalog.query.syntax import Aggregation, Node, QueryError, SortField
from bindery.catalog.query.token import Position, fingerprint, read_token, write_token
from bindery.catalog.query.values import fuzzy_text
from bindery.catalog.records import CatalogUnusable
from bindery.clock import DEFAULT_ZONE, format_time

_Answer = TypeVar("_Answer")
_Cursor = duckdb.DuckDBPyConnection
_TOO_LARGE = (duckdb.OutOfMemoryException, duckdb.InvalidInputException)
_BROKEN = (
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
    duckdb.IOException,
)
_QUERY_SECONDS = 60
_CLOSE_SECONDS = 2.0
_ATTEMPTS = 3
"""As found, after opening the file again, and after building it anew."""


class Index:
    """Searches and aggregates; safe for any number of threads. A dataset that is gone raises NotFound."""

    def __init__(self, path: Path, source: ChangeSource, zone: timezone = DEFAULT_ZONE) -> None:
        self._source = source
        self._zone = zone
        self._file = IndexFile(path)
        try:
            self._follower = Follower(self._file, source)
        except BaseException:
            self._file.close(_CLOSE_SECONDS)
            raise

    def search(
        self,
        dataset_id: int,
        query: Node | None,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
        total: bool = True,
    ) -> Page:
        """One page of files. Raises QueryError."""
        print_of = fingerprint(dataset_id, query, tuple(sort))
        return self._page(
            PageRequest(dataset_id, compile_query(query), print_of, tuple(sort), limit, token, total)
        )

    def fuzzy_search(
        self,
        dataset_id: int,
        text: str,
        *,
        sort: Sequence[SortField] = (),
        limit: int = 100,
        token: str = "",
    ) -> Page:
        """Files that hold ``text`` in any field people read, in any case. Raises QueryError."""
        wanted = fuzzy_text(text.strip())
        condition = Condition(
            '(contains("Fuzzy", ?) OR coalesce(contains("Text", ?), false))', (wanted, wanted)
        )
        print_of = fingerprint(dataset_id, text, tuple(sort))
        return self._page(PageRequest(dataset_id, condition, print_of, tuple(sort), limit, token, True))

    def _page(self, request: PageRequest) -> Page:
        after = read_token(request.token, request.fingerprint, request.sort) if request.token else None

        def read(cursor: _Cursor) -> tuple[list[Any], int | None]:
            if request.total and not request.sort:
                hits, found = _fetch(cursor, first_statement(request, after))[0]
                return [(uri,) for uri in found or ()], hits
            rows = _fetch(cursor, page_statement(request, after))
            if not request.total or (after is None and len(rows) <= request.limit):
                return rows, len(rows) if request.total else None
            return rows, _fetch(cursor, count_statement(request))[0][0]

        nothing: tuple[list[Any], int | None] = ([], 0 if request.total else None)
        rows, hits = self._ask(request.dataset_id, read, nothing)
        shown = rows[: request.limit]
        next_token = ""
        if len(rows) > request.limit and shown:
            next_token = write_token(Position(request.fingerprint, tuple(shown[-1][1:]), shown[-1][0]))
        documents = self._source.documents(request.dataset_id, [row[0] for row in shown])
        return Page(documents=tuple(documents), next_token=next_token, total_hits=hits)

    def aggregate(
        self, dataset_id: int, query: Node | None, aggregations: Sequence[Aggregation], *, groups: int = 100
    ) -> list[AggregationResult]:
        """One result per aggregation, in order. Raises QueryError."""
        condition = compile_query(query)

        def read(cursor: _Cursor) -> list[AggregationResult]:
            return [self._result(cursor, dataset_id, condition, entry, groups) for entry in aggregations]

        return self._ask(dataset_id, read, [_empty_result(entry) for entry in aggregations])

    def _result(
        self, cursor: _Cursor, dataset_id: int, condition: Condition, aggregation: Aggregation, groups: int
    ) -> AggregationResult:
        field = FIELDS[aggregation.field]
        if aggregation.operation == "group":
            rows = _fetch(cursor, group_statement(dataset_id, condition, aggregation, groups))
            found = tuple(Group(self._group_name(field, value), count) for value, count in rows)
            return AggregationResult(field=aggregation.field, operation="group", groups=found)
        value = _fetch(cursor, figure_statement(dataset_id, condition, aggregation))[0][0]
        figure = None if value is None else float(value)
        return AggregationResult(field=aggregation.field, operation=aggregation.operation, value=figure)

    def _group_name(self, field: Field, value: Any) -> str:
        return format_time(value, self._zone) if field.kind is Kind.TIME else str(value)

    def _ask(self, dataset_id: int, read: Callable[[_Cursor], _Answer], nothing: _Answer) -> _Answer:
        """The answer from an index that has caught up; ``nothing`` for a dataset without entries."""
        attempt = 0
        while True:
            generation = self._follower.generation
            try:
                with self._file.until_closed():
                    self._follower.catch_up()
                    if dataset_id not in self._follower.tables:
                        self._source.check_dataset(dataset_id)
                        return nothing
                    with self._file.reading() as cursor:
                        if generation == self._follower.generation:
                            return read(cursor)
            except duckdb.CatalogException:
                self._source.check_dataset(dataset_id)  # its table was dropped meanwhile
                raise
            except duckdb.Error as error:
                attempt += 1
                if not _is_broken(error):
                    raise
                if attempt == _ATTEMPTS:
                    raise _unusable(error) from error
                self._follower.mend(generation, empty=attempt > 1)

    # following the record

    def wake(self) -> None:
        """Tell the index that the record has grown."""
        self._follower.wake()

    def drop_dataset(self, dataset_id: int) -> None:
        """Forget a dataset. When that fails, its table goes with the next start."""
        with contextlib.suppress(duckdb.Error):
            self._follower.drop(dataset_id)

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Throw the file away and build it from the record; queries wait."""
        with self._file.until_closed():
            self._follower.rebuild(progress)

    def stop(self) -> None:
        """Begin nothing more, and interrupt what runs."""
        self._follower.stop()

    def close(self, seconds: float) -> bool:
        """Stop following, interrupt the queries and close the file; whether it is closed. May be called twice."""
        deadline = time.monotonic() + seconds
        if not self._follower.close(seconds):
            return False  # its thread still uses the file
        return self._file.close(max(0.0, deadline - time.monotonic()))


def _fetch(cursor: _Cursor, statement: Condition) -> list[tuple[Any, ...]]:
    with TimeLimit(cursor, _QUERY_SECONDS) as limit:
        try:
            return cursor.execute(statement.sql, statement.parameters).fetchall()
        except duckdb.InterruptException as error:
            if not limit.passed:
                raise  # the server stops
            raise QueryError(
                f"The query takes more than {_QUERY_SECONDS} s: use fewer or narrower conditions."
            ) from error
        except _TOO_LARGE as error:
            reason = str(error).splitlines()[0][:200]
            raise QueryError(f"The query is too large to be answered: {reason}") from error


def _is_broken(error: duckdb.Error) -> bool:
    """Damaged blocks are reported as the base class itself."""
    return type(error) is duckdb.Error or isinstance(error, _BROKEN)


def _unusable(error: Exception) -> CatalogUnusable:
    return CatalogUnusable(
        f"the index cannot be used ({error}); see that its disk has room and is sound. It is derived from the "
        "record: `bindery index rebuild` makes it anew"
    )


def _empty_result(aggregation: Aggregation) -> AggregationResult:
    if aggregation.operation == "group":
        return AggregationResult(field=aggregation.field, operation="group", groups=())
    value = 0.0 if aggregation.operation in ("sum", "count", "distinct") else None
    return AggregationResult(field=aggregation.field, operation=aggregation.operation, value=value)
