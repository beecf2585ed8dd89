"""A batch of files of one dataset, explicitly indexed: looked up, extracted, and stored as they are done."""

from __future__ import annotations

import threading
from contextlib import suppress

import structlog

from bindery.buckets.registry import Buckets
from bindery.buckets.store import Store, StoreError
from bindery.buckets.uri import parse_object_uri
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogError, FileWrite, LimitExceeded
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.pool import Pool
from bindery.file import File
from bindery.secrecy import told
from bindery.stopping import Interrupted, Stoppable
from bindery.sync.jobs import Job, Jobs
from bindery.sync.outcomes import file_write, within_range
from bindery.sync.settings import SyncSettings
from bindery.sync.sidecars import stored_sidecars
from bindery.sync.templates import operators_for
from bindery.workers.job import Urgency

_MAX_ATTEMPTS = 4
"""Tries before a failure that may pass is told to the caller."""
_RETRY_SECONDS = 1.0
_WITH_SIDECARS = frozenset({Operator.EXIF, Operator.MEDIA_META})
_LOOKUPS = 8
"""Objects looked up at the same time."""
_POLL_SECONDS = 0.1
_COMMIT_SECONDS = 1.0
_COMMIT_BYTES = 8 * 1024 * 1024
"""What is done is stored after so long, or when it is so much."""
_log = structlog.get_logger()


def request_for(
    store: Store,
    key: str,
    operators: frozenset[Operator],
    settings: SyncSettings,
    dataset: str = "",
    *,
    with_sidecars: bool = False,
) -> ExtractionRequest:
    """What to extract: the object as it is now; ``dataset`` is ``project/dataset``. Raises StoreError."""
    info = within_range(store.details(key).info)
    beside = with_sidecars and operators & _WITH_SIDECARS
    return ExtractionRequest(
        address=store.address,
        object=info,
        operators=operators,
        zone=settings.zone_of(store.address.bucket, dataset),
        date_fallback=settings.date_fallback,
        hash_content=settings.hashes(store),
        sidecars=tuple(map(within_range, stored_sidecars(store, key))) if beside else (),
    )


