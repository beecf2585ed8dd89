"""Brings the changes of the record into the index, in order, and knows how far it has come.

The number of the newest applied change is stored in the same transaction as the change, so a crash between
record and index repairs itself. A file that is missing, damaged, outdated or of another record is built anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Sequence

import duckdb
import structlog

from bindery.catalog.index.changes import Change, ChangeSource
from bindery.catalog.index.file import CLOSED, IndexFile
from bindery.catalog.index.projection import COLUMNS, Projection
from bindery.catalog.index.statements import table
from bindery.catalog.records import CatalogUnusable

BATCH = 4_000
"""Changes applied in one transaction."""

_CHECKPOINT_BATCHES = 100
"""Working in the log takes some 30 ms; doing a batch of it again after a kill some 3 ms."""
_FOLLOW_SECONDS = 0.25
_POLL_SECONDS = 0.02
_SCHEMA = hashlib.sha256(repr((COLUMNS, "a table per dataset")).encode()).hexdigest()
_log = structlog.get_logger(__name__)


class Follower:
    """Applies changes when asked, and soon after it was woken."""

    def __init__(self, file: IndexFile, source: ChangeSource) -> None:
        self._file = file
        self._source = source
        self._projection = Projection()
        self._lock = threading.RLock()
        self.tables: set[int] = set()
        self._applied = 0
        self._batches = 0
        self.generation = 0
        self._adopt()
        self._closing = threading.Event()
        self._behind = threading.Event()
        self._behind.set()
        self._thread = threading.Thread(target=self._follow, name="index-follower", daemon=True)
        self._thread.start()

    def catch_up(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Apply everything that is committed in the record when this is called.

        Raises CatalogUnusable when the server stops meanwhile; the next start goes on.
        """
        target = self._source.last_sequence()
        while self._applied < target:
            if self._closing.is_set():
                raise CatalogUnusable(CLOSED)
            with self._lock:
                if self._applied < target and not self._closing.is_set():
                    changes = self._source.changes_after(self._applied, BATCH)
                    self._apply(changes, changes[-1].sequence if changes else target)
            if progress is not None:
                progress(min(self._applied, target), target)

    def wake(self) -> None:
        """Tell the follower that the record has grown."""
        self._behind.set()

    def drop(self, dataset_id: int) -> None:
        """Forget a dataset."""
        with self._lock:
            self.tables.discard(dataset_id)
            self._file.writer.execute(f"DROP TABLE IF EXISTS {table(dataset_id)}")

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Throw the file away and apply every change of the record again."""
        with self._lock:
            self._renew(empty=True)
        self.catch_up(progress)

    def mend(self, generation: int, *, empty: bool) -> None:
        """After an error of the file: open it again, or anew, unless that has happened since ``generation``."""
        with self._lock:
            if generation == self.generation:
                self._renew(empty=empty)

    def stop(self) -> None:
        """Follow no more, and interrupt what is being applied."""
        self._closing.set()
        self._behind.set()
        self._file.stop()

    def close(self, seconds: float) -> bool:
        """Stop, and wait for the end; whether nobody writes any more.

        May be called twice.
        """
        deadline = time.monotonic() + seconds
        while True:
            self.stop()
            self._thread.join(_POLL_SECONDS)
            # A query may apply changes too, with the lock held.
            if not self._thread.is_alive() and self._lock.acquire(timeout=_POLL_SECONDS):
                self._lock.release()
                return True
            if time.monotonic() >= deadline:
                return False

    def _follow(self) -> None:
        while True:
            self._behind.wait()
            self._behind.clear()
            if self._closing.is_set():
                return
            try:
                self.catch_up()
                self._source.purge_tombstones(self._applied)
            except Exception as error:  # whatever it is, the next wake or query tries again
                if not self._closing.is_set():
                    _log.warning("the index could not follow the record", error=str(error))
            self._closing.wait(_FOLLOW_SECONDS)

    def _apply(self, changes: Sequence[Change], sequence: int) -> None:
        by_dataset: dict[int, list[Change]] = {}
        for change in changes:
            by_dataset.setdefault(change.dataset_id, []).append(change)
        writer = self._file.writer
        writer.execute("BEGIN")
        made = by_dataset.keys() - self.tables
        try:
            for dataset_id, group in by_dataset.items():
                if dataset_id in made:
                    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
                    writer.execute(f"CREATE TABLE {table(dataset_id)} ({columns})")
                else:
                    self._delete(writer, dataset_id, group)
                self._insert(writer, dataset_id, group)
            writer.execute("UPDATE applied SET sequence = ?", [sequence])
            writer.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                writer.execute("ROLLBACK")
            raise
        self.tables.update(made)
        self._applied = sequence
        self._batches += 1
        if self._batches % _CHECKPOINT_BATCHES == 0:
            with contextlib.suppress(duckdb.Error):  # the next one will do
                writer.execute("CHECKPOINT")

    def _delete(
        self, writer: duckdb.DuckDBPyConnection, dataset_id: int, changes: Sequence[Change]
    ) -> None:
        gone = "SELECT unnest(from_json(?::JSON, '[\"UUID\"]'))"
        writer.execute(
            f'DELETE FROM {table(dataset_id)} WHERE "Key" IN ({gone})', [self._projection.keys(changes)]
        )

    def _insert(
        self, writer: duckdb.DuckDBPyConnection, dataset_id: int, changes: Sequence[Change]
    ) -> None:
        rows = self._projection.rows(changes)
        if rows is not None:
            columns = ", ".join(f'"{name}"' for name in rows.columns)
            writer.execute(
                f"INSERT INTO {table(dataset_id)} ({columns}) SELECT {', '.join(rows.expressions)}",
                rows.parameters,
            )

    # the file

    def _renew(self, *, empty: bool) -> None:
        self._applied = -1  # in this order: whoever sees the new generation must catch up again
        self.generation += 1
        self._file.renew(empty=empty)
        self._adopt()

    def _adopt(self) -> None:
        """Take over what the file holds, or begin anew when it is not usable."""
        try:
            current = self._is_current(self._file.writer)
        except duckdb.Error:
            current = False
        if not current:
            self._file.renew(empty=True)
            writer = self._file.writer
            writer.execute("CREATE TABLE applied (sequence BIGINT, record VARCHAR, schema VARCHAR)")
            writer.execute("INSERT INTO applied VALUES (0, ?, ?)", [self._source.identity(), _SCHEMA])
            self.tables.clear()
            self._applied = 0

    def _is_current(self, writer: duckdb.DuckDBPyConnection) -> bool:
        names = {row[0] for row in writer.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if "applied" not in names:
            return False
        row = writer.execute("SELECT sequence, record, schema FROM applied").fetchone()
        if row is None or row[1:] != (self._source.identity(), _SCHEMA):
            return False
        if not self._source.purged_sequence() <= row[0] <= self._source.last_sequence():
            return False
        held = {int(name.removeprefix("dataset_")) for name in names if name.startswith("dataset_")}
        self.tables = held & self._source.dataset_ids()
        for dataset_id in held - self.tables:
            writer.execute(f"DROP TABLE {table(dataset_id)}")
        self._applied = row[0]
        return True
