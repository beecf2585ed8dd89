"""How the books of bindings have changed over time: for people who look at a plot, not for deciding anything.

Noted in memory and written to one small file now and then, so that a commit never waits for it; a kill forgets the last
minutes. The older, the sparser: a full history loses every other point of its older half.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from bindery.catalog.records import Progress
from bindery.data_folder import replace_private

MOST_POINTS = 240
"""Of one binding."""
_SECONDS = 5.0
_WRITE_SECONDS = 300.0
_CLOSE_SECONDS = 2.0
_NS = 1_000_000_000
_log = structlog.get_logger()


class Point(NamedTuple):
    """The books at one instant: objects of each class."""

    time: int
    """Nanoseconds since 1970."""
    indexed: int
    """Those of this listing and those of earlier ones."""
    failed: int
    excluded: int
    pending: int

    @property
    def counts(self) -> tuple[int, ...]:
        """Without the instant."""
        return self[1:]


Histories = dict[int, list[Point]]
Look = Callable[[], Mapping[int, Progress]]
"""The books of every binding at work, by its id. Quick."""


class BooksHistory:
    """Safe for threads. ``path`` None: nothing is kept beyond the process."""

    def __init__(self, path: Path | None, clock: Callable[[], int]) -> None:
        self._path, self._clock = path, clock
        self._points: Histories = _load(path)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, look: Look) -> None:
        """Note the books from time to time."""
        self._thread = threading.Thread(target=self._work, args=(look,), name="history", daemon=True)
        self._thread.start()

    def of(self, binding_id: int) -> tuple[Point, ...]:
        """The points of a binding, ascending by time."""
        with self._lock:
            return tuple(self._points.get(binding_id, ()))

    def note(self, books: Mapping[int, Progress]) -> None:
        """The books are these now; what has not changed is not noted again."""
        now = self._clock()
        with self._lock:
            for binding_id, progress in books.items():
                add_point(self._points.setdefault(binding_id, []), point_of(now, progress))

    def forget(self, binding_id: int) -> None:
        """The binding is no more."""
        with self._lock:
            self._points.pop(binding_id, None)

    def close(self) -> None:
        """Write what was noted. May be called twice."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)
        self._write()

    def _work(self, look: Look) -> None:
        rounds = 0
        while not self._ended.wait(_SECONDS):
            try:
                self.note(look())
            except Exception as error:
                _log.debug("the books are noted later", problem=str(error))
            rounds += 1
            if rounds * _SECONDS % _WRITE_SECONDS == 0:
                self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        with self._lock:
            content = msgspec.json.encode({str(key): points for key, points in self._points.items()})
        try:
            replace_private(self._path, content)
        except OSError as error:
            _log.debug("the history of bindings is not kept", problem=str(error))


def add_point(points: list[Point], point: Point) -> None:
    """Append a point that differs from the last. One that follows a long quiet has the end of the quiet before it, so
    that a line through the points is level until then."""
    if points and points[-1].counts == point.counts:
        return
    before = point.time - int(_SECONDS * _NS)
    if points and points[-1].time < before:
        points.append(points[-1]._replace(time=before))
    points.append(point)
    if len(points) > MOST_POINTS:
        half = len(points) // 2
        points[:half] = points[:half:2]


def point_of(now: int, books: Progress) -> Point:
    """The books at an instant."""
    return Point(now, books.indexed + books.unchanged, books.failed, books.excluded, books.pending)


def _load(path: Path | None) -> Histories:
    """Nothing where the file is not what was written: a plot is worth no trouble."""
    try:
        return {} if path is None else msgspec.json.decode(path.read_bytes(), type=Histories)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
