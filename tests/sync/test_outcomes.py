"""From extractions to ledger rows and entries."""

from __future__ import annotations

import msgspec
import pytest

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import LedgerEntry, Outcome
from bindery.extract.extraction import Extraction
from bindery.file import File
from bindery.sync.outcomes import (
    MAX_ATTEMPTS,
    Settled,
    is_fresh,
    seconds_to_next_try,
    settle,
    wait_for_room,
    waits_for_room,
)

INFO = ObjectInfo("a/b.jpg", 10, "E1", 5)
SECOND = 1_000_000_000


def outcome_of(extraction: Extraction, before: LedgerEntry | None = None) -> Settled:
    return settle((INFO, before), extraction, binding_id=7, uri="oss://media/a/b.jpg", now=100)


def failing(failure: str, *, retryable: bool) -> Extraction:
    return Extraction(file=File(), failure=failure, retryable=retryable, bytes_read=3, extractor_version=2)


def test_success() -> None:
    settled = outcome_of(Extraction(file=File(size=10), bytes_read=3, extractor_version=2, text="words"))
    assert settled.entry == LedgerEntry(
        key="a/b.jpg", etag="E1", size=10, modified_ns=5, outcome=Outcome.INDEXED, attempts=1,
        extractor_version=2, seen_time=100, outcome_time=100,
    )  # fmt: skip
    assert settled.write is not None
    assert (settled.write.uri, settled.write.binding_id, settled.write.text) == (
        "oss://media/a/b.jpg",
        7,
        "words",
    )
    assert (settled.write.file.object_status, settled.write.file.reason) == ("Indexed", None)
    assert (settled.again, settled.fresh, settled.bytes_read) == (None, True, 3)


def test_a_broken_file_fails_at_once_and_says_why() -> None:
    settled = outcome_of(failing("ParseFailed: not a JPEG: at byte 3", retryable=False))
    assert (settled.entry.outcome, settled.entry.reason) == (
        Outcome.FAILED,
        "ParseFailed: not a JPEG: at byte 3",
    )
    assert settled.write is not None
    assert settled.write.file.object_status == "Failed"
    assert settled.write.file.reason == "[ParseFailed] not a JPEG: at byte 3"
    assert settled.again is None


@pytest.mark.parametrize(
    ("failure", "retryable"),
    [("StoreUnavailable: 503", True), ("ObjectChanged: etag", True), ("ObjectNotFound: k", False)],
)
def test_a_failure_that_may_pass_is_tried_a_few_times_with_growing_waits(
    failure: str, retryable: bool
) -> None:
    before, waits = None, []
    for attempt in range(1, MAX_ATTEMPTS):
        settled = outcome_of(failing(failure, retryable=retryable), before)
        assert (settled.entry.outcome, settled.entry.attempts, settled.write) == (
            Outcome.PENDING,
            attempt,
            None,
        )
        assert settled.again is not None
        waits.append(settled.again)
        before = settled.entry
    last = outcome_of(failing(failure, retryable=retryable), before)
    assert (last.entry.outcome, last.entry.attempts, last.again) == (Outcome.FAILED, MAX_ATTEMPTS, None)
    assert last.write is not None
    assert waits == sorted(set(waits))


@pytest.mark.parametrize("failure", ["ObjectChanged: etag", "ObjectNotFound: k"])
def test_an_object_that_moved_is_looked_at_again_soon_but_once(failure: str) -> None:
    """Its next version waits for that look; a store that never agrees with itself is not asked all the time."""
    patient = outcome_of(failing("StoreUnavailable: 503", retryable=True)).again
    soon = outcome_of(failing(failure, retryable=True))
    later = outcome_of(failing(failure, retryable=True), soon.entry)
    assert soon.again is not None and patient is not None and later.again is not None
    assert soon.again < 1 < patient < later.again


def test_a_new_version_begins_to_count_anew() -> None:
    before = outcome_of(failing("StoreUnavailable: 503", retryable=True)).entry
    other = msgspec.structs.replace(before, etag="E0", attempts=4)
    assert outcome_of(failing("StoreUnavailable: 503", retryable=True), other).entry.attempts == 1
    buried = msgspec.structs.replace(before, outcome=Outcome.DELETED, attempts=4)
    assert outcome_of(failing("StoreUnavailable: 503", retryable=True), buried).entry.attempts == 1


def test_the_next_try_is_due_after_the_wait_also_across_restarts() -> None:
    settled = outcome_of(failing("StoreUnavailable: 503", retryable=True))
    wait = settled.again
    assert wait is not None
    known = (INFO, settled.entry)
    assert seconds_to_next_try(known, 100) == wait
    assert seconds_to_next_try(known, 100 + SECOND) == wait - 1
    assert seconds_to_next_try(known, 100 + int(wait * SECOND)) == 0
    assert seconds_to_next_try(known, -(10**18)) == wait, "a clock that was set back does not wait for ever"
    assert seconds_to_next_try((msgspec.structs.replace(INFO, etag="E2"), settled.entry), 100) == 0
    assert seconds_to_next_try((INFO, None), 100) == 0


def test_an_object_without_room_waits_and_no_try_counts() -> None:
    success = outcome_of(Extraction(file=File(size=10)))
    waiting = wait_for_room(success.entry, "DatasetMaxFileCount")
    assert (waiting.entry.outcome, waiting.entry.attempts, waiting.write, waiting.again) == (
        Outcome.PENDING,
        0,
        None,
        None,
    )
    assert waiting.entry.reason == "LimitExceeded: DatasetMaxFileCount of the dataset is reached"
    assert waits_for_room(waiting.entry)
    assert seconds_to_next_try((INFO, waiting.entry), 100) == 0
    assert not waits_for_room(success.entry)
    assert not waits_for_room(None)


def test_what_needs_room_in_the_dataset() -> None:
    row = outcome_of(Extraction(file=File(size=10))).entry
    fresh = {outcome for outcome in Outcome if is_fresh(msgspec.structs.replace(row, outcome=outcome))}
    assert fresh == {Outcome.DELETED, Outcome.PENDING, Outcome.EXCLUDED}
    assert is_fresh(None)