class IndexBatch(Stoppable):
    """Work of one thread. Files that were removed or accepted anew meanwhile are left alone."""

    def __init__(
        self,
        jobs: list[Job],
        *,
        catalog: Catalog,
        buckets: Buckets,
        pool: Pool,
        settings: SyncSettings,
        queue: Jobs,
        storing: threading.Lock,
        stop: threading.Event,
    ) -> None:
        """``jobs`` are of one dataset; ``storing`` is held while results are stored, so that no file is accepted
        anew between check and commit."""
        super().__init__(stop)
        self._dataset = jobs[0].dataset
        self._name = f"{self._dataset.project_name}/{self._dataset.name}"
        self._jobs = jobs
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._queue = queue
        self._storing = storing
        self._upon: dict[str, int] | None = None
        """Where other servers accept files, too: which change of each entry the outcome is of."""
        self._overtaken: set[str] = set()
        self._stores: dict[str, Store | Exception] = {}
        """Of the buckets of the files, or why one cannot be opened."""

    def run(self) -> None:
        """To the end. Raises NotFound when the dataset has gone, CatalogError, Interrupted."""
        dataset = self._dataset
        project = self._catalog.projects.get(dataset.project_name)
        operators = operators_for(project, self._catalog.datasets.get(project.name, dataset.name))
        if self._catalog.servers.shared:
            self._upon = self._catalog.files.numbers(dataset.id, [job.uri for job in self._jobs])
        looked_up = self._look_up_all(operators)
        self._settle([(job, found) for job, found in looked_up if isinstance(found, Extraction)])
        self._extract([(job, found) for job, found in looked_up if isinstance(found, ExtractionRequest)])

    def _extract(self, requests: list[tuple[Job, ExtractionRequest]]) -> None:
        left = dict(enumerate(requests))
        try:
            pending = self._pool.submit(
                [request for _, request in requests],
                urgency=Urgency.CHANGE,
                owner=f"dataset-{self._dataset.id}",
            )
            try:
                while not pending.done:
                    done = pending.take(self._stop, seconds=_COMMIT_SECONDS, most_bytes=_COMMIT_BYTES)
                    self._settle([(left.pop(one.position)[0], one.extraction) for one in done])
            finally:
                pending.cancel()
        except (CatalogError, Interrupted):
            raise
        except Exception as error:
            _log.exception("files of explicit indexing are extracted one by one", files=len(left))
            self._extract_each(list(left.values()), error)

    def _extract_each(self, requests: list[tuple[Job, ExtractionRequest]], error: Exception) -> None:
        """One of them has met something unforeseen: it is tried again and fails alone, the others go on."""
        if len(requests) > 1:
            for each in requests:
                self._extract([each])
            return
        failure = f"InternalError: {told(error)}"
        self._settle(
            [(job, Extraction(file=File(), failure=failure, retryable=True)) for job, _ in requests]
        )

    def _look_up_all(
        self, operators: frozenset[Operator]
    ) -> list[tuple[Job, ExtractionRequest | Extraction]]:
        """Several at a time, in threads that do not hold up the end of the server. Raises CatalogError,
        Interrupted."""
        jobs = self._jobs
        self._open_buckets()
        found: dict[int, ExtractionRequest | Extraction] = {}

        def look_up(first: int) -> None:
            for position in range(first, len(jobs), _LOOKUPS):
                if self._stop.is_set():
                    return
                found[position] = self._look_up(jobs[position], operators)

        threads = [
            threading.Thread(target=look_up, args=(first,), daemon=True)
            for first in range(min(_LOOKUPS, len(jobs)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_POLL_SECONDS)
                self.check_stop()
        self.check_stop()
        return [(job, found[position]) for position, job in enumerate(jobs)]

    def _open_buckets(self) -> None:
        """Each once, for where it is may lie in the record. Raises CatalogError: that this cannot be read is no fault
        of a file."""
        for job in self._jobs:
            with suppress(ValueError):  # which is told with the file
                bucket = parse_object_uri(job.uri).bucket
                if bucket not in self._stores:
                    self._stores[bucket] = self._open(bucket)

    def _open(self, bucket: str) -> Store | Exception:
        try:
            return self._buckets.open(bucket)
        except CatalogError:
            raise
        except Exception as error:
            return error

    def _look_up(self, job: Job, operators: frozenset[Operator]) -> ExtractionRequest | Extraction:
        """What to extract, or the failure when there is nothing to read."""
        try:
            uri = parse_object_uri(job.uri)
            store = self._stores[uri.bucket]
            if isinstance(store, Exception):
                raise store
            return request_for(store, uri.key, operators, self._settings, self._name, with_sidecars=True)
        except ValueError as error:
            return Extraction(file=File(), failure=f"InvalidArgument: {error}")
        except StoreError as error:
            failure = told(error)
            return Extraction(file=File(), failure=failure, retryable=error.retryable)
        except Exception as error:
            _log.exception("a file for explicit indexing could not be looked up", uri=job.uri)
            failure = f"InternalError: {told(error)}"
            return Extraction(file=File(), failure=failure, retryable=True)

    def _settle(self, outcomes: list[tuple[Job, Extraction]]) -> None:
        """Store what is final; what may pass is tried again later."""
        final: list[tuple[Job, Extraction]] = []
        for job, outcome in outcomes:
            if outcome.retryable and job.attempts + 1 < _MAX_ATTEMPTS:
                self._queue.retry(job, _RETRY_SECONDS * 2**job.attempts)
            else:
                final.append((job, outcome))
        if final:
            self._store(final)

    def _store(self, outcomes: list[tuple[Job, Extraction]]) -> None:
        with self._storing:
            newest = [(job, outcome) for job, outcome in outcomes if self._queue.is_newest(job)]
            try:
                self._write([file_write(job.uri, outcome, None) for job, outcome in newest])
                again: list[Job] = []
            except LimitExceeded:
                again = self._store_each(newest)
            except CatalogError:
                raise
            except Exception:
                _log.exception("outcomes of explicit indexing are stored one by one", files=len(newest))
                again = self._store_each(newest)
            overtaken = [job for job, _ in newest if job.uri in self._overtaken and job not in again]
            for job in overtaken:
                self._queue.retry(job, 0.0)
            again += overtaken
            self._queue.done(job for job, _ in newest if job not in again)

    def _store_each(self, outcomes: list[tuple[Job, Extraction]]) -> list[Job]:
        """One that cannot be stored is tried again, and fails alone in the end, with the reason. Returns those that
        are tried again.
        """
        again: list[Job] = []
        for job, outcome in outcomes:
            try:
                self._write([file_write(job.uri, outcome, None)])
            except LimitExceeded as error:
                self._refuse(job, f"LimitExceeded: {error} of the dataset is reached")
            except CatalogError:
                raise
            except Exception as error:
                _log.exception("an outcome of explicit indexing cannot be stored", uri=job.uri)
                if job.attempts + 1 < _MAX_ATTEMPTS:
                    self._queue.retry(job, _RETRY_SECONDS * 2**job.attempts)
                    again.append(job)
                else:
                    self._refuse(job, f"InternalError: {told(error)}")
        return again

    def _refuse(self, job: Job, failure: str) -> None:
        try:
            self._write([file_write(job.uri, Extraction(file=File(), failure=failure), None)])
        except CatalogError:
            raise
        except Exception:
            _log.exception("a file of explicit indexing is given up", uri=job.uri, failure=failure)

    def _write(self, writes: list[FileWrite]) -> None:
        self._overtaken |= self._catalog.files.write(
            self._dataset.id, writes, existing_only=True, upon=self._upon
        )
