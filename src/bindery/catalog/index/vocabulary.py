"""All words of a dataset's texts, and those of them that a piece of text may be a part of."""

from __future__ import annotations

import sqlite3

from bindery.catalog.index.tokens import LONGEST_PART, Run

SCRIPT = """
CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
CREATE VIRTUAL TABLE word_part USING fts5(
    word, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1'
);
"""
_REMEMBERED = 200_000
"""Words known to be in the file without asking it."""
_RIPE = 200_000
_MOST_NEW = 5_000
"""A text that brings more new words than this to so many known ones is no text of a language: it is not held, for
its words would fill the file and be looked for by nobody."""
MOST_EXPANSIONS = 256
"""Words that one piece of text may stand for; beyond, its parts are looked for, and the texts are read."""
MOST_IN_PHRASES = 32
"""The same for a piece that stands beside others, which tell more of a text than one of many words does."""


class Vocabulary:
    """The words of one file, as its writer knows them. Words stay when the texts that brought them go."""

    def __init__(self, writer: sqlite3.Connection) -> None:
        self._writer = writer
        self._known: set[str] = set()
        self.read()

    def read(self) -> None:
        """Begin anew with what is in the file, after a transaction that was undone."""
        self._known.clear()
        row = self._writer.execute("SELECT coalesce(max(id), 0) FROM word").fetchone()
        self._size = int(row[0])

    def take(self, words: set[str]) -> bool:
        """Add the new ones among the words of a text; False when they are too many and none was added."""
        find = "SELECT 1 FROM word WHERE word = ?"
        new = [word for word in words - self._known if not self._writer.execute(find, (word,)).fetchone()]
        if len(new) > _MOST_NEW and self._size > _RIPE:
            return False
        numbered = list(enumerate(new, self._size + 1))
        self._writer.executemany("INSERT INTO word (id, word) VALUES (?, ?)", numbered)
        self._writer.executemany(
            "INSERT INTO word_part (rowid, word) VALUES (?, ?)",
            (entry for entry in numbered if len(entry[1]) >= LONGEST_PART),
        )
        self._size += len(new)
        if len(self._known) + len(words) > _REMEMBERED:
            self._known.clear()
        self._known |= words
        return True


def words_with(connection: sqlite3.Connection, text: str, run: Run, most: int) -> list[str] | None:
    """The words that the run may be a piece of, ``text`` of it; None when they are more than ``most``."""
    parts = dict.fromkeys(text[at : at + LONGEST_PART] for at in range(len(text) - LONGEST_PART + 1))
    pattern = {
        (True, True): "instr(word, :text)",
        (True, False): "substr(word, -length(:text)) = :text",
    }.get((run.open_before, run.open_behind), "substr(word, 1, length(:text)) = :text")
    rows = connection.execute(
        "SELECT word FROM word WHERE id IN (SELECT rowid FROM word_part WHERE word_part MATCH :parts)"
        f" AND {pattern} LIMIT {most + 1:d}",
        {"parts": " AND ".join(f'"{part}"' for part in parts), "text": text},
    ).fetchall()
    return [row[0] for row in rows] if len(rows) <= most else None
