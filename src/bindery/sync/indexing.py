"""Explicit indexing: IndexFileMeta and BatchIndexFileMeta, and looking into one file without storing it.

An accepted file is in the record at once with ObjectStatus ``Indexing``, so a crash loses none: what is
still ``Indexing`` when the server starts is taken up again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import msgspec
import structlog

from bindery.buckets.registry import Buckets
from bindery.buckets.uri import ObjectUri
from bindery.catalog.catalog import Catalog
from bindery.catalog.query.syntax import Leaf
from bindery.catalog.records import CatalogUnusable, Dataset, IndexCall, NotFound
from bindery.extract.extraction import Extraction, Operator
from bindery.extract.pool import Pending, Pool
from bindery.stopping import Interrupted
from bindery.sync.index_batch import IndexBatch, request_for
from bindery.sync.jobs import Job, Jobs
from bindery.sync.settings import SyncSettings
from bindery.workers.job import Urgency

_BATCH = 32
_DATASETS = 8
"""Datasets worked on at the same time; the others take turns with them."""
_DETECTED = frozenset(
    {Operator.OSS_META, Operator.MIME, Operator.MEDIA_META, Operator.EXIF, Operator.REGEO}
)
DETECT_SECONDS = 9.0
"""How long a caller waits for metadata; the vendor's SDKs hang up after ten seconds."""
_RETRY_SECONDS = 1.0
_POLL_SECONDS = 0.1
_ALL = 1_000_000_000
_UNFINISHED = Leaf(field="ObjectStatus", operation="eq", value="Indexing")
_log = structlog.get_logger()


class DetectionTooSlow(Exception):
    """Metadata of an object could not be read in the time a caller waits."""


class Indexer:
    """Works off accepted files in batches, several datasets at a time and each in its turn."""

    def __init__(self, catalog: Catalog, buckets: Buckets, pool: Pool, settings: SyncSettings) -> None:
        self._catalog = catalog
        self._buckets = buckets
        self._pool = pool
        self._settings = settings
        self._jobs = Jobs()
        self._storing = threading.Lock()
        """Held while results are stored, so that no file is accepted anew between check and commit."""
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"indexer-{at}", daemon=True) for at in range(_DATASETS)
        ]
        if not catalog.servers.shared:
            self._threads.append(threading.Thread(target=self._take_up, name="indexer-start", daemon=True))

    def start(self) -> None:
        """Take up what an earlier run left, then wait for work."""
        for thread in self._threads:
            thread.start()

    def signal_stop(self) -> None:
        """End what is under way, also the calls that wait; the rest is taken up at the next start."""
        self._stop.set()
        self._jobs.close()

    def close(self, seconds: float) -> None:
        """End, and wait for it."""
        self.signal_stop()
        end = time.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))

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

    def detect(self, uri: ObjectUri, *, owner: str = "", stop: threading.Event | None = None) -> Extraction:
        """Metadata of one object, read now, in the turn of its ``owner``. Raises StoreError, DetectionTooSlow,
        Interrupted.
        """
        end = time.monotonic() + DETECT_SECONDS
        store = self._buckets.open(uri.bucket)
        request = request_for(store, uri.key, _DETECTED, self._settings)
        pending = self._pool.submit([request], urgency=Urgency.CALL, owner=owner)
        try:
            return self._await_detected(pending, end, stop)
        finally:
            pending.cancel()

    def _await_detected(self, pending: Pending, end: float, stop: threading.Event | None) -> Extraction:
        while True:
            for completed in pending.take(stop, seconds=_POLL_SECONDS):
                return completed.extraction
            if self._stop.is_set():
                raise Interrupted
            if time.monotonic() >= end:
                raise DetectionTooSlow

    def _run(self) -> None:
        while jobs := self._jobs.take(_BATCH):
            try:
                self._index(jobs)
            except Exception as error:
                if self._stop.is_set():
                    return
                _log.warning(
                    "a batch of explicit indexing failed and is tried again",
                    files=len(jobs),
                    problem=str(error),
                    exc_info=not isinstance(error, CatalogUnusable),
                )
                for job in jobs:
                    self._jobs.retry(job, _RETRY_SECONDS)
            finally:
                self._jobs.free(jobs[0].dataset)

    def _index(self, jobs: list[Job]) -> None:
        batch = IndexBatch(
            jobs,
            catalog=self._catalog,
            buckets=self._buckets,
            pool=self._pool,
            settings=self._settings,
            queue=self._jobs,
            storing=self._storing,
            stop=self._stop,
        )
        try:
            batch.run()
        except NotFound:
            self._jobs.done(jobs)  # the dataset has been deleted, and its entries with it

    def take_up(self) -> None:
        """Go on with what any server has left, in a thread of its own."""
        threading.Thread(target=self._take_up, name="indexer-start", daemon=True).start()

    def _take_up(self) -> None:
        while not self._stop.is_set():
            try:
                for project in self._catalog.projects.list(limit=_ALL):
                    for dataset in self._catalog.datasets.list(project.name, limit=_ALL):
                        self._take_up_dataset(dataset)
            except Exception as error:
                if self._stop.is_set():
                    return
                expected = isinstance(error, CatalogUnusable)
                _log.warning(
                    "unfinished indexing could not be looked up", problem=str(error), exc_info=not expected
                )
                self._stop.wait(_RETRY_SECONDS)
            else:
                return

    def _take_up_dataset(self, dataset: Dataset) -> None:
        token = ""
        while not self._stop.is_set():
            page = self._catalog.queries.search(
                dataset.id, _UNFINISHED, limit=1_000, token=token, total=False
            )
            self._jobs.put_unknown(dataset, [_read_named(document).uri for document in page.documents])
            token = page.next_token
            if not token:
                break
        self._jobs.put_unknown(dataset, self._catalog.files.awaited(dataset.id))


class _Named(msgspec.Struct, rename={"uri": "URI"}):
    uri: str


# Made once, before there are threads: they must not be the first to decode a struct type.
_named = msgspec.json.Decoder(_Named)


def _read_named(document: bytes) -> _Named:
    return _named.decode(document)
