"""Explicit indexing: IndexFileMeta and BatchIndexFileMeta, and looking into one file without storing it.

An accepted file is in the record at once with ObjectStatus ``Indexing``, so a crash loses none: what is
still ``Indexing`` when the server starts is taken up again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec
import structlog

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreError
from bindery.buckets.uri import ObjectUri, parse_object_uri
from bindery.catalog.catalog import Catalog
from bindery.catalog.query.syntax import Leaf
from bindery.catalog.records import Dataset, FileWrite, IndexCall, LimitExceeded, NotFound
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.pool import Pool
from bindery.file import File
from bindery.stopping import Interrupted
from bindery.sync.jobs import Job, Jobs
from bindery.sync.outcomes import file_write
from bindery.sync.settings import SyncSettings
from bindery.sync.templates import operators_for
from bindery.workers.job import Urgency

_BATCH = 100
_DETECTED = frozenset(
    {Operator.OSS_META, Operator.MIME, Operator.MEDIA_META, Operator.EXIF, Operator.REGEO}
)
_MAX_ATTEMPTS = 4
"""Tries before a failure that may pass is told to the caller."""
_RETRY_SECONDS = 1.0
_LOOKUPS = 8
"""Objects looked up at the same time."""
_POLL_SECONDS = 0.1
_ALL = 1_000_000_000
_UNFINISHED = Leaf(field="ObjectStatus", operation="eq", value="Indexing")
_log = structlog.get_logger()


class Indexer:
    """One thread that works off accepted files in batches."""

    def __init__(self, catalog: Catalog, buckets: Buckets, pool: Pool, settings: SyncSettings) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._jobs = Jobs()
        self._storing = threading.Lock()
        """Held while results are stored, so that no file is accepted anew between check and commit."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    def start(self) -> None:
        """Take up what an earlier run left, then wait for work."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """End after the present batch; the rest is taken up at the next start."""
        self._stop.set()
        self._jobs.close()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def accept(
        self, dataset: Dataset, files: Sequence[tuple[str, bytes]], call: IndexCall | None = None
    ) -> None:
        """Files as URI and the caller's own fields (JSON of an InputFile). Durable when this returns.
        ``call`` is announced once all of them have their outcome.

        Raises LimitExceeded, InvalidFields; then no file of the call has been accepted.
        """
        uris = [uri for uri, _ in files]
        with self._storing:
            earlier = self._jobs.announce(dataset, uris)
        try:
            self._catalog.files.accept(dataset.id, files, call)
        except BaseException:
            self._jobs.put(dataset, earlier)
            raise
        self._jobs.put(dataset, uris)

    def detect(self, uri: ObjectUri) -> Extraction:
        """Metadata of one object, read now. Raises StoreError, Interrupted."""
        return self._pool.submit([self._request(uri, _DETECTED)]).result(self._stop)[0]

    def _run(self) -> None:
        self._take_up()
        while jobs := self._jobs.take(_BATCH):
            try:
                self._index(jobs)
            except Exception:
                if self._stop.is_set():
                    return
                _log.exception("a batch of explicit indexing failed and is tried again", files=len(jobs))
                for job in jobs:
                    self._jobs.retry(job, _RETRY_SECONDS)

    def _take_up(self) -> None:
        while not self._stop.is_set():
            try:
                for project in self._catalog.projects.list(limit=_ALL):
                    for dataset in self._catalog.datasets.list(project.name, limit=_ALL):
                        self._take_up_dataset(dataset)
            except Exception:
                _log.exception("unfinished indexing could not be looked up")
                self._stop.wait(_RETRY_SECONDS)
            else:
                return

    def _take_up_dataset(self, dataset: Dataset) -> None:
        token = ""
        while not self._stop.is_set():
            page = self._catalog.queries.search(
                dataset.id, _UNFINISHED, limit=1_000, token=token, total=False
            )
            self._jobs.put(dataset, [_read_named(document).uri for document in page.documents])
            token = page.next_token
            if not token:
                break
        self._jobs.put(dataset, self._catalog.files.awaited(dataset.id))

    def _index(self, jobs: list[Job]) -> None:
        by_dataset: dict[int, list[Job]] = {}
        for job in jobs:
            by_dataset.setdefault(job.dataset.id, []).append(job)
        for held in by_dataset.values():
            try:
                self._index_dataset(held[0].dataset, held)
            except NotFound:
                self._jobs.done(held)  # the dataset has been deleted, and its entries with it

    def _index_dataset(self, dataset: Dataset, jobs: list[Job]) -> None:
        project = self._catalog.projects.get(dataset.project_name)
        operators = operators_for(project, self._catalog.datasets.get(dataset.project_name, dataset.name))
        looked_up = self._look_up_all(jobs, operators)
        requests = [found for found in looked_up if isinstance(found, ExtractionRequest)]
        owner = f"dataset-{dataset.id}"
        pending = self._pool.submit(requests, urgency=Urgency.CHANGE, owner=owner)
        extracted = iter(pending.result(self._stop))
        outcomes = [
            next(extracted) if isinstance(found, ExtractionRequest) else found for found in looked_up
        ]
        final: list[tuple[Job, Extraction]] = []
        for job, outcome in zip(jobs, outcomes, strict=True):
            if outcome.retryable and job.attempts + 1 < _MAX_ATTEMPTS:
                self._jobs.retry(job, _RETRY_SECONDS * 2**job.attempts)
            else:
                final.append((job, outcome))
        self._store(dataset, final)

    def _look_up_all(
        self, jobs: list[Job], operators: frozenset[Operator]
    ) -> list[ExtractionRequest | Extraction]:
        """Several at a time, in threads that do not hold up the end of the server. Raises Interrupted."""
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
                if self._stop.is_set():
                    raise Interrupted
        return [found[position] for position in range(len(jobs))]

    def _look_up(self, job: Job, operators: frozenset[Operator]) -> ExtractionRequest | Extraction:
        """What to extract, or the failure when there is nothing to read."""
        try:
            return self._request(parse_object_uri(job.uri), operators)
        except ValueError as error:
            return Extraction(file=File(), failure=f"InvalidArgument: {error}")
        except StoreError as error:
            failure = f"{type(error).__name__}: {error}"
            return Extraction(file=File(), failure=failure, retryable=error.retryable)
        except Exception as error:
            _log.exception("a file for explicit indexing could not be looked up", uri=job.uri)
            failure = f"InternalError: {type(error).__name__}: {error}"
            return Extraction(file=File(), failure=failure, retryable=True)

    def _request(self, uri: ObjectUri, operators: frozenset[Operator]) -> ExtractionRequest:
        store = self._buckets.open(uri.bucket)
        return ExtractionRequest(
            address=store.address,
            object=store.details(uri.key).info,
            operators=operators,
            zone=self._settings.zone,
        )

    def _store(self, dataset: Dataset, outcomes: list[tuple[Job, Extraction]]) -> None:
        """Store the outcomes of files that were neither removed nor accepted anew meanwhile."""
        with self._storing:
            newest = [(job, outcome) for job, outcome in outcomes if self._jobs.is_newest(job)]
            writes = [file_write(job.uri, outcome, None) for job, outcome in newest]
            try:
                self._catalog.files.write(dataset.id, writes, existing_only=True)
            except LimitExceeded:
                for write in writes:
                    self._store_alone(dataset, write)
            self._jobs.done(job for job, _ in newest)

    def _store_alone(self, dataset: Dataset, write: FileWrite) -> None:
        try:
            self._catalog.files.write(dataset.id, [write], existing_only=True)
        except LimitExceeded as error:
            failure = f"LimitExceeded: {error} of the dataset is reached"
            refused = file_write(write.uri, Extraction(file=File(), failure=failure), None)
            self._catalog.files.write(dataset.id, [refused], existing_only=True)


class _Named(msgspec.Struct, rename={"uri": "URI"}):
    uri: str


# Made once, before there are threads: they must not be the first to decode a struct type.
_named = msgspec.json.Decoder(_Named)


def _read_named(document: bytes) -> _Named:
    return _named.decode(document)
