"""Which entries of a page a SimpleQuery matches: by the columns and the condition that the index would have of them."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from bindery.catalog.index.batches import without_fields
from bindery.catalog.index.changes import Change
from bindery.catalog.index.projection import COLUMNS, Projection
from bindery.catalog.query.compile import compile_query
from bindery.catalog.query.syntax import Node
from bindery.catalog.record.entry_pages import Entry


class Matching:
    """For one thread. It needs no index, so that it works beside a server, which has the index for itself."""

    def __init__(self, query: Node) -> None:
        """Raises QueryError."""
        self._condition = compile_query(query)
        self._projection = Projection()
        self._connection = duckdb.connect(":memory:", config={"threads": 1})
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        self._connection.execute(f"CREATE TABLE files ({columns})")

    def close(self) -> None:
        """Free its memory."""
        self._connection.close()

    def of(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that match, in their order."""
        found = self._matching(
            [Change(entry.number, 0, entry.uri, entry.document, None) for entry in entries]
        )
        return [entry for entry in entries if entry.uri in found]

    def _matching(self, changes: Sequence[Change]) -> set[str]:
        """What the columns refuse is halved until one entry is left, which they hold by its URI alone."""
        try:
            return self._ask(changes)
        except duckdb.Error as error:
            if len(changes) > 1:
                middle = len(changes) // 2
                return self._matching(changes[:middle]) | self._matching(changes[middle:])
            return self._ask([without_fields(changes[0], error)])

    def _ask(self, changes: Sequence[Change]) -> set[str]:
        rows = self._projection.rows(changes, [None] * len(changes))
        if rows is None:
            return set()
        self._connection.execute("BEGIN")
        try:
            columns = ", ".join(f'"{name}"' for name in rows.columns)
            self._connection.execute(
                f"INSERT INTO files ({columns}) SELECT {', '.join(rows.expressions)}", rows.parameters
            )
            sql, values = self._condition.sql, self._condition.parameters
            found = self._connection.execute(f'SELECT "URI" FROM files WHERE {sql}', values).fetchall()
        finally:
            self._connection.execute("ROLLBACK")
        return {uri for (uri,) in found}
