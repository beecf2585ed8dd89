"""Objects on their way from a listing or a change to the ledger: extracted by the pool, and committed, while others
are still under way. All of it belongs to the thread of one binding.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import structlog

from bindery.buckets.store import ObjectInfo, StoreUnavailable
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, LedgerEntry, LimitExceeded
from bindery.clock import now_ns
from bindery.extract.extraction import Extraction
from bindery.stopping import Stoppable
from bindery.sync.admission import Admission
from bindery.sync.commits import Commits
from bindery.sync.inbox import Inbox
from bindery.sync.march import Candidate, is_unchanged
from bindery.sync.outcomes import Landing, exclude, landing_of, unseen, within_range
from bindery.sync.preparation import Preparation
from bindery.sync.quarantine import FORESEEN, describe, in_halves
from bindery.sync.settling import blame, settle
from bindery.sync.sidecars import is_sidecar
from bindery.sync.troubles import Troubles, code_of
from bindery.sync.uncommitted import Uncommitted
from bindery.sync.underway import Extracting, ListedPage, Underway

_WAIT_SECONDS = 0.02
_SUBMITTED = 64
"""Objects given to the pool at once."""
_RETRIES = 1_000
"""Objects in trouble that one listing tries again; each that has come right makes room for some more."""
_RETRIES_EARNED = 10
_log = structlog.get_logger()


class Pipeline(Stoppable):
    """What is under way, and what is done and waits for its commit."""

    def __init__(
        self,
        binding: Binding,
        catalog: Catalog,
        *,
        underway: Underway,
        commits: Commits,
        preparation: Preparation,
        inbox: Inbox,
        troubles: Troubles,
        stop: threading.Event,
        attend: Callable[[], None],
    ) -> None:
        """``attend`` is called while a listing waits for room: it deals with changes."""
        super().__init__(stop)
        self.underway = underway
        self._binding = binding
        self._catalog = catalog
        self._commits = commits
        self._preparation = preparation
        self._inbox = inbox
        self._troubles = troubles
        self._attend = attend
        self._retries = 0
        self._uncommitted = Uncommitted()
        self._prepared: list[list[Extracting]] = []
        """What waits for room, of a listing and of the changes that are dealt with meanwhile."""
        self._admission = Admission(
            binding, catalog, commits=commits, inbox=inbox, underway=underway, uncommitted=self._uncommitted
        )

    def begin_listing(self) -> None:
        """A complete listing begins."""
        self._retries = _RETRIES
        self._uncommitted.begin_listing()

    def spend_retry(self) -> bool:
        """Whether the listing in hand may try one more object that is in trouble."""
        self._retries -= 1
        return self._retries >= 0

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
            prepared.extend(self._preparation.prepare(some, page))

        in_halves(
            self._admission.with_room(self._sidecars_first(self._bounded(candidates, page)), page),
            prepare,
            lambda candidate, error: self._blame(candidate, error, page),
        )
        self._prepared.append(prepared)
        try:
            self._add_all(prepared, page)
        finally:
            self._prepared.pop()

    def _add_all(self, prepared: list[Extracting], page: ListedPage | None) -> None:
        while prepared:
            room = min(self.underway.room(is_awaited=page is None), _SUBMITTED)
            if room:
                self._add(prepared[:room])
                del prepared[:room]
                self.advance(0.0)
            else:
                self.advance(_WAIT_SECONDS)
            if page is not None:
                self._attend()

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

    def keys(self) -> Iterator[str]:
        """Of the objects that may have entries soon."""
        yield from (extracting.key for extracting in chain(self.underway, *self._prepared))
        yield from (landing.key for landing in self._uncommitted.landings)

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
        if self._troubles.is_breaking:
            raise StoreUnavailable(f"nothing can be read just now; {self._troubles.describe()}")

    def finish(self) -> None:
        """Wait for what a listing has brought, and commit it. Raises StoreError, Interrupted, CatalogError."""
        while self.underway.listed:
            self.advance(_WAIT_SECONDS)
            self._attend()
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
            self._inbox.done(done.awaited)  # only now: a key that waits is found again after a crash
            done.clear()

    def abandon(self) -> None:
        """Give up what is not committed; keys that changes have named go back to the inbox."""
        self._inbox.add(self._uncommitted.awaited)
        for extracting in self.underway.abandon():
            self._forget(extracting)
            if extracting.is_awaited:
                self._inbox.add([extracting.key])
        self._commits.count_new(-sum(landing.is_new for landing in self._uncommitted.landings))
        self._uncommitted.clear()
        self._uncommitted.forget_pages()

    def _not_settled_meanwhile(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Without those that a change has settled since the listing read the ledger, and with their rows of now."""
        named = [info.key for info, _ in candidates if self._uncommitted.is_changed(info.key)]
        if not named:
            return candidates
        self.flush()
        rows = self._catalog.ledger.get(self._binding.id, named)
        fresh = (Candidate(info, rows.get(info.key, row)) for info, row in candidates)
        return [
            Candidate(info, row)
            for info, row in fresh
            if row is None or code_of(row) or not is_unchanged(info, row)
        ]

    def _sidecars_first(self, candidates: list[Candidate]) -> list[Candidate]:
        """So that pictures are read with those beside them, which a listing names later."""
        if not self._commits.follows_sidecars:
            return candidates
        first = [candidate for candidate in candidates if is_sidecar(candidate.info.key)]
        if not first:
            return candidates
        self._commits.expect_sidecars(info.key for info, _ in first)
        return first + [candidate for candidate in candidates if not is_sidecar(candidate.info.key)]

    def _coming_sidecar(self, key: str) -> ObjectInfo | None:
        """One that is on its way to the ledger."""
        extracting = self.underway.get(key)
        return self._uncommitted.sidecars.get(key) if extracting is None else extracting.candidate.info

    def _bounded(self, candidates: Sequence[Candidate], page: ListedPage | None) -> list[Candidate]:
        """The objects, with times that can be stored."""
        bounded: list[Candidate] = []
        for candidate in candidates:
            try:
                bounded.append(Candidate(within_range(candidate.info), candidate.row))
            except Exception as error:
                self._blame(candidate, error, page)
        return bounded

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
        if self._commits.may_have_sidecars:
            self._preparation.add_sidecars(wanted, self._commits.sidecar_endings, self._coming_sidecar)
        failed: dict[str, Exception] = {}
        in_halves(
            wanted, self.underway.add, lambda extracting, error: failed.update({extracting.key: error})
        )
        for extracting in wanted:
            error = failed.get(extracting.key)
            if error is None:
                self._commits.count_new(int(extracting.is_new))
            else:
                self._blame(extracting.candidate, error, extracting.page)

    def _settle(self, extracting: Extracting, extraction: Extraction, size: int) -> None:
        candidate, result = extracting.candidate, settle(self._binding, extracting, extraction)
        if code_of(candidate.row) and not code_of(result.row):
            self._retries += _RETRIES_EARNED
        landing = Landing(candidate, result, extracting.request.sidecars, extracting.is_new)
        self._uncommitted.add(landing, extracting.page, is_awaited=extracting.is_awaited, size=size)

    def _blame(self, candidate: Candidate, error: Exception, page: ListedPage | None) -> None:
        self._uncommitted.add(
            Landing(candidate, blame(self._binding, candidate, error)), page, is_awaited=page is None
        )

    def _pass_over(self, page: ListedPage | None) -> None:
        """Of an object of a listing nothing is to be committed."""
        if page is not None:
            page.left -= 1

    def _forget(self, extracting: Extracting) -> None:
        self._commits.count_new(-int(extracting.is_new))
        self._pass_over(extracting.page)

    def _commit(self, landings: Sequence[Landing], cursor: str | None) -> None:
        try:
            self._commits.commit(landings, cursor=cursor)
            return
        except LimitExceeded:
            pass
        except FORESEEN:
            raise
        except Exception as error:
            if not landings:
                raise
            _log.warning("a page cannot be committed as a whole", reason=describe(error))
        self._commits.commit_apart(landings)
        self._commits.commit(cursor=cursor)
