"""The index: a DuckDB file of typed columns that follows the record and answers queries.

One table a dataset, without the documents. The number of the newest applied change is stored in the same
transaction as the change, so a crash between record and index repairs itself; a missing, damaged or
outdated file is built anew from the record.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Sequence
from datetime import timezone
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from bindery.catalog.catalog import AggregationResult, Group, Page
from bindery.catalog.changes import Change, ChangeSource
from bindery.catalog.projection import COLUMNS, STRUCTURE, Projection
from bindery.catalog.query.compile import Condition, column, compile_query
from bindery.catalog.query.fields import FIELDS, Field, Kind
from bindery.catalog.query.syntax import Aggregation, Node, QueryError, SortField
from bindery.catalog.query.token import Position, fingerprint, read_token, write_token
from bindery.clock import DEFAULT_ZONE, format_time

BATCH = 2_000
"""Changes applied in one transaction."""

_MEMORY_LIMIT = "1GB"
_FOLLOW_SECONDS = 0.25
_SCHEMA = hashlib.sha256(repr((COLUMNS, "a table per dataset")).encode()).hexdigest()


class _PageRequest(msgspec.Struct, frozen=True):
    dataset_id: int
    condition: Condition
    fingerprint: str
    sort: tuple[SortField, ...]
    limit: int
    token: str
    total: bool


class Index:
    """Searches and aggregates; safe for any number of threads."""

    def __init__(self, path: Path, source: ChangeSource, zone: timezone = DEFAULT_ZONE) -> None:
        self._path = path
        self._source = source
        self._zone = zone
        self._projection = Projection()
        self._write_lock = threading.RLock()
        self._cursors = threading.local()
        self._generation = 0
        self._tables: set[int] = set()
        self._applied = 0
        self._connection = self._open()
        self._closing = threading.Event()
        self._behind = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="index-follower", daemon=True)
        self._follower.start()

    # queries

    def search(
        self,
        dataset_id: int,
        query: Node | None,
        *,
        sort: Sequence[SortField],
        limit: int,
        token: str,
        total: bool,
    ) -> Page:
        """One page of files. Raises QueryError."""
        print_of = fingerprint(dataset_id, query, tuple(sort))
        request = _PageRequest(dataset_id, compile_query(query), print_of, tuple(sort), limit, token, total)
        return self._page(request)

    def fuzzy_search(
        self, dataset_id: int, text: str, *, sort: Sequence[SortField], limit: int, token: str
    ) -> Page:
        """Files that hold ``text`` in any field people read, in any case. Raises QueryError."""
        wanted = text.strip().lower()
        condition = Condition(
            '(contains("Fuzzy", ?) OR coalesce(contains("Text", ?), false))', (wanted, wanted)
        )
        print_of = fingerprint(dataset_id, text, tuple(sort))
        return self._page(_PageRequest(dataset_id, condition, print_of, tuple(sort), limit, token, True))

    def _page(self, request: _PageRequest) -> Page:
        after = None
        if request.token:
            after = read_token(request.token, request.fingerprint, len(request.sort))
        self.catch_up()
        if request.dataset_id not in self._tables:
            return Page(documents=(), next_token="", total_hits=0 if request.total else None)
        hits = None
        with self._reading() as cursor:
            rows = self._fetch(cursor, *_page_statement(request, after))
            if request.total:
                condition = request.condition
                count = f"SELECT count(*) FROM {_table(request.dataset_id)} WHERE {condition.sql}"
                hits = self._fetch(cursor, count, condition.parameters)[0][0]
        shown = rows[: request.limit]
        next_token = ""
        if len(rows) > request.limit and shown:
            next_token = write_token(Position(request.fingerprint, tuple(shown[-1][1:]), shown[-1][0]))
        documents = self._source.documents(request.dataset_id, [row[0] for row in shown])
        return Page(documents=tuple(documents), next_token=next_token, total_hits=hits)

    def aggregate(
        self, dataset_id: int, query: Node | None, aggregations: Sequence[Aggregation], *, groups: int
    ) -> list[AggregationResult]:
        """One result per aggregation, in order."""
        condition = compile_query(query)
        self.catch_up()
        if dataset_id not in self._tables:
            return [_empty_result(entry) for entry in aggregations]
        with self._reading() as cursor:
            return [self._aggregate(cursor, dataset_id, condition, entry, groups) for entry in aggregations]

    def _aggregate(
        self,
        cursor: duckdb.DuckDBPyConnection,
        dataset_id: int,
        condition: Condition,
        aggregation: Aggregation,
        groups: int,
    ) -> AggregationResult:
        field = FIELDS[aggregation.field]
        values = f"SELECT {_values(field)} AS v FROM {_table(dataset_id)} WHERE {condition.sql}"
        if field.array and aggregation.operation == "group":
            values = f"SELECT unnest(list_distinct(v)) AS v FROM ({values})"
        elif field.array:
            values = f"SELECT unnest(v) AS v FROM ({values})"
        if aggregation.operation != "group":
            sql = f"SELECT {_FIGURES[aggregation.operation]} FROM ({values}) WHERE v IS NOT NULL"
            row = self._fetch(cursor, sql, condition.parameters)[0]
            value = None if row[0] is None else float(row[0])
            return AggregationResult(field=aggregation.field, operation=aggregation.operation, value=value)
        sql = (
            f"SELECT v, count(*) AS n FROM ({values}) WHERE v IS NOT NULL"
            f" GROUP BY v ORDER BY n DESC, v LIMIT {groups:d}"
        )
        rows = self._fetch(cursor, sql, condition.parameters)
        found = tuple(Group(self._group_name(field, value), count) for value, count in rows)
        return AggregationResult(field=aggregation.field, operation=aggregation.operation, groups=found)

    def _group_name(self, field: Field, value: Any) -> str:
        return format_time(value, self._zone) if field.kind is Kind.TIME else str(value)

    def _fetch(
        self, cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        try:
            return cursor.execute(sql, parameters).fetchall()
        except (duckdb.OutOfMemoryException, duckdb.InvalidInputException) as error:
            raise QueryError(
                f"The query is too large to be answered: {str(error).splitlines()[0][:200]}"
            ) from error

    # following the record

    def catch_up(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Apply everything that is committed in the record when this is called."""
        target = self._source.last_sequence()
        while self._applied < target:
            with self._write_lock:
                if self._applied >= target:
                    break
                changes = self._source.changes_after(self._applied, BATCH)
                if not changes:
                    break
                self._apply(changes)
            if progress is not None:
                progress(self._applied, target)

    def wake(self) -> None:
        """Tell the follower that the record has grown."""
        self._behind.set()

    def _follow(self) -> None:
        while not self._closing.is_set():
            self._behind.wait()
            self._behind.clear()
            if self._closing.is_set():
                return
            with contextlib.suppress(duckdb.Error):
                self.catch_up()
                self._source.purge_tombstones(self._applied)
            self._closing.wait(_FOLLOW_SECONDS)

    def _apply(self, changes: Sequence[Change]) -> None:
        by_dataset: dict[int, list[Change]] = {}
        for change in changes:
            by_dataset.setdefault(change.dataset_id, []).append(change)
        writer = self._connection
        writer.execute("BEGIN")
        made = []
        try:
            for dataset_id, group in by_dataset.items():
                if dataset_id not in self._tables:
                    writer.execute(f"CREATE TABLE {_table(dataset_id)} ({_columns()})")
                    made.append(dataset_id)
                self._apply_to(writer, dataset_id, group)
            writer.execute("UPDATE applied SET sequence = ?", [changes[-1].sequence])
            writer.execute("COMMIT")
        except BaseException:
            writer.execute("ROLLBACK")
            raise
        self._tables.update(made)
        self._applied = changes[-1].sequence

    def _apply_to(
        self, writer: duckdb.DuckDBPyConnection, dataset_id: int, changes: Sequence[Change]
    ) -> None:
        table = _table(dataset_id)
        writer.execute(
            f"DELETE FROM {table} USING (SELECT unnest(from_json(?::JSON, '[\"VARCHAR\"]')) AS removed) AS gone"
            f' WHERE "URI" = gone.removed',
            [self._projection.uris(changes)],
        )
        rows = self._projection.rows(changes)
        if rows is not None:
            writer.execute(
                f"INSERT INTO {table} SELECT unnest(from_json(?::JSON, '{STRUCTURE}'), max_depth := 2)",
                [rows],
            )

    # files

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            connection = self._connect()
            if self._is_current(connection):
                return connection
            connection.close()
        except duckdb.Error:
            pass  # damaged: everything in it can be made again
        self._remove_files()
        connection = self._connect()
        connection.execute("CREATE TABLE applied (sequence BIGINT, schema VARCHAR)")
        connection.execute("INSERT INTO applied VALUES (0, ?)", [_SCHEMA])
        self._tables.clear()
        self._applied = 0
        return connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY_LIMIT,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "enable_external_access": True,
        }
        connection = duckdb.connect(str(self._path), config=settings)
        connection.execute("SET preserve_insertion_order = false")
        return connection

    def _is_current(self, connection: duckdb.DuckDBPyConnection) -> bool:
        names = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if "applied" not in names:
            return False
        row = connection.execute("SELECT sequence, schema FROM applied").fetchone()
        if row is None or row[1] != _SCHEMA or row[0] > self._source.last_sequence():
            return False
        self._applied = row[0]
        self._tables = {int(name.removeprefix("dataset_")) for name in names if name.startswith("dataset_")}
        return True

    def _remove_files(self) -> None:
        for path in (self._path, self._path.with_name(self._path.name + ".wal")):
            path.unlink(missing_ok=True)

    def drop_dataset(self, dataset_id: int) -> None:
        """Forget a dataset."""
        with self._write_lock:
            self._tables.discard(dataset_id)
            self._connection.execute(f"DROP TABLE IF EXISTS {_table(dataset_id)}")

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Throw the files away and apply every change of the record again."""
        with self._write_lock:
            self._generation += 1
            self._connection.close()
            self._remove_files()
            self._connection = self._open()
        self.catch_up(progress)

    def close(self) -> None:
        """Stop following and close the file. May be called twice."""
        self._closing.set()
        self._behind.set()
        if self._follower.is_alive():
            self._follower.join()
        with self._write_lock:
            self._connection.close()

    @contextlib.contextmanager
    def _reading(self) -> Any:
        """This thread's cursor, in one transaction, so that page and total fit together."""
        if getattr(self._cursors, "generation", None) != self._generation:
            self._cursors.cursor = self._connection.cursor()
            self._cursors.generation = self._generation
        cursor: duckdb.DuckDBPyConnection = self._cursors.cursor
        cursor.execute("BEGIN")
        try:
            yield cursor
        finally:
            cursor.execute("ROLLBACK")


