"""What is asked of the pool for each object: operators, zone, sidecars, and what is known of its content already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from bindery.buckets.store import ObjectInfo, Store
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding
from bindery.clock import now_ns
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.sync.books import is_live
from bindery.sync.march import Candidate
from bindery.sync.settings import SyncSettings
from bindery.sync.sidecars import known_sidecars
from bindery.sync.takeover import Predecessor, find_predecessors
from bindery.sync.underway import Extracting, ListedPage


class Preparation:
    """For the thread of one binding; has no effect but on what it makes."""

    def __init__(
        self,
        binding: Binding,
        store: Store,
        *,
        catalog: Catalog,
        operators: frozenset[Operator],
        settings: SyncSettings,
    ) -> None:
        self._binding = binding
        self._store = store
        self._catalog = catalog
        self._operators = operators
        self._settings = settings

    def prepare(self, candidates: Sequence[Candidate], page: ListedPage | None) -> list[Extracting]:
        """What extracts the objects. Raises CatalogError."""
        since = now_ns() - int(self._settings.tombstone_grace * 1e9)
        predecessors = find_predecessors(
            self._catalog, self._binding, candidates, self._store.capabilities, since
        )
        if self._settings.hashes(self._store):
            predecessors = {
                key: found if found.file.file_hash else found.without_content()
                for key, found in predecessors.items()
            }
        return [
            Extracting(
                candidate,
                self._request(
                    candidate.info, store_only=_gives_content(predecessors.get(candidate.info.key))
                ),
                predecessors.get(candidate.info.key),
                page,
                is_new=not is_live(candidate.row),
                is_awaited=page is None,
            )
            for candidate in candidates
        ]

    def add_sidecars(
        self,
        objects: Sequence[Extracting],
        endings: tuple[str, ...],
        coming: Callable[[str], ObjectInfo | None],
    ) -> None:
        """At the last moment, for a commit would find what has changed since. A picture that has sidecars is read
        though its content is known: they may be others than those of the known one."""
        by_key = {extracting.key: extracting for extracting in objects}

        def together(key: str) -> ObjectInfo | None:
            return by_key[key].candidate.info if key in by_key else coming(key)

        found = known_sidecars(self._catalog.ledger, self._binding.id, by_key, endings, together)
        for key, sidecars in found.items():
            extracting = by_key[key]
            request = self._request(extracting.candidate.info, store_only=False)
            extracting.request = msgspec.structs.replace(request, sidecars=sidecars)
            if extracting.predecessor is not None:
                extracting.predecessor = extracting.predecessor.without_content()

    def _request(self, info: ObjectInfo, *, store_only: bool) -> ExtractionRequest:
        operators = self._operators & {Operator.OSS_META} if store_only else self._operators
        return ExtractionRequest(
            address=self._store.address,
            object=info,
            operators=operators,
            zone=self._settings.zone_of(
                self._binding.bucket, f"{self._binding.project_name}/{self._binding.dataset_name}"
            ),
            date_fallback=self._settings.date_fallback,
            hash_content=self._settings.hashes(self._store) and not store_only,
        )


def _gives_content(predecessor: Predecessor | None) -> bool:
    return predecessor is not None and predecessor.gives_content
