"""From extractions to ledger rows and entries."""

from __future__ import annotations

import msgspec
import pytest

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import LedgerEntry, Outcome
from bindery.extract.extraction import Extraction
from bindery.file import File
from bindery.sync.march import Candidate
from bindery.sync.outcomes import (
    Result,
    needs_room,
    result_of,
    seconds_to_next_try,
    wait_for_room,
    waits_for_room,
)
from bindery.sync.troubles import MAX_ATTEMPTS

INFO = ObjectInfo("a/b.jpg", 10, "E1", 5)
SECOND = 1_000_000_000


def outcome_of(extraction: Extraction, before: LedgerEntry | None = None) -> Result:
    return result_of(Candidate(INFO, before), extraction, binding_id=7, uri="oss://media/a/b.jpg", now=100)


def failing(failure: str, *, retryable: bool) -> Extraction:
    return Extraction(file=File(), failure=failure, retryable=retryable, bytes_read=3, extractor_version=2)


def test_success() -> None:
    result = outcome_of(Extraction(file=File(size=10), bytes_read=3, extractor_version=2, text="words"))
    assert result.row == LedgerEntry(
        key="a/b.jpg", etag="E1", size=10, modified_ns=5, outcome=Outcome.INDEXED, attempts=1,
        extractor_version=2, seen_time=100, outcome_time=100,
    )  # fmt: skip
    assert result.write is not None
    assert (result.write.uri, result.write.binding_id, result.write.text) == (
        "oss://media/a/b.jpg",
        7,
        "words",
    )
    assert (result.write.file.object_status, result.write.file.reason) == ("Indexed", None)
    assert (result.look_again_after, result.needs_room, result.bytes_read) == (None, True, 3)


def test_a_broken_file_fails_at_once_and_says_why() -> None:
    result = outcome_of(failing("ParseFailed: not a JPEG: at byte 3", retryable=False))
    assert (result.row.outcome, result.row.reason) == (
        Outcome.FAILED,
        "ParseFailed: not a JPEG: at byte 3",
    )
    assert result.write is not None
    assert result.write.file.object_status == "Failed"
    assert result.write.file.reason == "[ParseFailed] not a JPEG: at byte 3"
    assert result.look_again_after is None


@pytest.mark.parametrize(
    ("failure", "retryable"),
    [("StoreUnavailable: 503", True), ("ObjectChanged: etag", True), ("ObjectNotFound: k", False)],
)
def test_a_failure_that_may_pass_is_tried_a_few_times_with_growing_waits(
    failure: str, retryable: bool
) -> None:
    before, waits = None, []
    for attempt in range(1, MAX_ATTEMPTS):
        result = outcome_of(failing(failure, retryable=retryable), before)
        assert (result.row.outcome, result.row.attempts, result.write) == (
            Outcome.PENDING,
            attempt,
            None,
        )
        assert result.look_again_after is not None
        waits.append(result.look_again_after)
        before = result.row
    last = outcome_of(failing(failure, retryable=retryable), before)
    assert (last.row.outcome, last.row.attempts, last.look_again_after) == (
        Outcome.FAILED,
        MAX_ATTEMPTS,
        None,
    )
    assert last.write is not None
    assert waits == sorted(set(waits))


@pytest.mark.parametrize("failure", ["ObjectChanged: etag", "ObjectNotFound: k"])
def test_an_object_that_moved_is_looked_at_again_soon_but_once(failure: str) -> None:
    """Its next version waits for that look; a store that never agrees with itself is not asked all the time."""
    patient = outcome_of(failing("StoreUnavailable: 503", retryable=True)).look_again_after
    soon = outcome_of(failing(failure, retryable=True))
    later = outcome_of(failing(failure, retryable=True), soon.row)
    assert soon.look_again_after is not None and patient is not None and later.look_again_after is not None
    assert soon.look_again_after < 1 < patient < later.look_again_after


def test_a_new_version_begins_to_count_anew() -> None:
    before = outcome_of(failing("StoreUnavailable: 503", retryable=True)).row
    other = msgspec.structs.replace(before, etag="E0", attempts=4)
    assert outcome_of(failing("StoreUnavailable: 503", retryable=True), other).row.attempts == 1
    buried = msgspec.structs.replace(before, outcome=Outcome.DELETED, attempts=4)
    assert outcome_of(failing("StoreUnavailable: 503", retryable=True), buried).row.attempts == 1


def test_the_next_try_is_due_after_the_wait_also_across_restarts() -> None:
    result = outcome_of(failing("StoreUnavailable: 503", retryable=True))
    wait = result.look_again_after
    assert wait is not None
    known = Candidate(INFO, result.row)
    assert seconds_to_next_try(known, 100) == wait
    assert seconds_to_next_try(known, 100 + SECOND) == wait - 1
    assert seconds_to_next_try(known, 100 + int(wait * SECOND)) == 0
    assert seconds_to_next_try(known, -(10**18)) == wait, "a clock that was set back does not wait for ever"
    assert seconds_to_next_try(Candidate(msgspec.structs.replace(INFO, etag="E2"), result.row), 100) == 0
    assert seconds_to_next_try(Candidate(INFO, None), 100) == 0


def test_an_object_without_room_waits_and_no_try_counts() -> None:
    success = outcome_of(Extraction(file=File(size=10)))
    waiting = wait_for_room(success.row, "DatasetMaxFileCount")
    assert (waiting.row.outcome, waiting.row.attempts, waiting.write, waiting.look_again_after) == (
        Outcome.PENDING,
        0,
        None,
        None,
    )
    assert waiting.row.reason == "LimitExceeded: DatasetMaxFileCount of the dataset is reached"
    assert waits_for_room(waiting.row)
    assert seconds_to_next_try(Candidate(INFO, waiting.row), 100) == 0
    assert not waits_for_room(success.row)
    assert not waits_for_room(None)


def test_what_needs_room_in_the_dataset() -> None:
    row = outcome_of(Extraction(file=File(size=10))).row
    fresh = {outcome for outcome in Outcome if needs_room(msgspec.structs.replace(row, outcome=outcome))}
    assert fresh == {Outcome.DELETED, Outcome.PENDING, Outcome.EXCLUDED}
    assert needs_room(None)