_FIGURES = {
    "min": "min(v)",
    "max": "max(v)",
    "sum": "coalesce(sum(v), 0)",
    "average": "avg(v)",
    "count": "count(v)",
    "distinct": "count(DISTINCT v)",
}


def _empty_result(aggregation: Aggregation) -> AggregationResult:
    if aggregation.operation == "group":
        return AggregationResult(field=aggregation.field, operation="group", groups=())
    value = 0.0 if aggregation.operation in ("sum", "count", "distinct") else None
    return AggregationResult(field=aggregation.field, operation=aggregation.operation, value=value)


def _table(dataset_id: int) -> str:
    return f"dataset_{dataset_id:d}"


def _columns() -> str:
    return ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())


def _values(field: Field) -> str:
    if not field.array:
        return column(field)
    path = ".".join(["x", *(f'"{part}"' for part in field.path[1:])])
    return f'list_transform("{field.path[0]}", lambda x: {path})'


def _page_statement(request: _PageRequest, after: Position | None) -> tuple[str, tuple[Any, ...]]:
    expressions = [column(FIELDS[entry.field]) for entry in request.sort]
    bound = _after(after, expressions, request.sort)
    order = [_order(expression, entry) for expression, entry in zip(expressions, request.sort, strict=True)]
    chosen, order_by = ", ".join(['"URI"', *expressions]), ", ".join([*order, '"URI"'])
    sql = (
        f"SELECT {chosen} FROM {_table(request.dataset_id)} WHERE {request.condition.sql} AND {bound.sql}"
        f" ORDER BY {order_by} LIMIT {request.limit + 1:d}"
    )
    return sql, (*request.condition.parameters, *bound.parameters)


def _order(expression: str, entry: SortField) -> str:
    return f"{expression} {'DESC' if entry.descending else 'ASC'} NULLS LAST"


def _after(after: Position | None, expressions: Sequence[str], sort: Sequence[SortField]) -> Condition:
    """Rows behind a position: equal in the first fields, behind in the next; the URI decides last."""
    if after is None:
        return Condition("true")
    alternatives: list[str] = []
    parameters: list[Any] = []
    equal_sql: list[str] = []
    equal_parameters: list[Any] = []
    for expression, entry, value in zip(expressions, sort, after.values, strict=True):
        if value is None:
            equal_sql.append(f"{expression} IS NULL")
            continue
        sign = "<" if entry.descending else ">"
        behind = f"({expression} {sign} ? OR {expression} IS NULL)"
        alternatives.append(" AND ".join([*equal_sql, behind]))
        parameters += [*equal_parameters, value]
        equal_sql.append(f"{expression} = ?")
        equal_parameters.append(value)
    alternatives.append(" AND ".join([*equal_sql, '"URI" > ?']))
    parameters += [*equal_parameters, after.uri]
    return Condition("(" + " OR ".join(f"({entry})" for entry in alternatives) + ")", tuple(parameters))
