"""The index of one dataset: its columns and its texts, two files that are thrown away together.

It follows the record by itself. The number of the newest applied change is stored in the same transaction as
the change, so a crash between record and index repairs itself. Files that are missing, damaged, outdated or of
another record are built anew. What fails here fails for this dataset alone.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb
import msgspec
import structlog

from bindery.catalog.index.batches import BatchWriter, Prepared, without_fields
from bindery.catalog.index.changes import Change, ChangeSource
from bindery.catalog.index.dataset_files import SCHEMA, Attached, DatasetFiles, View
from bindery.catalog.index.failures import Failure, failure_of, is_broken, is_full, is_out_of_memory
from bindery.catalog.index.instance import CLOSED, Instance
from bindery.catalog.index.loading import PreparedAhead, is_much
from bindery.catalog.index.projection import Projection
from bindery.catalog.index.texts import TextsDamaged
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.index.tokens import Elsewhere, nowhere
from bindery.catalog.index.totals import Totals, TotalsAsOf
from bindery.catalog.index.waiting_texts import Taken, WaitingTexts
from bindery.catalog.interface.queries import IndexProgress
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogError, CatalogUnusable, IndexUnavailable
from bindery.stopping import Interrupted

BATCH = 4_000
"""Changes applied in one transaction."""

_FURTHER = 8
"""Batches that a question applies behind the change it has to see, until it reaches the end of the record. It may not
come there while several servers scan into a dataset, faster together than an index follows; then an entry can be
missing for a moment that was not applied when the question came and has changed again since."""
_CHECKPOINT_BATCHES = 100
"""Working in the log takes some 30 ms; doing a batch of it again after a kill some 3 ms."""
_HOLD_CHARACTERS = 2_000_000
"""Of the texts that are taken at a time: about a second's work."""
_WAIT_SECONDS = 10.0
"""How long a query waits for an index that is far behind."""
_POLL_SECONDS = 0.1
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 300.0
_ATTEMPTS = 3
"""As found, after attaching the files again, and after building them anew."""
_MEMORY_ATTEMPTS = 20
"""Until an entry is to blame for which there was no memory; a second lies between two of them."""
_OF_OTHERS = (CatalogError, QueryError, Interrupted)
"""What says nothing about the index: the record, the query or its caller."""
_Answer = TypeVar("_Answer")
_log = structlog.get_logger(__name__)


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
        elsewhere: Elsewhere = nowhere,
        is_building: bool = False,
    ) -> None:
        """``is_building``: it is made beside the one that answers, see ``building.py``."""
        self.dataset_id = dataset_id
        self.asked = time.monotonic()
        """When a query last asked."""
        self._instance = instance
        self._source = source
        self._paths = DatasetFiles(instance, folder, dataset_id, is_building=is_building)
        self._writer = BatchWriter(instance, projection)
        self._elsewhere = elsewhere
        self._waiting = WaitingTexts(instance, source, projection, dataset_id)
        self._lock = threading.RLock()
        self._files: Attached | None = None
        self._guard = threading.Lock()
        self._asking = 0
        self.has_texts_left = False
        """Whether texts that no file has wait to be forgotten, for somebody was asking the last time."""
        self._applied = 0
        self._whole = 0
        """What was applied when it last reached the end of the record: every entry of then is there, or what it has
        become."""
        self._purged = 0
        """Removals up to this change were forgotten before the files were begun, and are not missed."""
        self._totals = Totals()
        self._last_possible = newest_at_start
        """What the files can have applied at most, before this process has written to them."""
        self._fresh_until = 0
        """While it is built from nothing, no entry up to this change is there yet."""
        self._careful_until = 0
        """One of the entries up to this change was refused while many were loaded at once."""
        self._batches = 0
        self._out_of_memory = 0
        """How often the entry that comes next had no room."""
        self._troubles = 0
        self._failure: Failure | None = None
        self._successor: DatasetIndex | None = None

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
            totals = TotalsAsOf(self._totals, lambda: self._applied)
            missing = files.missing  # before the transaction, which then has the others
            try:
                with self._asked(), self._instance.transaction() as cursor:
                    view = View(
                        cursor, files.table, files.tag_names, files.texts, missing, totals, files.zones
                    )
                    answer = read(view)
            except duckdb.CatalogException:
                if files is self._files and self._instance.generation == generation:
                    raise
                continue  # they were detached or built anew meanwhile
            except (duckdb.Error, TextsDamaged) as error:
                if not is_broken(error):
                    raise
                if files is self._files:
                    self._mend(error)
                continue
            self._troubles, self._failure = 0, None
            return answer

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        """Counts who may be looking at rows that are changed meanwhile."""
        with self._guard:
            self._asking += 1
        try:
            yield
        finally:
            with self._guard:
                self._asking -= 1

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
        if self._has_missed():
            with self._locked(lambda: self._check_wait(bounds, end, target)):
                self._begin_anew_if_missed()
        further = 0
        while (
            self._applied < target
            or not self._is_attached()
            or (self._whole < target and further < _FURTHER)
        ):
            with self._locked(lambda: self._check_wait(bounds, end, target)):
                further += self._applied >= target
                self._step(target)
            if self._applied < target:
                self._check_wait(bounds, end, target)

    def _check_wait(self, bounds: Bounds, end: float, target: int) -> None:
        bounds.check()
        if time.monotonic() >= end:
            raise IndexUnavailable(
                f"the index of the dataset is being built ({min(99, 100 * self._applied // target)} %); ask again "
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

    def checkpointed(self, bounds: Bounds) -> Path | None:
        """The file of the columns, which holds all that is committed by now; None for a dataset without entries.

        It is written to again at once, and may be replaced. Raises as ``ask``.
        """
        while True:
            self._check_failure()
            target = self._source.newest(self.dataset_id)
            if target == 0:
                self._source.check_dataset(self.dataset_id)
                return None
            if self._try(partial(self._catch_up, target, bounds)) and self._try(self._checkpoint):
                return self._paths.newest()

    def _checkpoint(self) -> None:
        """Work the log into the file."""
        with self._locked(lambda: None):
            self._attach()
            assert self._files is not None
            with self._instance.cursor() as cursor:
                cursor.execute(f"CHECKPOINT {self._files.alias}")

    # following the record

    def follow(self, until: int | None = None) -> bool:
        """Apply one batch of what is committed; whether there is more, up to a change if one is named. An index that
        fails waits for its time."""
        if self._failure is not None and time.monotonic() < self._failure.retry_at:
            return False
        if not self._try(self._follow):
            return False
        newest = self._source.newest(self.dataset_id)
        return self._applied < (newest if until is None else min(until, newest))

    def _follow(self) -> None:
        target = self._source.newest(self.dataset_id)
        with self._locked(lambda: None):
            if self._whole < target or (target and not self._is_attached()):
                self._step(target)
            if self._applied >= target:
                self._failure, self._troubles = None, min(self._troubles, 1)
                if target:
                    self._source.purge_tombstones(self.dataset_id, self._needless())

    def _needless(self) -> int:
        """Removals up to this change are applied wherever they have to be."""
        successor = self._successor
        return self._applied if successor is None else min(self._applied, successor._applied)

    def hold_texts(self) -> bool:
        """Take the words of some texts that wait; whether there may be more."""
        files, done, self.has_texts_left = self._files, 0, False
        if files is None or self._failure is not None:
            return False

        def hold() -> None:
            nonlocal done
            try:
                taken = self._waiting_texts(files)
                self.has_texts_left = taken.left > 0
                done = taken.forgotten + files.texts.hold(taken.texts, self._elsewhere)
            except TextsDamaged:
                if files is self._files:
                    raise  # otherwise they were closed meanwhile

        return self._try(hold) and done > 0

    def _waiting_texts(self, files: Attached) -> Taken:
        with self._locked(lambda: None):
            if files is not self._files:
                return Taken([], 0, 0)
            # Whoever begins to ask now sees what the columns say now, for nobody else writes to them.
            undisturbed = self._asking == 0
            if undisturbed:
                self._waiting.tidy(files)
            return self._waiting.take(files, _HOLD_CHARACTERS, forget=undisturbed)

    @property
    def texts_waiting(self) -> int:
        """Texts whose words are not taken yet; they are read for every question."""
        files = self._files
        return 0 if files is None else files.texts.count_waiting()

    def rebuild(self, progress: Callable[[int], None]) -> None:
        """Throw the files away and apply every change of the record again; ``progress(changes)``."""
        with self._locked(lambda: None):
            self._begin_anew()
            target = self._source.newest(self.dataset_id)
        while self._applied < target:
            with self._locked(lambda: None):
                progress(self._step(target))

    def catch_up(self, progress: Callable[[int], None]) -> None:
        """Apply what is committed by now; ``progress(changes)``."""
        while self._applied < self._source.newest(self.dataset_id):
            with self._locked(lambda: None):
                progress(self._step(self._source.newest(self.dataset_id)))

    @contextlib.contextmanager
    def awaiting(self, successor: DatasetIndex) -> Iterator[None]:
        """Meanwhile removals that the successor has not applied are not forgotten."""
        with self._locked(lambda: None):
            self._successor = successor
        try:
            yield
        finally:
            self._successor = None

    def replace_by(self, successor: DatasetIndex) -> None:
        """From now on the files that the successor has built answer; queries under way are asked again. Raises
        NotFound for a dataset that is gone meanwhile."""
        with self._locked(lambda: None):
            self._source.check_dataset(
                self.dataset_id
            )  # within the lock, which ``remove`` takes after the end
            built, applied = successor.give_up()
            self._purged = successor._purged
            path = self._paths.take_over(built)
            self._detach()
            self._files = self._paths.attach(path)
            self._totals = Totals()  # of files that may have been damaged
            self._applied = self._whole = self._last_possible = applied
            self._fresh_until = 0
            self._troubles, self._failure = 0, None
            self._paths.remove(but=path)

    def give_up(self) -> tuple[Path, int]:
        """Leave the files to somebody else: their columns, and the newest change that is in them."""
        with self._locked(lambda: None):
            path = self._paths.newest()
            if self._files is None or path is None or self._failure is not None:
                raise IndexUnavailable("the index could not be built anew; the present one answers")
            with self._instance.cursor() as cursor:
                cursor.execute(f"CHECKPOINT {self._files.alias}")
            self._detach()
            return path, self._applied

    def _step(self, target: int) -> int:
        """Apply one batch; of how many changes."""
        self._attach()
        self._begin_anew_if_missed()
        if self._whole >= target:
            return 0
        if self._is_loaded() and (loaded := self._load()):
            return loaded
        changes, is_last = self._source.changes_after(self.dataset_id, self._applied, BATCH)
        if self._begin_anew_if_missed():  # removals may have been forgotten just before they were read
            return 0
        sequence = changes[-1].sequence if changes else max(target, self._applied)
        if sequence > self._applied:
            self._apply(changes, sequence)
        if is_last:
            self._whole = sequence
        self._batches += 1
        if self._batches % _CHECKPOINT_BATCHES == 0 and self._files is not None:
            with (
                contextlib.suppress(duckdb.Error),
                self._instance.cursor() as cursor,
            ):  # the next one will do
                cursor.execute(f"CHECKPOINT {self._files.alias}")
        return len(changes)

    def _is_loaded(self) -> bool:
        return self._applied >= self._careful_until and is_much(self._fresh_until - self._applied)

    def _load(self) -> int:
        """While it is built from nothing: apply as many changes as fill a row group, and say how many; 0 when one
        of them is refused."""
        assert self._files is not None
        ahead = PreparedAhead(self._source, self._writer, self._files, self.dataset_id, self._elsewhere)
        try:
            with contextlib.closing(ahead.batches(self._applied, self._fresh_until)) as batches:
                changes, sequence = self._writer.load(self._files, self._unless_closing(batches))
        except duckdb.Error as error:
            if is_broken(error) or self._instance.closing:
                raise
            self._careful_until = ahead.read  # by small batches, which tell which one it is
            return 0
        if changes:
            self._applied = self._last_possible = sequence
        return changes

    def _unless_closing(self, batches: Iterable[Prepared]) -> Iterator[Prepared]:
        for batch in batches:
            self._check_closing()
            yield batch

    def _apply(self, changes: Sequence[Change], sequence: int) -> None:
        """A batch that the index refuses is halved until one entry is left, which is held by its URI alone."""
        try:
            self._write(changes, sequence)
        except duckdb.Error as error:
            if is_broken(error) or self._instance.closing or not changes:
                raise
            # Whether it was refused before or after its rows were there is not told.
            changes = [msgspec.structs.replace(change, is_new=False) for change in changes]
            if len(changes) > 1:
                middle = len(changes) // 2
                self._apply(changes[:middle], changes[middle - 1].sequence)
                self._apply(changes[middle:], sequence)
                return
            self._out_of_memory += is_out_of_memory(error)
            if is_out_of_memory(error) and self._out_of_memory < _MEMORY_ATTEMPTS:
                raise
            self._write([without_fields(changes[0], error)], sequence)

    def _write(self, changes: Sequence[Change], sequence: int) -> None:
        assert self._files is not None
        fresh = bool(changes) and changes[-1].sequence <= self._fresh_until
        self._writer.write(self._files, changes, sequence, fresh=fresh)
        self._applied = sequence
        self._last_possible = sequence
        self._out_of_memory = 0

    # the files

    def _is_attached(self) -> bool:
        return self._files is not None and self._files.generation == self._instance.generation

    def _attach(self) -> None:
        """Take over the files, or begin anew when they cannot be used."""
        if self._is_attached():
            return
        self._detach()
        path = self._paths.newest()
        if path is None:
            self._begin_anew()
            return
        try:
            self._files = self._paths.attach(path)
            current = self._is_current()
        except (duckdb.Error, TextsDamaged) as error:
            if self._instance.closing:
                raise CatalogUnusable(CLOSED) from error
            if is_full(error):
                raise
            current = False
        if not current:
            self._begin_anew()

    def _is_current(self) -> bool:
        assert self._files is not None
        state = self._paths.state(self._files)
        if state is None or (state.record, state.schema) != (self._source.identity(), SCHEMA):
            return False
        if state.sequence > self._last_possible or state.texts > self._files.texts.newest:
            return False
        if self._source.purged_sequence(self.dataset_id) > max(state.sequence, state.purged):
            return False
        self._applied, self._fresh_until, self._purged = state.sequence, 0, state.purged
        self._whole = 0  # it may have been left in the middle
        return True

    def _has_missed(self) -> bool:
        """Whether removals that were not applied are forgotten: this server was away for too long, and others went on
        without it."""
        if not self._source.shared or self._files is None:
            return False
        return self._source.purged_sequence(self.dataset_id) > max(self._applied, self._purged)

    def _begin_anew_if_missed(self) -> bool:
        """Whether it was."""
        has_missed = self._has_missed()
        if has_missed:
            _log.warning(
                "the index is built anew, for this server was away for long", dataset=self.dataset_id
            )
            self._begin_anew()
        return has_missed

    def _begin_anew(self) -> None:
        """Empty files under a new name; the old ones go."""
        self._instance.revive()
        self._detach()
        self._applied = self._whole = self._last_possible = 0
        self._totals = Totals()
        purged = self._source.purged_sequence(self.dataset_id)
        self._files, self._purged = self._paths.create(self._source.identity(), purged), purged
        self._fresh_until = self._source.newest(self.dataset_id)
        self._careful_until = 0

    def _detach(self) -> None:
        files, self._files = self._files, None
        if files is not None:
            self._paths.detach(files)

    def _mend(self, error: Exception) -> None:
        """After an error: attach the files again, then build them anew, then wait before the next attempt."""
        with self._locked(lambda: None):
            self._instance.revive()
            self._detach()
            if is_full(error) or is_out_of_memory(error):
                # The files are as good as before; building them anew takes yet more room.
                self._failure = failure_of(error, _FIRST_PAUSE_SECONDS)
                return
            self._troubles += 1
            if self._troubles == _ATTEMPTS - 1:
                with contextlib.suppress(duckdb.Error, TextsDamaged):  # the next attempt tells
                    self._begin_anew()
            if self._troubles >= _ATTEMPTS:
                pause = min(
                    _FIRST_PAUSE_SECONDS * 2 ** (self._troubles - _ATTEMPTS), _LONGEST_PAUSE_SECONDS
                )
                self._failure = failure_of(error, pause)
                _log.error(
                    "the index of a dataset fails and is tried again; other datasets answer",
                    dataset_id=self.dataset_id,
                    error=self._failure.reason,
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
    def is_current(self) -> bool:
        """Whether all that is committed is applied."""
        return self._applied >= self._source.newest(self.dataset_id)

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
            self._paths.remove()
            self._applied = self._whole = self._fresh_until = 0

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
