"""One binding at work: objects become extractions, and extractions commits, while others are still under way.

Shared by the full scan, reconciliation and the following of changes. All of it runs in the binding's thread;
only ``live_progress`` is for others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
import structlog

from bindery.buckets.store import ObjectInfo, Store, StoreUnavailable
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, LedgerEntry, LimitExceeded, Outcome, Progress
from bindery.clock import now_ns
from bindery.extract.extraction import Extraction, ExtractionRequest, Operator
from bindery.extract.pool import Pool
from bindery.stopping import Stoppable
from bindery.sync.books import is_live
from bindery.sync.commits import Commits
from bindery.sync.held_back import HeldBack
from bindery.sync.inbox import Inbox
from bindery.sync.march import Candidate, is_same_version, is_unchanged
from bindery.sync.outcomes import (
    Landing,
    Result,
    blamed,
    exclude,
    landing_of,
    ledger_row,
    needs_room,
    result_of,
    unseen,
    wait_for_room,
    waits_for_room,
    within_range,
)
from bindery.sync.quarantine import FORESEEN, describe, in_halves
from bindery.sync.removals import Removals
from bindery.sync.room import room_in
from bindery.sync.scope import matcher, outermost_prefixes
from bindery.sync.settings import SyncSettings
from bindery.sync.sidecars import known_sidecars
from bindery.sync.subtrees import Vanishing
from bindery.sync.takeover import Predecessor, find_predecessors, inherit, take_over
from bindery.sync.troubles import Troubles, code_of
from bindery.sync.uncommitted import Uncommitted
from bindery.sync.underway import Extracting, ListedPage, Underway

_RENAMED_NS = 900 * 1_000_000_000
"""A file that got its present key so long before the last complete listing, or later, may be a renamed one."""
_WAIT_SECONDS = 0.02
_SUBMITTED = 64
"""Objects given to the pool at once."""
_RETRIES = 1_000
"""Objects in trouble that one listing tries again; each that has come right makes room for some more."""
_RETRIES_EARNED = 10
_log = structlog.get_logger()


class Worker(Stoppable):
    """What the steps of one binding share."""

    def __init__(
        self,
        binding: Binding,
        store: Store,
        *,
        catalog: Catalog,
        pool: Pool,
        operators: frozenset[Operator],
        settings: SyncSettings,
        stop: threading.Event,
        inbox: Inbox,
        attend: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(stop)
        self.binding = binding
        self.store = store
        self.catalog = catalog
        self.settings = settings
        self.inbox = inbox
        self.within = matcher(binding.scope)
        """Whether an object is within the scope; None when every object is."""
        self.prefixes = outermost_prefixes(binding.scope) or ("",)
        """The ranges of keys to list."""
        self.held_back: HeldBack | None = None
        """Of the last listing; for any thread."""
        self.relist: Callable[[], None] = lambda: None
        """Has the bucket listed as soon as possible."""
        self.mounts: dict[str, str] = {}
        """What was mounted below the folder when the last listing began, by key prefix."""
        self.removals = Removals(catalog.ledger, binding.id, settings)
        self.attend = attend
        """Called while a listing goes on: deals with changes."""
        self.troubles = Troubles()
        self.commits = Commits(binding, catalog, inbox, self.troubles, stop)
        self.commits.follows_sidecars = Operator.EXIF in operators
        self.underway = Underway(pool, settings.workers, owner=f"binding-{binding.id}")
        self._identity = store.identity()
        self._operators = operators
        self._retries = 0
        self._uncommitted = Uncommitted()

    @property
    def books(self) -> Progress:
        """The counts of what is committed."""
        return self.commits.books

    @books.setter
    def books(self, books: Progress) -> None:
        self.commits.books = books

    def live_progress(self) -> Progress:
        """The books at this moment. For any thread."""
        return self.commits.live_progress()

    def check_store(self) -> None:
        """Return when the bucket can be listed and is the store of the beginning: one that is gone or was exchanged is
        no reason to remove entries. Raises StoreError."""
        self.store.check()
        found = self.store.identity()
        if found != self._identity:
            raise StoreUnavailable(f"{found.location} was exchanged; it is looked at anew")

    def vanishing(self, said: Binding) -> Vanishing:
        """The judge of what is gone from a folder; ``said`` is the binding as it is now."""
        complete = said.progress.last_complete_listing or 0
        return Vanishing(
            self.catalog.ledger,
            self.binding.id,
            self.settings,
            since=complete - _RENAMED_NS,
            known=self.mounts if said.mounts is None else said.mounts,
            now=self.store.mounts(),
        )

    def unsettled_seconds(self, info: ObjectInfo) -> float:
        """How long to leave a file alone that was written a moment ago and may still be growing; 0 for a settled one.
        Objects appear whole.

        It also keeps versions apart: the clock of a file system is coarse, and two writes within one tick
        leave the same ETag. A file is only read once its time of writing lies well behind.
        """
        if self.store.capabilities.etag != "time":
            return 0.0
        age = (time.time_ns() - info.modified_ns) / 1e9
        return max(0.0, self.settings.settle_time - age) if age >= 0 else 0.0

    def begin_listing(self) -> None:
        """A complete listing begins."""
        self.flush()  # what is done already is in the rows that the listing reads
        self.mounts = self.store.mounts()
        self.commits.cap = None
        self.troubles.begin_listing()
        self._retries = _RETRIES
        self._uncommitted.begin_listing()

    def spend_retry(self) -> bool:
        """Whether the listing in hand may try one more object that is in trouble."""
        self._retries -= 1
        return self._retries >= 0

    # objects on their way

    def open_page(self, last_key: str, *, keep_cursor: bool) -> ListedPage:
        """A page of a listing; see ``Uncommitted.open_page``."""
        return self._uncommitted.open_page(last_key, keep_cursor=keep_cursor)

    def take_in(self, candidates: Sequence[Candidate], page: ListedPage | None = None) -> None:
        """Have objects extracted; without ``page`` they were named by a change. Waits until there is room for them
        among what is under way, and commits meanwhile. Once a cap is reached, those that need room just wait.

        Raises StoreError, Interrupted, CatalogError.
        """
        if page is not None:
            candidates = self._not_settled_meanwhile(candidates)
            page.left += len(candidates)
        prepared: list[Extracting] = []

        def prepare(some: Sequence[Candidate]) -> None:
            prepared.extend(self._prepare(some, page))

        in_halves(
            self._with_room(self._bounded(candidates, page), page),
            prepare,
            lambda candidate, error: self._blame(candidate, error, page),
        )
        while prepared:
            room = min(self.underway.room(is_awaited=page is None), _SUBMITTED)
            if room:
                self._add(prepared[:room])
                del prepared[:room]
                self.advance(0.0)
            else:
                self.advance(_WAIT_SECONDS)
            if page is not None:
                self.attend()

    def exclude(self, candidates: Sequence[Candidate], page: ListedPage | None = None) -> None:
        """Objects outside the scope leave the dataset."""
        now = now_ns()
        for candidate in candidates:
            if page is not None:
                page.left += 1
            self._uncommitted.add(Landing(candidate, exclude(candidate.info, now)), page, is_awaited=False)

    def fail(self, candidate: Candidate, error: Exception, page: ListedPage | None = None) -> None:
        """Something unforeseen happened to an object before it was extracted."""
        if page is not None:
            page.left += 1
        self._blame(candidate, error, page)

    def fail_unseen(self, key: str, row: LedgerEntry | None, error: Exception) -> None:
        """Something unforeseen happened when an object was looked up."""
        _log.warning("an object cannot be looked up", key=key, reason=describe(error))
        self._uncommitted.add(landing_of(unseen(key, row, error, now_ns()), row), None, is_awaited=False)

    def supersede(self, key: str) -> None:
        """A change has named another version than the one under way, of which nothing is wanted any more."""
        extracting = self.underway.get(key)
        if extracting is not None:
            self.underway.withdraw(extracting)
            self._forget(extracting)

    def advance(self, seconds: float) -> None:
        """Take what has come, waiting up to ``seconds`` for the first of it, and commit what is due.

        Raises Interrupted, CatalogError.
        """
        self.check_stop()
        for extracting, extraction, size in self.underway.take(seconds):
            self._settle(extracting, extraction, size)
        if self._uncommitted.is_due(are_more_awaited=bool(self.underway.awaited)):
            self.flush()
        if self.troubles.is_breaking:
            raise StoreUnavailable(f"nothing can be read just now; {self.troubles.describe()}")

    def finish(self) -> None:
        """Wait for what a listing has brought, and commit it. Raises StoreError, Interrupted, CatalogError."""
        while self.underway.listed:
            self.advance(_WAIT_SECONDS)
            self.attend()
        self.flush()
        self._uncommitted.forget_pages()

    def finish_changes(self) -> None:
        """Wait for what changes have named, and commit it. Raises StoreError, Interrupted, CatalogError."""
        while self.underway.awaited:
            self.advance(_WAIT_SECONDS)
        self.flush()

    def flush(self) -> None:
        """Commit what is done, with the cursor as far as it may go. Raises Interrupted, CatalogError."""
        done = self._uncommitted
        cursor = done.pass_pages()
        if done.landings or cursor is not None:
            self._commit(done.landings, cursor)
            self.inbox.done(done.awaited)  # only now: a key that waits is found again after a crash
            done.clear()

    def abandon(self) -> None:
        """Give up what is not committed; keys that changes have named go back to the inbox."""
        self.inbox.add([*self._uncommitted.awaited, *self.removals])
        for extracting in self.underway.abandon():
            self._forget(extracting)
            if extracting.is_awaited:
                self.inbox.add([extracting.key])
        self.commits.count_new(-sum(landing.is_new for landing in self._uncommitted.landings))
        self._uncommitted.clear()
        self._uncommitted.forget_pages()

    def _not_settled_meanwhile(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Without those that a change has settled since the listing read the ledger, and with their rows of now."""
        named = [info.key for info, _ in candidates if self._uncommitted.is_changed(info.key)]
        if not named:
            return candidates
        self.flush()
        rows = self.catalog.ledger.get(self.binding.id, named)
        fresh = (Candidate(info, rows.get(info.key, row)) for info, row in candidates)
        return [
            Candidate(info, row)
            for info, row in fresh
            if row is None or code_of(row) or not is_unchanged(info, row)
        ]

    def _bounded(self, candidates: Sequence[Candidate], page: ListedPage | None) -> list[Candidate]:
        """The objects, with times that can be stored."""
        bounded: list[Candidate] = []
        for candidate in candidates:
            try:
                bounded.append(Candidate(within_range(candidate.info), candidate.row))
            except Exception as error:
                self._blame(candidate, error, page)
        return bounded

    def _with_room(self, candidates: Sequence[Candidate], page: ListedPage | None) -> list[Candidate]:
        """Those for which the dataset has room, or needs none; it is written down that the others wait."""
        if not any(needs_room(row) for _, row in candidates):
            return list(candidates)
        room = room_in(self.catalog, self.binding, self._sizes_on_their_way())
        fitting: list[Candidate] = []
        for candidate in candidates:
            info, row = candidate
            cap = room.take(info.size) if needs_room(row) else None
            if cap is None:
                fitting.append(candidate)
                continue
            self.commits.cap = cap
            if row is not None and waits_for_room(row) and is_same_version(info, row):
                self._pass_over(page)
                if page is None:
                    self.inbox.done([info.key])
            else:
                waiting = wait_for_room(ledger_row(info, Outcome.PENDING, "", now_ns()), cap)
                self._uncommitted.add(Landing(candidate, waiting), page, is_awaited=page is None)
        return fitting

    def _sizes_on_their_way(self) -> Iterator[int]:
        """Of objects that will need room in the dataset."""
        for extracting in self.underway:
            if needs_room(extracting.candidate.row):
                yield extracting.candidate.info.size
        for landing in self._uncommitted.landings:
            if landing.result.needs_room and landing.result.write is not None:
                yield landing.result.write.file.size or 0

    def _prepare(self, candidates: Sequence[Candidate], page: ListedPage | None) -> list[Extracting]:
        """What extracts the objects; has no effect yet."""
        since = now_ns() - int(self.settings.tombstone_grace * 1e9)
        predecessors = find_predecessors(
            self.catalog, self.binding, candidates, self.store.capabilities, since
        )
        if self.settings.hashes(self.store):
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

    def _request(self, info: ObjectInfo, *, store_only: bool) -> ExtractionRequest:
        operators = self._operators & {Operator.OSS_META} if store_only else self._operators
        return ExtractionRequest(
            address=self.store.address,
            object=info,
            operators=operators,
            zone=self.settings.zone_of(
                self.binding.bucket, f"{self.binding.project_name}/{self.binding.dataset_name}"
            ),
            date_fallback=self.settings.date_fallback,
            hash_content=self.settings.hashes(self.store) and not store_only,
        )

    def _add(self, objects: Sequence[Extracting]) -> None:
        wanted: list[Extracting] = []
        for extracting in objects:
            present = self.underway.get(extracting.key)
            if present is None:
                wanted.append(extracting)
                continue
            self._pass_over(extracting.page)  # a change has brought it meanwhile, and knows better
            if extracting.is_awaited:
                self.underway.await_(present)
        self._add_sidecars(wanted)
        failed: dict[str, Exception] = {}
        in_halves(
            wanted, self.underway.add, lambda extracting, error: failed.update({extracting.key: error})
        )
        for extracting in wanted:
            error = failed.get(extracting.key)
            if error is None:
                self.commits.count_new(int(extracting.is_new))
            else:
                self._blame(extracting.candidate, error, extracting.page)

    def _add_sidecars(self, objects: Sequence[Extracting]) -> None:
        """At the last moment, for a commit would find what has changed since. A picture that has sidecars is read
        though its content is known: they may be others than those of the known one."""
        if not self.commits.may_have_sidecars:
            return
        by_key = {extracting.key: extracting for extracting in objects}
        for key, sidecars in known_sidecars(self.catalog.ledger, self.binding.id, by_key).items():
            extracting = by_key[key]
            request = self._request(extracting.candidate.info, store_only=False)
            extracting.request = msgspec.structs.replace(request, sidecars=sidecars)
            if extracting.predecessor is not None:
                extracting.predecessor = extracting.predecessor.without_content()

    def _settle(self, extracting: Extracting, extraction: Extraction, size: int) -> None:
        candidate, predecessor = extracting.candidate, extracting.predecessor
        uri, now = self._uri(extracting.key), now_ns()
        try:
            if predecessor is not None:
                extraction = take_over(predecessor, extraction, extracting.request)
            result = result_of(candidate, extraction, binding_id=self.binding.id, uri=uri, now=now)
            if predecessor is not None:
                result = inherit(result, predecessor)
        except FORESEEN:
            raise
        except Exception as error:
            result = self._blamed(candidate, error)
        if code_of(candidate.row) and not code_of(result.row):
            self._retries += _RETRIES_EARNED
        landing = Landing(candidate, result, extracting.request.sidecars, extracting.is_new)
        self._uncommitted.add(landing, extracting.page, is_awaited=extracting.is_awaited, size=size)

    def _blame(self, candidate: Candidate, error: Exception, page: ListedPage | None) -> None:
        self._uncommitted.add(
            Landing(candidate, self._blamed(candidate, error)), page, is_awaited=page is None
        )

    def _blamed(self, candidate: Candidate, error: Exception) -> Result:
        key = candidate.info.key
        _log.warning("an object failed", key=key, reason=describe(error))
        return blamed(candidate, error, binding_id=self.binding.id, uri=self._uri(key), now=now_ns())

    def _pass_over(self, page: ListedPage | None) -> None:
        """Of an object of a listing nothing is to be committed."""
        if page is not None:
            page.left -= 1

    def _forget(self, extracting: Extracting) -> None:
        self.commits.count_new(-int(extracting.is_new))
        self._pass_over(extracting.page)

    def _commit(self, landings: Sequence[Landing], cursor: str | None) -> None:
        try:
            self.commits.commit(landings, cursor=cursor)
            return
        except LimitExceeded:
            pass
        except FORESEEN:
            raise
        except Exception as error:
            if not landings:
                raise
            _log.warning("a page cannot be committed as a whole", reason=describe(error))
        self.commits.commit_apart(landings)
        self.commits.commit(cursor=cursor)

    def _uri(self, key: str) -> str:
        return f"{self.binding.uri}/{key}"


def _gives_content(predecessor: Predecessor | None) -> bool:
    return predecessor is not None and predecessor.gives_content
