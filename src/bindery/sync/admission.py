"""Which objects may be extracted now: those for which the dataset has room, or which need none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Outcome
from bindery.clock import now_ns
from bindery.sync.commits import Commits
from bindery.sync.inbox import Inbox
from bindery.sync.march import Candidate, is_same_version
from bindery.sync.outcomes import Landing, ledger_row, needs_room, wait_for_room, waits_for_room
from bindery.sync.room import room_in
from bindery.sync.uncommitted import Uncommitted
from bindery.sync.underway import ListedPage, Underway


class Admission:
    """For the thread of one binding."""

    def __init__(
        self,
        binding: Binding,
        catalog: Catalog,
        *,
        commits: Commits,
        inbox: Inbox,
        underway: Underway,
        uncommitted: Uncommitted,
    ) -> None:
        self._binding = binding
        self._catalog = catalog
        self._commits = commits
        self._inbox = inbox
        self._underway = underway
        self._uncommitted = uncommitted

    def with_room(self, candidates: Sequence[Candidate], page: ListedPage | None) -> list[Candidate]:
        """Those for which the dataset has room, or needs none; it is written down that the others wait."""
        if not any(needs_room(row) for _, row in candidates):
            return list(candidates)
        room = room_in(self._catalog, self._binding, self._sizes_on_their_way())
        fitting: list[Candidate] = []
        for candidate in candidates:
            info, row = candidate
            cap = room.take(info.size) if needs_room(row) else None
            if cap is None:
                fitting.append(candidate)
                continue
            self._commits.cap = cap
            if row is not None and waits_for_room(row) and is_same_version(info, row):
                if page is not None:
                    page.left -= 1  # of it nothing is to be committed
                else:
                    self._inbox.done([info.key])
            else:
                waiting = wait_for_room(ledger_row(info, Outcome.PENDING, "", now_ns()), cap)
                self._uncommitted.add(Landing(candidate, waiting), page, is_awaited=page is None)
        return fitting

    def _sizes_on_their_way(self) -> Iterator[int]:
        """Of objects that will need room in the dataset."""
        for extracting in self._underway:
            if needs_room(extracting.candidate.row):
                yield extracting.candidate.info.size
        for landing in self._uncommitted.landings:
            if landing.result.needs_room and landing.result.write is not None:
                yield landing.result.write.file.size or 0
