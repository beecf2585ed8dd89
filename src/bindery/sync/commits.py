"""What a binding writes: entries, ledger rows, cursor and books, in one transaction each, and the books in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import (
    Binding,
    LedgerEntry,
    LimitExceeded,
    Outcome,
    Progress,
    ScanCommit,
)
from bindery.clock import now_ns
from bindery.secrecy import told
from bindery.stopping import Stoppable
from bindery.sync.books import RowChange, after_changes, is_live, with_in_flight
from bindery.sync.default_exclusions import DefaultExclusions
from bindery.sync.inbox import Inbox
from bindery.sync.march import has_entry
from bindery.sync.nomedia import came_or_went, is_marker
from bindery.sync.outcomes import Landing, blamed, is_same_row, wait_for_room
from bindery.sync.quarantine import FORESEEN, describe
from bindery.sync.sidecars import (
    ENDINGS,
    ending_of,
    found_sidecars,
    is_made_with,
    is_same_sidecar,
    is_sidecar,
    rows_beside,
    sidecars_of,
)
from bindery.sync.troubles import Troubles

_MOST_WAITING = 50_000
"""Keys that wait for another look; what is more is found by the next listing."""
_log = structlog.get_logger()


class Commits(Stoppable):
    """For the thread of one binding; only ``live_progress`` is for others."""

    def __init__(
        self, binding: Binding, catalog: Catalog, inbox: Inbox, troubles: Troubles, stop: threading.Event
    ) -> None:
        super().__init__(stop)
        self.cap: str | None = None
        """The cap of the dataset that the listing in hand has reached."""
        self._binding = binding
        self._catalog = catalog
        self._inbox = inbox
        self._troubles = troubles
        self.follows_sidecars = False
        """Whether pictures are extracted, with what sidecars tell of them."""
        is_empty = next(iter(catalog.ledger.walk(binding.id)), None) is None
        self.sidecar_endings: tuple[str, ...] = () if is_empty else ENDINGS
        """Of the sidecars that the ledger may hold, so that nobody need look for others: an empty one holds none, and
        only this object writes to it."""
        self._exclusions: DefaultExclusions | None = None
        self._on_their_way: Callable[[], Iterable[str]] = tuple
        self._view = (binding.progress, 0)
        """The books, and how many objects under way they do not know. One assignment changes both: others read."""

    @property
    def books(self) -> Progress:
        """The counts of what is committed."""
        return self._view[0]

    @books.setter
    def books(self, books: Progress) -> None:
        self._view = (books, self._view[1])

    @property
    def may_have_sidecars(self) -> bool:
        """Whether pictures may have sidecars in the ledger."""
        return self.follows_sidecars and bool(self.sidecar_endings)

    def expect_sidecars(self, keys: Iterable[str]) -> None:
        """Those with these keys are on their way, as far as they are sidecars."""
        for ending in {ending_of(key) for key in keys if is_sidecar(key)}:
            if ending not in self.sidecar_endings:
                self.sidecar_endings += (ending,)

    def follow_markers(
        self, exclusions: DefaultExclusions, on_their_way: Callable[[], Iterable[str]]
    ) -> None:
        """Have folders listed again where a file that marks them (``nomedia``) comes or goes. ``on_their_way``: keys of
        objects that are not committed yet."""
        self._exclusions, self._on_their_way = exclusions, on_their_way

    def count_new(self, difference: int) -> None:
        """So many objects that the books do not know are under way (or, negative, no more)."""
        self._view = (self._view[0], self._view[1] + difference)

    def live_progress(self) -> Progress:
        """The books at this moment, with new objects that are being extracted as pending. For any thread."""
        books, new = self._view
        return with_in_flight(books, new, self._inbox.oldest())

    def commit(
        self,
        landings: Sequence[Landing] = (),
        *,
        gone: Sequence[str] = (),
        dropped: Sequence[str] = (),
        cursor: str | None = None,
    ) -> None:
        """One transaction: entries, ledger rows, tombstones of ``gone`` keys, cursor and books.

        The books forget ``dropped`` keys, for which the scope has no place. A result whose row has changed since its
        object was looked at is not written: the key is looked at again.

        Raises Interrupted, CatalogError; then nothing has happened.
        """
        self.check_stop()
        keys = [*(landing.key for landing in landings), *gone, *dropped]
        before = self._catalog.ledger.get(self._binding.id, keys) if keys else {}
        fresh = _fresh(landings, before)
        removed = [key for key in gone if is_live(before.get(key))]
        changes = _changes(fresh, removed, dropped, before)
        bytes_read = sum(landing.result.bytes_read for landing in fresh)
        books = after_changes(self.books, changes, bytes_read)
        if self.follows_sidecars and len(self.sidecar_endings) < len(ENDINGS):
            self.expect_sidecars(landing.key for landing in fresh)
        stale = self._stale(fresh, [*removed, *dropped], before) if self.may_have_sidecars else ()
        self._catalog.bindings.commit(
            ScanCommit(
                binding_id=self._binding.id,
                files=tuple(landing.result.write for landing in fresh if landing.result.write is not None),
                ledger=tuple(landing.result.row for landing in fresh),
                deleted_keys=tuple(removed),
                removed_keys=_outside(fresh, dropped, before),
                dropped_keys=tuple(dropped),
                stale_keys=stale,
                cursor=cursor,
                progress=books,
            )
        )
        # From here on nothing may fail: what is committed must not be done again.
        self._view = (books, self._view[1] - sum(landing.is_new for landing in landings))
        self._note(landings, fresh, before, [*removed, *dropped])
        self._inbox.add(stale if len(self._inbox) < _MOST_WAITING else ())
        if self._exclusions is not None and any(map(is_marker, keys)):
            moved = came_or_went(_after(fresh, [*removed, *dropped]), before)
            self._list_again(self._exclusions.forget(moved))

    def commit_apart(self, landings: Sequence[Landing]) -> None:
        """Halve what cannot be committed together: until a cap of the dataset is filled, then the rest waits, or
        until one object is left that is to blame. Raises Interrupted, CatalogError."""
        if self.cap is not None:
            landings = [_without_room(landing, self.cap) for landing in landings]
        try:
            self.commit(landings)
        except LimitExceeded as error:
            if len(landings) > 1:
                self._commit_halves(landings)
                return
            self.cap = str(error)
            self.commit([landings[0].become(wait_for_room(landings[0].result.row, self.cap))])
        except FORESEEN:
            raise
        except Exception as error:
            if len(landings) > 1:
                self._commit_halves(landings)
            elif landings:
                self._commit_blame(landings[0], error)
            else:
                raise

    def _commit_halves(self, landings: Sequence[Landing]) -> None:
        middle = len(landings) // 2
        self.commit_apart(landings[:middle])
        self.commit_apart(landings[middle:])

    def _commit_blame(self, landing: Landing, error: Exception) -> None:
        """The object's own failure, unless nothing at all can be committed; then the error is everybody's."""
        _log.warning("an object cannot be committed", key=landing.key, reason=describe(error))
        uri = f"{self._binding.uri}/{landing.key}"
        result = blamed(landing.candidate, error, binding_id=self._binding.id, uri=uri, now=now_ns())
        for attempt in (landing.become(result), landing.become(result.without_entry())):
            try:
                self.commit([attempt])
            except FORESEEN:
                raise
            except Exception as again:
                self.commit()
                error = again
            else:
                return
        _log.error("an object cannot be in the ledger", key=landing.key, reason=told(error))
        self.count_new(-int(landing.is_new))

    def _stale(
        self, fresh: Sequence[Landing], left: Sequence[str], before: Mapping[str, LedgerEntry]
    ) -> tuple[str, ...]:
        """Pictures that are to be read again, by what is committed here; see ``sidecars``."""
        after = _after(fresh, left)
        changed = {
            key: None
            for key, row in after.items()
            if is_sidecar(key) and not is_same_sidecar(before.get(key), row)
        }
        beside: dict[str, LedgerEntry | None] = {}
        for sidecar in changed:
            beside |= rows_beside(self._catalog.ledger, self._binding.id, sidecar)
        beside |= {
            key: row
            for key, row in (after.items() if changed else ())
            if key in beside or not changed.keys().isdisjoint(sidecars_of(key))
        }
        read = {
            landing.key: landing.sidecars
            for landing in fresh
            if landing.sidecars is not None and sidecars_of(landing.key)
        }
        stale = {key: None for key, row in beside.items() if key not in read and has_entry(row)}
        wanted = {key: sidecars_of(key, self.sidecar_endings) for key in read}
        names = [name for each in wanted.values() for name in each]
        rows = self._catalog.ledger.get(self._binding.id, names) if names else {}
        now = {name: after[name] if name in after else rows.get(name) for name in names}
        present = found_sidecars(wanted, {name: row for name, row in now.items() if row is not None})
        stale |= {key: None for key in read if not is_made_with(read[key], present.get(key, ()))}
        return tuple(stale)

    def _list_again(self, folders: Sequence[str]) -> None:
        """Folders of which all is outside the scope from now on, or nothing any more. After a crash the next listing
        finds the same."""
        for folder in folders:
            if self._is_other_below(folder):
                self._inbox.add_prefixes([folder])

    def _is_other_below(self, folder: str) -> bool:
        """Whether a folder that is marked now has entries or is about to have some, or is marked no more."""
        if self._exclusions is not None and not self._exclusions.covers(folder):
            return True
        if self._catalog.ledger.count_below(self._binding.id, folder, limit=1):
            return True
        return any(key.startswith(folder) for key in self._on_their_way())

    def _note(
        self,
        landings: Sequence[Landing],
        fresh: Sequence[Landing],
        before: Mapping[str, LedgerEntry],
        left: Sequence[str],
    ) -> None:
        for landing in fresh:
            again = landing.result.look_again_after
            if again is not None and len(self._inbox) < _MOST_WAITING:
                self._inbox.add([landing.key], delay=again)
            self._troubles.move(before.get(landing.key), landing.result.row)
        if len(fresh) < len(landings):
            written = {id(landing) for landing in fresh}
            self._inbox.add(landing.key for landing in landings if id(landing) not in written)
        for key in left:
            self._troubles.move(before.get(key), None)


def _fresh(landings: Sequence[Landing], before: Mapping[str, LedgerEntry]) -> list[Landing]:
    """Those upon whose rows nothing was written since. One key counts once, for the books move by the row it had."""
    newest = {
        landing.key: landing for landing in landings if is_same_row(before.get(landing.key), landing.before)
    }
    return list(newest.values())


def _after(fresh: Sequence[Landing], left: Sequence[str]) -> dict[str, LedgerEntry | None]:
    """The rows by key when all of it is committed."""
    after: dict[str, LedgerEntry | None] = {landing.key: landing.result.row for landing in fresh}
    after.update(dict.fromkeys(left))
    return after


def _changes(
    fresh: Sequence[Landing],
    removed: Sequence[str],
    dropped: Sequence[str],
    before: Mapping[str, LedgerEntry],
) -> list[RowChange]:
    changes = [RowChange(before.get(landing.key), landing.result.row.outcome) for landing in fresh]
    changes += [RowChange(before[key], Outcome.DELETED) for key in removed]
    changes += [RowChange(before.get(key), None) for key in dropped]
    return changes


def _outside(
    fresh: Sequence[Landing], dropped: Sequence[str], before: Mapping[str, LedgerEntry]
) -> tuple[str, ...]:
    """Keys whose entries go, because their objects are outside the scope."""
    excluded = (landing.key for landing in fresh if landing.result.row.outcome is Outcome.EXCLUDED)
    return tuple(key for key in (*excluded, *dropped) if has_entry(before.get(key)))


def _without_room(landing: Landing, cap: str) -> Landing:
    result = landing.result
    if result.write is None or not result.needs_room:
        return landing
    return landing.become(wait_for_room(result.row, cap))
