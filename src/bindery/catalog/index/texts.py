"""The texts of a dataset's documents: which of them may hold what is looked for.

An SQLite file beside the columns (docs/decisions/0007). It holds no text, only which words each text has, in a
full-text index of SQLite (FTS5) without positions, and the words themselves with their parts, by which the
words are found that hold a piece of text. A text is known by its digest and held once, however many files have
it; the number it gets stands in the column ``Text`` of those files. Texts that no file has any more stay until
the index of the dataset is built anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.index.tokens import (
    LONGEST_PART,
    WINDOW,
    Run,
    pair_tokens,
    part_tokens,
    runs_of,
    tokens_of_text,
    word_token,
    words_of,
)
from bindery.catalog.query.folding import fold_text

_SCRIPT = """
CREATE TABLE text (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,      -- characters
    held INTEGER NOT NULL       -- 0 when it has too many words: it is read whenever something is looked for
) STRICT;
CREATE INDEX text_not_held ON text (id) WHERE held = 0;
CREATE VIRTUAL TABLE text_token USING fts5(tokens, content='', detail=none, columnsize=0, tokenize='ascii');
INSERT INTO text_token (text_token, rank) VALUES ('hashsize', 16777216);
CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
CREATE VIRTUAL TABLE word_part USING fts5(
    word, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1'
);
"""
_CACHE_KIB = 8_192
_KNOWN_WORDS = 200_000
"""Words remembered as being in the file already."""
_RIPE_VOCABULARY = 200_000
_MOST_NEW_WORDS = 5_000
"""A text that brings more new words than this to so many known ones is no text of a language: it is not held, for
its words would fill the file and be looked for by nobody."""
_MOST_EXPANSIONS = 256
"""Words that one piece of text may stand for; beyond, its parts are looked for, and the texts are read."""
_MOST_TOKENS = 24


class TextsDamaged(Exception):
    """The file cannot be used as it is."""


class Candidates(msgspec.Struct, frozen=True):
    """Numbers of texts as JSON arrays: those that hold what is looked for, and those that have to be read."""

    sure: str
    doubtful: str


class TextIndex:
    """One file. ``add`` is for one thread at a time; ``candidates`` for any number. Raises TextsDamaged."""

    def __init__(self, path: Path, *, new: bool) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._running: set[sqlite3.Connection] = set()
        self._closed = False
        self._known: set[str] = set()
        with _watched():
            if not new and not path.exists():
                raise TextsDamaged(f"{path.name} is missing")
            self._writer = self._connect()
            try:
                if new:
                    self._writer.executescript(_SCRIPT)
                self.newest = self._newest()
                self._vocabulary = self._count_words()
            except BaseException:
                self._writer.close()
                raise

    def _newest(self) -> int:
        return int(self._writer.execute("SELECT coalesce(max(id), 0) FROM text").fetchone()[0])

    def _count_words(self) -> int:
        return int(self._writer.execute("SELECT coalesce(max(id), 0) FROM word").fetchone()[0])

    def add(self, texts: Sequence[str | None]) -> list[int | None]:
        """The number of each text, the new ones in one transaction."""
        with _watched():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                numbers = [None if not text else self._add(text) for text in texts]
                self._writer.execute("COMMIT")
            except BaseException:
                self._known.clear()
                with contextlib.suppress(sqlite3.Error):
                    self._writer.execute("ROLLBACK")
                    self._vocabulary = self._count_words()
                raise
            self.newest = self._newest()
        return numbers

    def _add(self, text: str) -> int:
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        row = self._writer.execute("SELECT id FROM text WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        folded = fold_text(text)
        words = words_of(folded)
        new = self._new_words(words) if words is not None else []
        if len(new) > _MOST_NEW_WORDS and self._vocabulary > _RIPE_VOCABULARY:
            words = None
        number = self._writer.execute(
            "INSERT INTO text (digest, size, held) VALUES (?, ?, ?)", (digest, len(text), words is not None)
        ).lastrowid
        assert number is not None
        if words is not None:
            self._add_words(new)
            self._remember(words)
            self._writer.execute(
                "INSERT INTO text_token (rowid, tokens) VALUES (?, ?)",
                (number, tokens_of_text(folded, words)),
            )
        return number

    def _new_words(self, words: set[str]) -> list[str]:
        find = "SELECT 1 FROM word WHERE word = ?"
        return [word for word in words - self._known if not self._writer.execute(find, (word,)).fetchone()]

    def _add_words(self, words: list[str]) -> None:
        numbered = list(enumerate(words, self._vocabulary + 1))
        self._writer.executemany("INSERT INTO word (id, word) VALUES (?, ?)", numbered)
        self._writer.executemany(
            "INSERT INTO word_part (rowid, word) VALUES (?, ?)",
            (entry for entry in numbered if len(entry[1]) >= LONGEST_PART),
        )
        self._vocabulary += len(words)

    def _remember(self, words: set[str]) -> None:
        if len(self._known) + len(words) > _KNOWN_WORDS:
            self._known.clear()
        self._known |= words

    def candidates(self, wanted: str, bounds: Bounds) -> Candidates:
        """Which texts may hold ``wanted``, a folded text. Raises what ``bounds`` raises, too."""
        with self._reading() as connection, bounds.watch(connection), _watched():
            conditions, sure = _conditions(connection, runs_of(wanted), wanted)
            found = (
                "SELECT rowid AS id FROM text_token WHERE text_token MATCH ?"
                if conditions
                else ("SELECT id FROM text WHERE held AND ? IS NOT NULL")
            )
            parameters = (" AND ".join(conditions),)
            unheld = "SELECT id FROM text WHERE held = 0"
            if sure:
                return Candidates(_ids(connection, found, parameters), _ids(connection, unheld))
            return Candidates("[]", _ids(connection, f"{found} UNION ALL {unheld}", parameters))

    def stop(self) -> None:
        """Interrupt what is being looked for, from any thread; to be repeated until nothing runs."""
        with self._guard:
            for connection in self._running:
                connection.interrupt()

    def close(self) -> None:
        """Close what nobody uses; the rest is closed by whoever uses it. Nothing may be added meanwhile."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in (*idle, self._writer):
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            with _watched():
                connection = self._connect()
        with self._guard:
            self._running.add(connection)
        try:
            yield connection
        finally:
            with self._guard:
                self._running.discard(connection)
                if not self._closed:
                    self._idle.append(connection)
            if self._closed and connection not in self._idle:
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "mmap_size = 0",
            "journal_size_limit = 67108864",
            f"cache_size = -{_CACHE_KIB:d}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _ids(connection: sqlite3.Connection, found: str, parameters: tuple[str, ...] = ()) -> str:
    """As one JSON text, made by SQLite: a million numbers as objects would take a second of everybody's time."""
    row = connection.execute(f"SELECT json_group_array(id) FROM ({found})", parameters).fetchone()
    return str(row[0])


