"""FuzzyQuery: files that hold a piece of text, in short fields (a column) or in their document's text.

The index of texts names those that hold it for sure and those that may. The latter are read in the record: up
to ten thousand for one question, with an exact total. Where more would have to be read, a page is filled in
order until as many were read, and the total is told by a sample.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bindery.catalog.index.dataset_index import View
from bindery.catalog.index.pages import Found, fetch, rows_of
from bindery.catalog.index.statements import (
    PageRequest,
    count_both_statement,
    page_statement,
    text_statement,
)
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.query.compile import Condition
from bindery.catalog.query.folding import fold_text
from bindery.catalog.query.token import Position

MOST_READ = 10_000
"""Documents read for one answer."""
MOST_CHARACTERS = 256_000_000
_SAMPLE = 1_000
_CHUNK = 500
_NONE = "[]"


class FuzzySearch:
    """One question. ``text_of`` gives the text of an entry by its URI."""

    def __init__(
        self, view: View, text_of: Callable[[str], str | None], wanted: str, bounds: Bounds
    ) -> None:
        self._view = view
        self._text_of = text_of
        self._wanted = wanted
        self._bounds = bounds
        self._characters = 0

    def page(self, request: PageRequest, after: Position | None) -> Found:
        """One page, its condition set aside."""
        if not self._wanted:
            return self._exact(request, after, _NONE)
        candidates = self._view.texts.candidates(self._wanted, self._bounds)
        if candidates.doubtful == _NONE:
            return self._exact(request, after, candidates.sure)
        statement = text_statement(self._view.table, self._wanted, candidates.doubtful, MOST_READ + 1)
        rows = fetch(self._view.cursor, statement, self._bounds)
        if len(rows) <= MOST_READ:
            held = self._read(rows)
            if held is not None:
                return self._exact(request, after, _joined(candidates.sure, held))
        return self._estimated(request, after, candidates.sure, candidates.doubtful, rows[:_SAMPLE])

    def _exact(self, request: PageRequest, after: Position | None, texts: str) -> Found:
        condition = holds(self._wanted, texts)
        return rows_of(
            self._view, msgspec.structs.replace(request, condition=condition), after, self._bounds
        )

    def _read(self, rows: list[tuple[Any, ...]]) -> str | None:
        """Which of these texts hold it; None when they are too long to be read."""
        held = []
        for number, uri in rows:
            if self._holds(uri):
                held.append(number)
            if self._characters > MOST_CHARACTERS:
                return None
        return msgspec.json.encode(held).decode()

    def _holds(self, uri: str) -> bool:
        self._bounds.check()
        text = self._text_of(uri)
        if text is None:
            return False
        self._characters += len(text)
        return self._wanted in fold_text(text)

    def _estimated(
        self, request: PageRequest, after: Position | None, sure: str, doubtful: str, sample: list[Any]
    ) -> Found:
        some = holds(self._wanted, sure)
        request = msgspec.structs.replace(request, condition=holds(self._wanted, _joined(sure, doubtful)))
        counted = count_both_statement(self._view.table, some, request.condition)
        certain, possible = fetch(self._view.cursor, counted, self._bounds)[0]
        share = sum(self._holds(uri) for _, uri in sample) / max(1, len(sample))
        found = self._fill(request, after, some)
        return msgspec.structs.replace(found, total=certain + round((possible - certain) * share))

    def _fill(self, request: PageRequest, after: Position | None, some: Condition) -> Found:
        """A page in order; it ends early when enough was read, and goes on behind what was read last."""
        chunk = msgspec.structs.replace(request, limit=_CHUNK - 1)
        rows: list[tuple[Any, ...]] = []
        for _ in range(MOST_READ // _CHUNK):
            statement = page_statement(self._view.table, chunk, after, some)
            here = fetch(self._view.cursor, statement, self._bounds)
            for *row, certain in here:
                if certain or self._holds(row[0]):
                    rows.append(tuple(row))
                if len(rows) == request.limit:
                    return Found(rows, None, rows[-1])
            if len(here) < _CHUNK:
                return Found(rows, None, None)
            last = here[-1][:-1]
            if self._characters > MOST_CHARACTERS:
                return Found(rows, None, last)
            after = Position(request.fingerprint, tuple(last[1:]), last[0])
        return Found(rows, None, last)


def holds(wanted: str, texts: str) -> Condition:
    """Files with ``wanted`` in a short field, or with one of these texts (a JSON array of numbers)."""
    listed = """(SELECT unnest(from_json(?::JSON, '["BIGINT"]')))"""
    if texts == _NONE:
        return Condition('contains("Fuzzy", ?)', (wanted,))
    return Condition(f'(contains("Fuzzy", ?) OR coalesce("Text" IN {listed}, false))', (wanted, texts))


def _joined(left: str, right: str) -> str:
    if _NONE in (left, right):
        return left if right == _NONE else right
    return f"{left[:-1]},{right[1:]}"
