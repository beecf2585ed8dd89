"""Failures that lie outside of the objects: workers that cannot start, a store that refuses or is slow, rights,
archived objects. They are the binding's trouble, so its Reason tells of them, and no object is given up for them.
"""

from __future__ import annotations

from collections import Counter

from bindery.catalog.records import LedgerEntry, Outcome

INTERNAL_ERROR = "InternalError"
"""Code of what nobody has foreseen; the fault is Bindery's, and it may be gone with the next try."""

MAX_ATTEMPTS = 6
"""Tries of one version, one soon after the other, before a passing failure is written down; about ten minutes with the
waits between. What lies outside of the object is tried again by each listing after that."""

_OUTSIDE = frozenset({"AccessDenied", "StoreUnavailable", "WorkersUnavailable", INTERNAL_ERROR})
"""Codes of failures that are never the object's."""
_OF_THE_OBJECT = frozenset({"", "LimitExceeded", "ObjectChanged", "ObjectNotFound"})
"""Codes of what waits for the object itself, or for room in the dataset."""
_FIRST_WAIT_SECONDS = 2.0
_WAIT_FACTOR = 3.0
_LONGEST_WAIT_SECONDS = 3_600.0
_NANOSECONDS = 1_000_000_000
_MOST_IN_A_ROW = 32
"""After so many objects in a row that the store or the workers did not do, the binding rests before it goes on."""
_BREAKING = frozenset({"StoreUnavailable", "WorkersUnavailable"})
_LONGEST_MESSAGE = 300


def code_of(row: LedgerEntry | None) -> str:
    """The code of the trouble that keeps an object waiting; empty when none does.

    What is Pending may pass, and what was tried so often could have passed: neither is the object's own failure.
    """
    if row is None or not row.reason or row.outcome not in (Outcome.FAILED, Outcome.PENDING):
        return ""
    code = row.reason.partition(":")[0]
    if code in _OF_THE_OBJECT:
        return ""
    passing = row.outcome is Outcome.PENDING or row.attempts >= MAX_ATTEMPTS
    return code if passing or code in _OUTSIDE else ""


def wait_after(attempts: int) -> float:
    """Seconds after so many tries before the next one is worth while."""
    exponent = min(max(1, attempts) - 1, 16)
    return float(min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * _WAIT_FACTOR**exponent))


def seconds_to_wait(row: LedgerEntry, now: int) -> float:
    """How long the next try of a failure still has to wait. A clock that was set back does not wait for ever."""
    wait = wait_after(row.attempts)
    return min(wait, max(0.0, wait - (now - row.outcome_time) / _NANOSECONDS))


class Troubles:
    """What keeps objects of one binding waiting, by code, as far as this life has seen. Rows are noted when a
    listing passes them, and moved when they change."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._counting: Counter[str] | None = None
        """The count of the listing in hand."""
        self._messages: dict[str, str] = {}
        self.in_a_row = 0
        """Objects that could not be read, since one was."""
        self._breaking_in_a_row = 0

    def begin_listing(self) -> None:
        """Count anew: the listing passes every row. Until it has, the former count is told."""
        self._counting = Counter()

    def end_listing(self) -> None:
        """The listing has passed every row."""
        if self._counting is not None:
            self._counts, self._counting = self._counting, None

    def note(self, row: LedgerEntry) -> None:
        """A row as a listing found it."""
        code = code_of(row)
        if code and self._counting is not None:
            self._counting[code] += 1
            self._messages[code] = _message(row)

    def move(self, before: LedgerEntry | None, after: LedgerEntry | None) -> None:
        """A row has changed; ``after`` is None when its object is gone."""
        self._count(code_of(before), -1)
        if after is None:
            return
        code = code_of(after)
        if code:
            self._count(code, 1)
            self._messages[code] = _message(after)
            self.in_a_row += 1
            self._breaking_in_a_row += code in _BREAKING
        elif after.outcome in (Outcome.INDEXED, Outcome.FAILED):
            # something was read, so neither the store nor the workers are gone
            self.in_a_row = self._breaking_in_a_row = 0

    @property
    def codes(self) -> frozenset[str]:
        """What there is."""
        return frozenset(code for code, count in self._counts.items() if code and count > 0)

    @property
    def is_breaking(self) -> bool:
        """Whether the store or the workers have done nothing for so long that going on only makes it worse."""
        return self._breaking_in_a_row >= _MOST_IN_A_ROW

    def count(self) -> int:
        """Objects that wait."""
        return sum(count for code, count in self._counts.items() if code)

    def describe(self) -> str:
        """For the Reason of the binding; empty when nothing waits."""
        return "; ".join(self._describe(code) for code in sorted(self.codes))

    def _describe(self, code: str) -> str:
        count = self._counts[code]
        wait = "1 object waits until it" if count == 1 else f"{count} objects wait until they"
        return f"{code}: {wait} can be read: {self._messages.get(code, '')}"

    def _count(self, code: str, difference: int) -> None:
        for counts in (self._counts, self._counting):
            if code and counts is not None:
                counts[code] = max(0, counts[code] + difference)


def _message(row: LedgerEntry) -> str:
    return row.reason.partition(": ")[2][:_LONGEST_MESSAGE]