def _conditions(connection: sqlite3.Connection, runs: list[Run], wanted: str) -> tuple[list[str], bool]:
    """Conditions on the tokens that each text meets which holds ``wanted``; whether they suffice."""
    conditions: list[str] = []
    alone = len(runs) == 1 and runs[0].text == wanted
    exact = False
    for run in runs:
        tokens, exact = _pair_condition(run) if run.ideographs else _word_condition(connection, run)
        conditions += tokens
        if len(conditions) >= _MOST_TOKENS:
            break
    return conditions[:_MOST_TOKENS], alone and exact and len(conditions) <= _MOST_TOKENS


def _pair_condition(run: Run) -> tuple[list[str], bool]:
    return [_quoted(token) for token in dict.fromkeys(pair_tokens(run.text))], len(run.text) <= 2


def _word_condition(connection: sqlite3.Connection, run: Run) -> tuple[list[str], bool]:
    """One condition, or several that are weaker together; whether they say all about the run."""
    if not run.open_before and not run.open_behind:
        if len(run.text) > 2 * WINDOW:
            return [_quoted(word_token(run.text[: 2 * WINDOW]))], False
        return [_quoted(word_token(run.text))], False
    text = run.text[:WINDOW] if run.open_behind else run.text[-WINDOW:]
    if len(text) <= LONGEST_PART and run.open_before and run.open_behind:
        return [_quoted(token) for token in part_tokens(text)], True
    words = _words_with(connection, text, run) if len(text) >= LONGEST_PART else None
    if words is None:
        return [_quoted(token) for token in part_tokens(text)], False
    return [
        f"({' OR '.join(_quoted(word_token(word)) for word in words)})" if words else _quoted("\ue003")
    ], (len(run.text) <= WINDOW)


def _words_with(connection: sqlite3.Connection, text: str, run: Run) -> list[str] | None:
    """The words that the run may be a piece of; None when they are too many."""
    parts = [text[at : at + LONGEST_PART] for at in range(len(text) - LONGEST_PART + 1)]
    pattern = {
        (True, True): "instr(word, :text)",
        (True, False): "substr(word, -length(:text)) = :text",
    }.get((run.open_before, run.open_behind), "substr(word, 1, length(:text)) = :text")
    rows = connection.execute(
        "SELECT word FROM word WHERE id IN (SELECT rowid FROM word_part WHERE word_part MATCH :parts)"
        f" AND {pattern} LIMIT {_MOST_EXPANSIONS + 1:d}",
        {"parts": " AND ".join(map(_quoted, dict.fromkeys(parts))), "text": text},
    ).fetchall()
    return [row[0] for row in rows] if len(rows) <= _MOST_EXPANSIONS else None


def _quoted(token: str) -> str:
    return f'"{token}"'


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
