"""The index of one dataset: its columns and its texts, two files that are thrown away together.

It follows the record by itself. The number of the newest applied change is stored in the same transaction as
the change, so a crash between record and index repairs itself. Files that are missing, damaged, outdated or of
another record are built anew, under a new name, so that whoever still reads the old ones is not disturbed.
What fails here fails for this dataset alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb
import msgspec
import structlog

from bindery.catalog.index.changes import Change, ChangeSource
from bindery.catalog.index.instance import CLOSED, Instance
from bindery.catalog.index.projection import COLUMNS, Projection
from bindery.catalog.index.texts import TextIndex, TextsDamaged
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.interface.queries import IndexProgress
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogError, CatalogUnusable, IndexUnavailable
from bindery.stopping import Interrupted

BATCH = 4_000
"""Changes applied in one transaction."""

_CHECKPOINT_BATCHES = 100
"""Working in the log takes some 30 ms; doing a batch of it again after a kill some 3 ms."""
_WAIT_SECONDS = 10.0
"""How long a query waits for an index that is far behind."""
_POLL_SECONDS = 0.1
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 300.0
_ATTEMPTS = 3
"""As found, after attaching the files again, and after building them anew."""
_SCHEMA = hashlib.sha256(repr((COLUMNS, "texts 1")).encode()).hexdigest()
_BROKEN = (
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
    duckdb.IOException,
)
_FULL = (
    "disk is full",
    "No space left",
    "Disk quota exceeded",
    "Read-only file system",
    "readonly database",
)
_OF_OTHERS = (CatalogError, QueryError, Interrupted)
"""What says nothing about the index: the record, the query or its caller."""
_Answer = TypeVar("_Answer")
_log = structlog.get_logger(__name__)


class View(msgspec.Struct, frozen=True):
    """What a query reads: a cursor in a transaction, the table of the columns, and the texts."""

    cursor: duckdb.DuckDBPyConnection
    table: str
    texts: TextIndex


class _Files(msgspec.Struct):
    """The files as they are attached."""

    alias: str
    generation: int
    texts: TextIndex


class _Failure(msgspec.Struct):
    reason: str
    retry_at: float


class DatasetIndex:
    """Safe for any number of threads; one at a time applies changes."""

    def __init__(
        self,
        instance: Instance,
        source: ChangeSource,
        projection: Projection,
        folder: Path,
        dataset_id: int,
        *,
        newest_at_start: int,
    ) -> None:
        self.dataset_id = dataset_id
        self.asked = time.monotonic()
        """When a query last asked."""
        self._instance = instance
        self._source = source
        self._projection = projection
        self._folder = folder
        self._lock = threading.RLock()
        self._files: _Files | None = None
        self._applied = 0
        self._last_possible = newest_at_start
        """What the files can have applied at most, before this process has written to them."""
        self._fresh_until = 0
        """While it is built from nothing, no entry up to this change is there yet."""
        self._batches = 0
        self._troubles = 0
        self._failure: _Failure | None = None

    # queries

    def ask(self, read: Callable[[View], _Answer], nothing: _Answer, bounds: Bounds) -> _Answer:
        """The answer from an index that has caught up; ``nothing`` for a dataset without entries.

        Raises IndexUnavailable when the index fails or is far behind, and what ``bounds`` raises.
        """
        while True:
            self._check_failure()
            generation = self._instance.generation
            target = self._source.newest(self.dataset_id)
            if target == 0:
                self._source.check_dataset(self.dataset_id)
                return nothing
            if not self._try(partial(self._catch_up, target, bounds)):
                continue
            files = self._files
            if files is None or files.generation != generation:
                continue
            try:
                with self._instance.transaction() as cursor:
                    answer = read(View(cursor, _table(files.alias), files.texts))
            except duckdb.CatalogException:
                if files is self._files and self._instance.generation == generation:
                    raise
                continue  # they were detached or built anew meanwhile
            except (duckdb.Error, TextsDamaged) as error:
                if not is_broken(error):
                    raise
                self._mend(error)
                continue
            self._troubles, self._failure = 0, None
            return answer

    def _try(self, work: Callable[[], object]) -> bool:
        """Whether the index did it; otherwise it has been mended as far as it can be."""
        try:
            work()
        except _OF_OTHERS:
            raise
        except Exception as error:
            if self._instance.closing:
                raise CatalogUnusable(CLOSED) from error
            self._mend(error)
            return False
        return True

    def _catch_up(self, target: int, bounds: Bounds) -> None:
        end = time.monotonic() + _WAIT_SECONDS
        while self._applied < target or not self._is_attached():
            with self._locked(lambda: self._check_wait(bounds, end, target)):
                self._step(target)
            if self._applied < target:
                self._check_wait(bounds, end, target)

    def _check_wait(self, bounds: Bounds, end: float, target: int) -> None:
        bounds.check()
        if time.monotonic() >= end:
            raise IndexUnavailable(
                f"the index of the dataset is being built ({100 * max(0, self._applied) // target} %); ask again "
                "in some seconds. Other datasets answer meanwhile"
            )

    @contextlib.contextmanager
    def _locked(self, check: Callable[[], object]) -> Iterator[None]:
        while not self._lock.acquire(timeout=_POLL_SECONDS):
            check()
            self._check_closing()
        try:
            self._check_closing()
            yield
        finally:
            self._lock.release()

    def _check_closing(self) -> None:
        if self._instance.closing:
            raise CatalogUnusable(CLOSED)

    def _check_failure(self) -> None:
        failure = self._failure
        if failure is not None and (wait := failure.retry_at - time.monotonic()) > 0:
            raise IndexUnavailable(
                f"the index of the dataset cannot be used ({failure.reason}); see that its disk has room and is "
                f"sound. It is built anew from the record by itself, next in {wait:.0f} s; other datasets answer"
            )

    # following the record

    def follow(self) -> bool:
        """Apply one batch of what is committed; whether there is more. An index that fails waits for its time."""
        if self._failure is not None and time.monotonic() < self._failure.retry_at:
            return False
        return self._try(self._follow) and self._applied < self._source.newest(self.dataset_id)

    def _follow(self) -> None:
        target = self._source.newest(self.dataset_id)
        with self._locked(lambda: None):
            if self._applied < target or (target and not self._is_attached()):
                self._step(target)
            if self._applied >= target:
                self._failure, self._troubles = None, min(self._troubles, 1)
                if target:
                    self._source.purge_tombstones(self.dataset_id, self._applied)

    def rebuild(self, progress: Callable[[int], None]) -> None:
        """Throw the files away and apply every change of the record again; ``progress(changes)``."""
        with self._locked(lambda: None):
            self._begin_anew()
            target = self._source.newest(self.dataset_id)
        while self._applied < target:
            with self._locked(lambda: None):
                progress(self._step(target))

    def _step(self, target: int) -> int:
        """Apply one batch; of how many changes."""
        self._attach()
        if self._applied >= target:
            return 0
        changes = self._source.changes_after(self.dataset_id, self._applied, BATCH)
        self._apply(changes, changes[-1].sequence if changes else target)
        self._batches += 1
        if self._batches % _CHECKPOINT_BATCHES == 0 and self._files is not None:
            with (
                contextlib.suppress(duckdb.Error),
                self._instance.cursor() as cursor,
            ):  # the next one will do
                cursor.execute(f"CHECKPOINT {self._files.alias}")
        return len(changes)

    def _apply(self, changes: Sequence[Change], sequence: int) -> None:
        """A batch that the index refuses is halved until one entry is left, which is held by its URI alone."""
        try:
            self._write(changes, sequence)
        except duckdb.Error as error:
            if is_broken(error) or self._instance.closing or not changes:
                raise
            if len(changes) > 1:
                middle = len(changes) // 2
                self._apply(changes[:middle], changes[middle - 1].sequence)
                self._apply(changes[middle:], sequence)
                return
            bare = msgspec.structs.replace(changes[0], document=b"{}", text=None)
            self._write([bare] if changes[0].document is not None else changes, sequence)
            _log.warning(
                "an entry could not be indexed and is found by its URI alone",
                uri=bare.uri,
                error=str(error),
            )

    def _write(self, changes: Sequence[Change], sequence: int) -> None:
        assert self._files is not None
        # The texts first: columns never speak of a text that is not there.
        numbers = self._files.texts.add([self._projection.searched_text(change) for change in changes])
        with self._instance.transaction() as writer:
            if changes and changes[-1].sequence > self._fresh_until:
                self._delete(writer, changes)
            self._insert(writer, changes, numbers)
            writer.execute(
                f"UPDATE {self._files.alias}.applied SET sequence = ?, texts = ?",
                [sequence, self._files.texts.newest],
            )
            writer.execute("COMMIT")
        self._applied = sequence
        self._last_possible = sequence

    def _delete(self, writer: duckdb.DuckDBPyConnection, changes: Sequence[Change]) -> None:
        assert self._files is not None
        gone = "SELECT unnest(from_json(?::JSON, '[\"UUID\"]'))"
        writer.execute(
            f'DELETE FROM {_table(self._files.alias)} WHERE "Key" IN ({gone})',
            [self._projection.keys(changes)],
        )

    def _insert(
        self, writer: duckdb.DuckDBPyConnection, changes: Sequence[Change], texts: Sequence[int | None]
    ) -> None:
        assert self._files is not None
        rows = self._projection.rows(changes, texts)
        if rows is not None:
            columns = ", ".join(f'"{name}"' for name in rows.columns)
            writer.execute(
                f"INSERT INTO {_table(self._files.alias)} ({columns}) SELECT {', '.join(rows.expressions)}",
                rows.parameters,
            )

    # the files

    def _is_attached(self) -> bool:
        return self._files is not None and self._files.generation == self._instance.generation

    def _attach(self) -> None:
        """Take over the files, or begin anew when they cannot be used."""
        if self._is_attached():
            return
        self._detach()
        paths = sorted(self._folder.glob(f"{self.dataset_id}-*.duckdb"), key=_build_of)
        if not paths:
            self._begin_anew()
            return
        try:
            self._open(paths[-1])
            current = self._is_current()
        except (duckdb.Error, TextsDamaged) as error:
            if self._instance.closing:
                raise CatalogUnusable(CLOSED) from error
            if is_full(error):
                raise
            current = False
        if not current:
            self._begin_anew()

    def _open(self, path: Path, *, new: bool = False) -> None:
        build = _build_of(path)
        alias = f"d{self.dataset_id}_{build}_{self._instance.generation}"
        with self._instance.cursor() as cursor:
            escaped = str(path.resolve()).replace("'", "''")
            cursor.execute(f"ATTACH '{escaped}' AS {alias}")
        try:
            texts = TextIndex(path.with_suffix(".texts"), new=new)
        except BaseException:
            self._forget(alias)
            raise
        self._files = _Files(alias, self._instance.generation, texts)

    def _is_current(self) -> bool:
        assert self._files is not None
        with self._instance.cursor() as cursor:
            row = cursor.execute(
                f"SELECT sequence, record, schema, texts, purged FROM {self._files.alias}.applied"
            ).fetchone()
        if row is None or row[1:3] != (self._source.identity(), _SCHEMA):
            return False
        if row[0] > self._last_possible or row[3] > self._files.texts.newest:
            return False
        if self._source.purged_sequence(self.dataset_id) > max(row[0], row[4]):
            return False
        self._applied, self._fresh_until = row[0], 0
        return True

    def _begin_anew(self) -> None:
        """Empty files under a new name; the old ones go."""
        self._instance.revive()
        self._detach()
        old = [path for path in self._folder.glob(f"{self.dataset_id}-*") if path.name[0].isdigit()]
        build = max(map(_build_of, old), default=0) + 1
        for path in old:
            path.unlink(missing_ok=True)
        self._applied = self._last_possible = 0
        self._open(self._folder / f"{self.dataset_id}-{build}.duckdb", new=True)
        assert self._files is not None
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        held = "sequence BIGINT, record VARCHAR, schema VARCHAR, texts BIGINT, purged BIGINT"
        purged = self._source.purged_sequence(self.dataset_id)
        with self._instance.transaction() as writer:
            writer.execute(f"CREATE TABLE {_table(self._files.alias)} ({columns})")
            writer.execute(f"CREATE TABLE {self._files.alias}.applied ({held})")
            writer.execute(
                f"INSERT INTO {self._files.alias}.applied VALUES (0, ?, ?, 0, ?)",
                [self._source.identity(), _SCHEMA, purged],
            )
            writer.execute("COMMIT")
        self._fresh_until = self._source.newest(self.dataset_id)

    def _detach(self) -> None:
        files, self._files = self._files, None
        if files is not None:
            files.texts.close()
            if files.generation == self._instance.generation:
                self._forget(files.alias)

    def _forget(self, alias: str) -> None:
        with contextlib.suppress(duckdb.Error), self._instance.cursor() as cursor:
            cursor.execute(f"DETACH {alias}")

    def _mend(self, error: Exception) -> None:
        """After an error: attach the files again, then build them anew, then wait before the next attempt."""
        with self._locked(lambda: None):
            self._instance.revive()
            self._detach()
            if is_full(error):  # the files are as good as before; building them anew takes yet more room
                reason = str(error).partition("\n")[0][:200]
                self._failure = _Failure(reason, time.monotonic() + _FIRST_PAUSE_SECONDS)
                return
            self._troubles += 1
            if self._troubles == _ATTEMPTS - 1:
                with contextlib.suppress(duckdb.Error, TextsDamaged):  # the next attempt tells
                    self._begin_anew()
            if self._troubles >= _ATTEMPTS:
                pause = min(
                    _FIRST_PAUSE_SECONDS * 2 ** (self._troubles - _ATTEMPTS), _LONGEST_PAUSE_SECONDS
                )
                reason = str(error).partition("\n")[0][:200]
                self._failure = _Failure(reason, time.monotonic() + pause)
                _log.error(
                    "the index of a dataset fails and is tried again; other datasets answer",
                    dataset_id=self.dataset_id,
                    error=reason,
                    seconds=pause,
                )

    # its place among others

    def progress(self) -> IndexProgress | None:
        """None while it answers."""
        failure = self._failure
        if failure is not None:
            return IndexProgress(
                dataset_id=self.dataset_id,
                state="Failed",
                done=max(0, self._applied),
                reason=failure.reason,
            )
        if self._applied < self._fresh_until:
            return IndexProgress(
                dataset_id=self.dataset_id, state="Building", done=self._applied, total=self._fresh_until
            )
        return None

    @property
    def is_open(self) -> bool:
        """Whether its files are open."""
        return self._files is not None

    def release(self) -> bool:
        """Detach the files if nobody applies changes; whether they are detached. The next query attaches them."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._applied < self._fresh_until:
                return False
            self._detach()
            return True
        finally:
            self._lock.release()

    def remove(self) -> None:
        """The dataset is gone: so are its files."""
        with self._locked(lambda: None):
            self._detach()
            for path in self._folder.glob(f"{self.dataset_id}-*"):
                path.unlink(missing_ok=True)
            self._applied = self._fresh_until = 0

    def stop(self) -> None:
        """Interrupt what is looked for in the texts."""
        files = self._files
        if files is not None:
            files.texts.stop()

    def close(self, seconds: float) -> bool:
        """Close the texts once nobody applies changes; the columns are closed with the instance."""
        if not self._lock.acquire(timeout=max(0.0, seconds)):
            return False
        try:
            if self._files is not None:
                self._files.texts.close()
            return True
        finally:
            self._lock.release()


def is_broken(error: Exception) -> bool:
    """Damaged blocks are reported as the base class itself."""
    return isinstance(error, (*_BROKEN, TextsDamaged, sqlite3.Error)) or type(error) is duckdb.Error


def is_full(error: Exception) -> bool:
    """Whether the disk took nothing. DuckDB says so in words alone."""
    return any(words in str(error) for words in _FULL)


def _table(alias: str) -> str:
    return f"{alias}.files"


def _build_of(path: Path) -> int:
    number = path.name.partition("-")[2].partition(".")[0]
    return int(number) if number.isdigit() else 0
