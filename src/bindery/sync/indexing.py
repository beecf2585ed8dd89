"""Explicit indexing: IndexFileMeta and BatchIndexFileMeta, and looking into one file without storing it.

An accepted file is in the record at once with ObjectStatus ``Indexing``, so a crash loses none: what is
still ``Indexing`` when the server starts is taken up again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

import msgspec
import structlog

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreError
from bindery.buckets.uri import ObjectUri, parse_object_uri
from bindery.catalog.catalog import Catalog
from bindery.catalog.query.syntax import Leaf
from bindery.catalog.records import CatalogError, Dataset, FileWrite
from bindery.extract.extract import store_failure
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.pool import Interrupted, Pool
from bindery.file import File
from bindery.sync.outcomes import file_write
from bindery.sync.settings import SyncSettings
from bindery.sync.templates import operators_for

_BATCH = 100
_DETECTED = frozenset(
    {Operator.OSS_META, Operator.MIME, Operator.MEDIA_META, Operator.EXIF, Operator.REGEO}
)
_PASSING_TRIES = 3
_log = structlog.get_logger()


class _Job(msgspec.Struct, frozen=True):
    dataset: Dataset
    uri: str


class Indexer:
    """One thread that works off accepted files in batches."""

    def __init__(self, catalog: Catalog, buckets: Buckets, pool: Pool, settings: SyncSettings) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    def start(self) -> None:
        """Take up what an earlier run left, then wait for work."""
        self._thread.start()

    def close(self) -> None:
        """End after the present batch; the rest is taken up at the next start."""
        self._stop.set()
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(5)

    def accept(self, dataset: Dataset, files: Sequence[tuple[str, bytes]]) -> None:
        """Files as URI and the caller's own fields (JSON of an InputFile). Durable when this returns.

        Raises LimitExceeded, InvalidFields; then no file of the call has been accepted.
        """
        self._catalog.accept_files(dataset.id, files)
        for uri, _ in files:
            self._jobs.put(_Job(dataset, uri))

    def detect(self, uri: ObjectUri) -> Extraction:
        """Metadata of one object, read now. Raises StoreError."""
        store = self._buckets.open(uri.bucket)
        request = ExtractionRequest(
            address=store.address,
            object=store.details(uri.key).info,
            operators=_DETECTED,
            zone=self._settings.zone,
        )
        return self._pool.submit([request]).result(self._stop)[0]

    def _run(self) -> None:
        try:
            self._take_up()
        except CatalogError:
            _log.exception("unfinished indexing could not be looked up")
        while not self._stop.is_set():
            jobs = self._next_batch()
            if not jobs:
                return
            try:
                self._index(jobs)
            except Interrupted:
                return
            except Exception:
                _log.exception("a batch of explicit indexing failed", files=len(jobs))

    def _take_up(self) -> None:
        unfinished = Leaf(field="ObjectStatus", operation="eq", value="Indexing")
        for project in self._catalog.list_projects(limit=1_000_000):
            for dataset in self._catalog.list_datasets(project.name, limit=1_000_000):
                token = ""
                while True:
                    page = self._catalog.search(
                        dataset.id, unfinished, limit=1_000, token=token, total=False
                    )
                    for document in page.documents:
                        self._jobs.put(_Job(dataset, msgspec.json.decode(document)["URI"]))
                    token = page.next_token
                    if not token:
                        break

    def _next_batch(self) -> list[_Job]:
        """At least one job, and those that wait behind it; empty at the end."""
        jobs = [self._jobs.get()]
        while len(jobs) < _BATCH and not self._jobs.empty():
            jobs.append(self._jobs.get())
        return [job for job in jobs if job is not None] if None not in jobs else []

    def _index(self, jobs: list[_Job]) -> None:
        outcomes: list[Extraction | None] = [None] * len(jobs)
        requests: list[tuple[int, ExtractionRequest]] = []
        for position, job in enumerate(jobs):
            request = self._request(job)
            if isinstance(request, Extraction):
                outcomes[position] = request
            else:
                requests.append((position, request))
        for position, extraction in zip(
            [position for position, _ in requests],
            self._extract([request for _, request in requests]),
            strict=True,
        ):
            outcomes[position] = extraction
        self._store(jobs, outcomes)

    def _extract(self, requests: list[ExtractionRequest]) -> list[Extraction]:
        return self._pool.submit(requests).result(self._stop) if requests else []

    def _request(self, job: _Job) -> ExtractionRequest | Extraction:
        """What to extract, or the failure when there is nothing to read."""
        operators = operators_for(
            self._catalog.get_project(job.dataset.project_name),
            self._catalog.get_dataset(job.dataset.project_name, job.dataset.name),
        )
        for attempt in range(_PASSING_TRIES):
            try:
                uri = parse_object_uri(job.uri)
                store = self._buckets.open(uri.bucket)
                info = store.details(uri.key).info
                return ExtractionRequest(
                    address=store.address, object=info, operators=operators, zone=self._settings.zone
                )
            except ValueError as error:
                return Extraction(file=File(), failure=f"InvalidArgument: {error}")
            except StoreError as error:
                if error.retryable and attempt + 1 < _PASSING_TRIES and not self._stop.wait(0.5):
                    continue
                return Extraction(file=File(), failure=store_failure(error))
        raise AssertionError("every try returns")

    def _store(self, jobs: list[_Job], outcomes: list[Extraction | None]) -> None:
        by_dataset: dict[int, list[FileWrite]] = {}
        for job, extraction in zip(jobs, outcomes, strict=True):
            assert extraction is not None
            by_dataset.setdefault(job.dataset.id, []).append(file_write(job.uri, extraction, None))
        for dataset_id, writes in by_dataset.items():
            try:
                self._catalog.write_files(dataset_id, writes, existing_only=True)
            except CatalogError:
                _log.exception("indexed files could not be stored", dataset_id=dataset_id)
