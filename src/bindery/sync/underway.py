"""Objects whose extraction is under way: each once, known by its key, and bounded in number.

All of it belongs to the thread of one binding. The pool bounds the bytes of answers that nobody has taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from bindery.buckets.store import ObjectInfo
from bindery.extract.extract import failed_extraction
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.pool import Completed, Pending, Pool
from bindery.file import File
from bindery.sync.march import Candidate
from bindery.sync.outcomes import internal_error
from bindery.sync.quarantine import FORESEEN
from bindery.sync.takeover import Predecessor
from bindery.workers.job import Urgency

_OBJECTS_OF_A_WORKER = 512
"""Under way at a time; enough to keep a worker busy while some hundred entries are committed."""
_TAKEN_BYTES = 4 * 1024 * 1024
"""Results taken at once."""


class ListedPage(msgspec.Struct, eq=False):
    """A page of a listing on its way to the ledger."""

    last_key: str
    left: int = 0
    """Objects of it that are not committed yet."""


class Extracting(msgspec.Struct, eq=False):
    """One object under way."""

    candidate: Candidate
    request: ExtractionRequest
    predecessor: Predecessor | None
    """What is known of its content already, so that nothing is read."""
    page: ListedPage | None
    """The page of the listing that brought it; None when a change did."""
    is_new: bool
    """The books do not know the object yet."""
    is_awaited: bool
    """A change has named the key, and waits in the inbox until it is committed."""

    @property
    def key(self) -> str:
        """Key of the object."""
        return self.candidate.info.key

    def is_version(self, info: ObjectInfo) -> bool:
        """Whether this very version is under way, of the very same file."""
        present = self.candidate.info
        return (info.etag, info.size, info.file_id) == (present.etag, present.size, present.file_id)


class _Submission(msgspec.Struct, eq=False):
    objects: list[Extracting]
    pending: Pending
    left: set[int]


class Underway:
    """What was given to the pool and did not come back yet."""

    def __init__(self, pool: Pool, workers: int, *, owner: str) -> None:
        """``owner``: for whom the pool works, so that it serves all in turn."""
        self._pool = pool
        self._owner = owner
        self._most = _OBJECTS_OF_A_WORKER * max(1, workers)
        self._submissions: list[_Submission] = []
        self._by_key: dict[str, Extracting] = {}
        self._awaited = self._listed = 0

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Extracting]:
        return iter(self._by_key.values())

    @property
    def awaited(self) -> int:
        """How many of them a change has named."""
        return self._awaited

    @property
    def listed(self) -> int:
        """How many of them a listing has brought."""
        return self._listed

    def get(self, key: str) -> Extracting | None:
        """The object under way with this key."""
        return self._by_key.get(key)

    def room(self, *, is_awaited: bool) -> int:
        """How many objects may be added now. Changes do not wait for a listing: what it has under way is not counted
        against them."""
        return max(0, self._most - (self._awaited if is_awaited else len(self._by_key)))

    def add(self, objects: Sequence[Extracting]) -> None:
        """Begin the extraction of objects none of which is under way, all named by changes or all listed.

        Raises Interrupted.
        """
        requests = [extracting.request for extracting in objects]
        urgency = Urgency.CHANGE if objects[0].is_awaited else Urgency.SCAN
        pending = self._pool.submit(requests, urgency=urgency, owner=self._owner)
        self._submissions.append(_Submission(list(objects), pending, set(range(len(objects)))))
        for extracting in objects:
            self._by_key[extracting.key] = extracting
            self._awaited += extracting.is_awaited
            self._listed += extracting.page is not None

    def await_(self, extracting: Extracting) -> None:
        """A change has named an object that is under way already, in the version that it has."""
        if not extracting.is_awaited:
            extracting.is_awaited = True
            self._awaited += 1

    def withdraw(self, extracting: Extracting) -> None:
        """Whatever comes of this object is not wanted any more."""
        if self._by_key.get(extracting.key) is extracting:
            del self._by_key[extracting.key]
            self._awaited -= extracting.is_awaited
            self._listed -= extracting.page is not None

    def take(self, seconds: float) -> list[tuple[Extracting, Extraction, int]]:
        """What has come since the last call, with its size in bytes; waits up to ``seconds`` for the oldest. Raises
        Interrupted."""
        taken: list[tuple[Extracting, Extraction, int]] = []
        seconds = seconds if self._by_key else 0.0  # nobody waits for what was withdrawn
        for submission in list(self._submissions):
            for completed in self._take(submission, seconds):
                extracting = submission.objects[completed.position]
                submission.left.discard(completed.position)
                if self._by_key.get(extracting.key) is extracting:
                    self.withdraw(extracting)
                    taken.append((extracting, completed.extraction, completed.size))
            seconds = 0.0
        self._submissions = [submission for submission in self._submissions if submission.left]
        return taken

    def abandon(self) -> list[Extracting]:
        """Give up everything; what was under way."""
        for submission in self._submissions:
            submission.pending.cancel()
        left = list(self._by_key.values())
        self._submissions.clear()
        self._by_key.clear()
        self._awaited = self._listed = 0
        return left

    def _take(self, submission: _Submission, seconds: float) -> list[Completed]:
        try:
            return submission.pending.take(seconds=seconds, most_bytes=_TAKEN_BYTES)
        except FORESEEN:
            raise
        except Exception as error:
            return self._extract_apart(submission, error)

    def _extract_apart(self, submission: _Submission, error: Exception) -> list[Completed]:
        """The pool failed at these objects together: their halves are tried, and one alone is to blame."""
        left = sorted(submission.left)
        submission.pending.cancel()
        if len(left) == 1:
            return [Completed(left[0], _blamed(submission.objects[left[0]], error))]
        submission.left.clear()
        middle = len(left) // 2
        for positions in (left[:middle], left[middle:]):
            wanted = [submission.objects[position] for position in positions]
            still = [one for one in wanted if self._by_key.get(one.key) is one]
            if still:
                for extracting in still:
                    self.withdraw(extracting)
                self.add(still)
        return []


def _blamed(extracting: Extracting, error: Exception) -> Extraction:
    failure = internal_error(error)
    try:
        return failed_extraction(extracting.request, failure)
    except Exception:
        return Extraction(file=File(), failure=failure)
