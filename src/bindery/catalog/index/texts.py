"""The texts of a dataset's documents: which of them may hold what is looked for.

An SQLite file beside the columns (docs/decisions/0007). It holds no text, only which words each text has, in
full-text indexes of SQLite (FTS5) without positions, and the words themselves with their parts, by which the
words are found that hold a piece of text. A text is known by its digest and held once, however many files have
it; the number it gets stands in the column ``Text`` of those files.

A new text waits first: it has a number, and is read whenever something is looked for, until its words are taken,
which takes a hundred times as long. SQLite forgets nothing of such an index, so it is made of parts: one of which
many texts are given up is emptied as a whole, and what is still needed of it waits again.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from bindery.catalog.index import vocabulary
from bindery.catalog.index.text_conditions import TextConditions, conditions_of
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.index.tokens import Content, Elsewhere, content_elsewhere, nowhere
from bindery.catalog.index.vocabulary import Vocabulary

_SCRIPT = f"""
CREATE TABLE text (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,      -- characters
    part INTEGER                -- NULL while it waits, 0 when it has too many words; both are read for every question
) STRICT;
CREATE INDEX text_part ON text (part);
CREATE TABLE part (
    id INTEGER PRIMARY KEY,
    texts INTEGER NOT NULL,
    released INTEGER NOT NULL   -- how often a file has given up one of its texts
) STRICT;
INSERT INTO part VALUES (0, 0, 0);
{vocabulary.SCRIPT}
"""
_TOKENS = """
CREATE VIRTUAL TABLE token_{part:d} USING fts5(tokens, content='', detail=none, columnsize=0, tokenize='ascii');
INSERT INTO token_{part:d} (token_{part:d}, rank) VALUES ('hashsize', 16777216);
"""
_CACHE_KIB = 8_192
_MOST_IN_PART = 100_000
_FEW_RELEASED = 100
"""A part is looked through when more of it was given up than these, and than half of its texts."""
_MOST_WAITING = 1_000
_TURN_SECONDS = 0.001
"""Left to others between two transactions, for a lock is not given in the order it is asked for."""


class TextsDamaged(Exception):
    """The file cannot be used as it is."""


class Candidates(msgspec.Struct, frozen=True):
    """Numbers of texts: those that hold what is looked for, and those that have to be read."""

    sure: array[int]
    doubtful: array[int]
    waiting: int
    """How many of the doubtful only wait to be held."""


class TextIndex:
    """One file. One thread at a time writes, any number asks for ``candidates``. Raises TextsDamaged."""

    def __init__(self, path: Path, *, new: bool) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._running: set[sqlite3.Connection] = set()
        self._awaited = 0
        self._stopping = self._closed = False
        with _watched():
            if not new and not path.exists():
                raise TextsDamaged(f"{path.name} is missing")
            self._writer = self._connect("rwc" if new else "rw")
            try:
                if new:
                    self._writer.executescript(_SCRIPT)
                self.newest = self._newest()
                self._vocabulary = Vocabulary(self._writer)
                self._hide_shared_memory()
            except BaseException:
                self._writer.close()
                raise

    def _newest(self) -> int:
        """The greatest number that was ever given; none is given twice."""
        row = self._writer.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
        return int(row[0])

    def _hide_shared_memory(self) -> None:
        """Remove the name of the file by which connections agree: all of them are of this process, and have it.

        Whoever shortened that file would end the whole process (SIGBUS), not this index.
        """
        self._path.with_name(f"{self._path.name}-shm").unlink(missing_ok=True)

    # writing

    def add(self, texts: Sequence[str | None]) -> list[int | None]:
        """The number of each text; new ones wait to be held."""
        digests = [None if not text else (_digest(text), len(text)) for text in texts]
        if not any(digests):
            return [None] * len(texts)
        with self._transaction():
            numbers = [None if known is None else self._number(*known) for known in digests]
            self.newest = self._newest()
        return numbers

    def _number(self, digest: bytes, size: int) -> int:
        row = self._writer.execute("SELECT id FROM text WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            insert = "INSERT INTO text (digest, size) VALUES (?, ?) RETURNING id"
            row = self._writer.execute(insert, (digest, size)).fetchone()
        return int(row[0])

    def waiting(self, most_characters: int, after: int = 0) -> list[int]:
        """Some of the texts that wait, the eldest behind a number first: together so large, but one at least."""
        with self._transaction():
            rows = self._writer.execute(
                "SELECT id, size FROM text WHERE part IS NULL AND id > ? ORDER BY id LIMIT ?",
                (after, _MOST_WAITING),
            ).fetchall()
        found: list[int] = []
        size = 0
        for number, characters in rows:
            size += characters
            if found and size > most_characters:
                break
            found.append(number)
        return found

    def hold(self, texts: Iterable[tuple[int, str]], elsewhere: Elsewhere = nowhere) -> int:
        """Take the words of texts that wait, by number; how many were taken. Those that differ by now go on waiting."""
        # Outside of the transaction, for this takes the longer half of the time, and others want to write.
        ready = [
            (number, _digest(text), content_elsewhere(text, elsewhere))
            for number, text in texts
            if not self._stopping
        ]
        ready.reverse()
        held = 0
        while ready and not self._stopping:
            with self._transaction():
                held += self._take(ready)
            time.sleep(_TURN_SECONDS)
        return held

    def _take(self, ready: list[tuple[int, bytes, Content | None]]) -> int:
        """From the end of the list, until somebody else wants to write."""
        held, part = 0, self._open_part()
        while ready and not self._stopping:
            number, digest, content = ready.pop()
            known = content is not None and self._vocabulary.take(content.words)
            place = part if known else 0
            update = "UPDATE text SET part = ? WHERE id = ? AND digest = ? AND part IS NULL"
            if self._writer.execute(update, (place, number, digest)).rowcount == 0:
                continue
            held += 1
            self._writer.execute("UPDATE part SET texts = texts + 1 WHERE id = ?", (place,))
            if known and content is not None:
                insert = f"INSERT INTO token_{part:d} (rowid, tokens) VALUES (?, ?)"
                self._writer.execute(insert, (number, content.tokens))
            if self._awaited:
                break
        return held

    def _open_part(self) -> int:
        part, texts = self._writer.execute("SELECT id, texts FROM part ORDER BY id DESC LIMIT 1").fetchone()
        if part > 0 and texts < _MOST_IN_PART:
            return int(part)
        part += 1
        for statement in filter(None, map(str.strip, _TOKENS.format(part=part).split(";"))):
            self._writer.execute(statement)
        self._writer.execute("INSERT INTO part VALUES (?, 0, 0)", (part,))
        return int(part)

    def release(self, numbers: Collection[int]) -> None:
        """Files have given up these texts. Which of them nobody needs any more is found by the part, and later."""
        if not numbers:
            return
        with self._transaction():
            self._writer.executemany(
                "UPDATE part SET released = released + 1 WHERE id = (SELECT part FROM text WHERE id = ?)",
                [(number,) for number in numbers],
            )

    def given_up(self) -> tuple[int, list[int]] | None:
        """A part of which much was given up, with the numbers of its texts."""
        with self._transaction():
            row = self._writer.execute(
                "SELECT id FROM part WHERE released > max(?, texts / 2) LIMIT 1", (_FEW_RELEASED,)
            ).fetchone()
            if row is None:
                return None
            numbers = self._writer.execute("SELECT id FROM text WHERE part = ? ORDER BY id", row).fetchall()
        return int(row[0]), [number for (number,) in numbers]

    def tidy(self, part: int, unneeded: Collection[int]) -> None:
        """Forget texts of a part. When they are many, the part goes, and the rest of its texts waits again.

        Nobody may be asking meanwhile whose columns still speak of one of them.
        """
        with self._transaction():
            self._writer.execute("UPDATE part SET released = 0 WHERE id = ?", (part,))
            if len(unneeded) * 4 < self._texts_of(part):
                return
            self._forget(unneeded)
            if part > 0:
                self._writer.execute("UPDATE text SET part = NULL WHERE part = ?", (part,))
                self._writer.execute(f"DROP TABLE token_{part:d}")
                self._writer.execute("DELETE FROM part WHERE id = ?", (part,))

    def _texts_of(self, part: int) -> int:
        return int(self._writer.execute("SELECT texts FROM part WHERE id = ?", (part,)).fetchone()[0])

    def forget(self, numbers: Collection[int]) -> None:
        """Forget texts that wait and that no file has; under the same condition."""
        with self._transaction():
            self._forget(numbers)

    def _forget(self, numbers: Collection[int]) -> None:
        for number in numbers:
            row = self._writer.execute("DELETE FROM text WHERE id = ? RETURNING part", (number,)).fetchone()
            if row is not None and row[0] is not None:
                self._writer.execute("UPDATE part SET texts = texts - 1 WHERE id = ?", row)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One writes at a time; who takes texts gives way to the others."""
        with self._guard:
            self._awaited += 1
        self._writing.acquire()
        with self._guard:
            self._awaited -= 1
        try:
            yield
        finally:
            self._writing.release()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn(), _watched():
            if self._closed:
                raise TextsDamaged("it is closed")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._writer.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                    self._vocabulary.read()
                raise

    # asking

    def candidates(self, wanted: str, bounds: Bounds) -> Candidates:
        """Which texts may hold ``wanted``, a folded text. Raises what ``bounds`` raises, too."""
        with self._reading() as connection, bounds.watch(connection), _watched():
            conditions = conditions_of(connection, wanted)
            sure, doubtful = self._held(connection, conditions, bounds)
            waiting = _ids(connection, "SELECT id FROM text WHERE part IS NULL")
            doubtful.extend(_ids(connection, "SELECT id FROM text WHERE part = 0"))
            doubtful.extend(waiting)
        return Candidates(sure, doubtful, len(waiting))

    def _held(
        self, connection: sqlite3.Connection, conditions: TextConditions, bounds: Bounds
    ) -> tuple[array[int], array[int]]:
        """Of the texts whose words are taken, part by part: as a list, millions of numbers fill the memory."""
        sure, doubtful = array("q"), array("q")
        for (part,) in connection.execute("SELECT id FROM part WHERE id > 0 ORDER BY id").fetchall():
            bounds.check()
            found = _matching(connection, part, conditions.match)
            certain = []
            if conditions.sure == conditions.match:
                certain = found if conditions.sure else []
            elif conditions.sure:
                certain = _matching(connection, part, conditions.sure)
            sure.extend(certain)
            if len(certain) < len(found):
                doubtful.extend(sorted(set(found).difference(certain)) if certain else found)
        return sure, doubtful

    def count_waiting(self) -> int:
        """How many texts wait."""
        with self._reading() as connection, _watched():
            return int(connection.execute("SELECT count(*) FROM text WHERE part IS NULL").fetchone()[0])

    def stop(self) -> None:
        """Interrupt what is being looked for, from any thread, for good; to be repeated until nothing runs."""
        self._stopping = True
        with self._guard:
            for connection in self._running:
                connection.interrupt()

    def close(self) -> None:
        """Close what nobody uses; the rest is closed by whoever uses it."""
        with self._turn():
            with self._guard:
                self._closed = True
                idle, self._idle = self._idle, []
            for connection in (*idle, self._writer):
                with contextlib.suppress(sqlite3.Error):
                    connection.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, so that all that is read is of one moment."""
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            with _watched():
                connection = self._connect()
        with self._guard:
            self._running.add(connection)
        try:
            with _watched():
                connection.execute("BEGIN")
            yield connection
        finally:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            with self._guard:
                self._running.discard(connection)
                if not self._closed:
                    self._idle.append(connection)
            if self._closed and connection not in self._idle:
                connection.close()

    def _connect(self, mode: str = "rw") -> sqlite3.Connection:
        """``mode``: a file that is gone meanwhile is not made anew by whoever wants to read it."""
        place = f"{self._path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(place, isolation_level=None, check_same_thread=False, uri=True)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "mmap_size = 0",
            "journal_size_limit = 67108864",
            f"cache_size = -{_CACHE_KIB:d}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _matching(connection: sqlite3.Connection, part: int, match: str) -> list[int]:
    if not match:
        return _ids(connection, f"SELECT id FROM text WHERE part = {part:d}")
    name = f"token_{part:d}"
    return _ids(connection, f"SELECT rowid AS id FROM {name} WHERE {name} MATCH ?", (match,))


def _ids(connection: sqlite3.Connection, found: str, parameters: tuple[str, ...] = ()) -> list[int]:
    """By way of one JSON text, made by SQLite: a million rows as objects would take a second of everybody's time."""
    row = connection.execute(f"SELECT json_group_array(id) FROM ({found})", parameters).fetchone()
    return msgspec.json.decode(row[0], type=list[int])


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise
        raise TextsDamaged(str(error)) from error
    except sqlite3.Error as error:
        raise TextsDamaged(str(error)) from error
