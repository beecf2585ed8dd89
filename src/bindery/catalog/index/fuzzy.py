"""FuzzyQuery: files that hold a piece of text, in short fields (a column) or in their document's text.

The index of texts names those that hold it for sure and those that may. The latter are read in the record, up
to a bound for one question, and then the total is exact. A sample tells first whether they are too many to be read:
then it tells the total, too, and a page is filled in order until as much was read.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from bindery.catalog.index.dataset_files import View
from bindery.catalog.index.pages import Found, fetch, rows_of
from bindery.catalog.index.statements import (
    PageRequest,
    count_both_statement,
    in_short_fields,
    page_statement,
    text_statement,
)
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.query.condition import Condition
from bindery.catalog.query.folding import FoldedSearch, fold_text
from bindery.catalog.query.token import Position

MOST_READ = 10_000
"""Documents read for one answer."""
READING_COST = 150_000_000
"""What they may cost: about 0.3 s, counted in ASCII characters that are looked through."""
_COST_WHILE_WAITING = 650_000_000
"""The same while texts only wait to be held: 300 of 2 MB, for rather a second or two than a page that is short."""
_COST_OF_DOCUMENT = 25_000
_COST_BEYOND_ASCII = 10
_SAMPLE = 250
_FEW_TEXTS = 2_000
"""Up to so many are listed for the columns; more are marked in a row of bits, one for each text of the dataset."""


class FuzzySearch:
    """One question. ``text_of`` gives the text of an entry by its URI."""

    def __init__(
        self, view: View, text_of: Callable[[str], str | None], wanted: str, bounds: Bounds
    ) -> None:
        self._view = view
        self._text_of = text_of
        self._wanted = wanted
        self._search = FoldedSearch(wanted)
        self._bounds = bounds
        self._cost = 0
        self._most = READING_COST
        self._verdicts: dict[str, bool] = {}

    def page(self, request: PageRequest, after: Position | None) -> Found:
        """One page, its condition set aside."""
        if not self._wanted:
            return self._exact(request, after, ())
        candidates = self._view.texts.candidates(self._wanted, self._bounds)
        doubtful = candidates.doubtful
        if candidates.waiting:
            self._most = _COST_WHILE_WAITING
        if len(doubtful) <= MOST_READ and self._are_cheap(doubtful):
            held = self._read(self._readable(doubtful))
            if held is not None:
                return self._exact(request, after, candidates.sure + array("q", held))
        return self._estimated(request, after, candidates.sure, doubtful)

    def _are_cheap(self, doubtful: array[int]) -> bool:
        """Whether reading all of them costs no more than an answer may, as far as a sample tells."""
        if len(doubtful) <= _SAMPLE:
            return True
        self._read_sample(doubtful)
        return self._cost * len(doubtful) <= self._most * len(self._verdicts)

    def _readable(self, texts: Sequence[int]) -> list[tuple[Any, ...]]:
        """Each of these texts with a file that has it, unless a short field of the file holds what is wanted."""
        if not texts:
            return []
        statement = text_statement(
            self._view.table, self._wanted, msgspec.json.encode(list(texts)).decode()
        )
        return fetch(self._view, statement, self._bounds)

    def _exact(self, request: PageRequest, after: Position | None, texts: Collection[int]) -> Found:
        condition = self._holding(texts)
        return rows_of(
            self._view, msgspec.structs.replace(request, condition=condition), after, self._bounds
        )

    def _read(self, rows: list[tuple[Any, ...]]) -> list[int] | None:
        """Which of these texts hold it; None when reading them costs too much."""
        held = []
        for number, uri in rows:
            if self._holds(uri):
                held.append(number)
            if self._cost > self._most:
                return None
        return held

    def _holds(self, uri: str) -> bool:
        verdict = self._verdicts.get(uri)
        if verdict is None:
            verdict = self._verdicts[uri] = self._look_into(uri)
        return verdict

    def _look_into(self, uri: str) -> bool:
        self._bounds.check()
        text = self._text_of(uri)
        self._cost += _COST_OF_DOCUMENT
        if text is None:
            return False
        self._cost += len(text)
        found = self._search.holds(text)
        if found is None:
            self._cost += len(text) * _COST_BEYOND_ASCII
            found = self._wanted in fold_text(text)
        return found

    def _estimated(
        self, request: PageRequest, after: Position | None, sure: array[int], doubtful: array[int]
    ) -> Found:
        some = self._holding(sure)
        request = msgspec.structs.replace(request, condition=self._holding(sure + doubtful))
        counted = count_both_statement(self._view.table, some, request.condition)
        certain, possible = fetch(self._view, counted, self._bounds)[0]
        if not self._verdicts:
            self._read_sample(doubtful)
        share = sum(self._verdicts.values()) / max(1, len(self._verdicts))
        # One answer costs no more than it may, unless the sample was wrong: no page ends with nothing read.
        self._most = max(self._most, self._cost + self._most // 2)
        found = self._fill(request, after, some)
        total = certain + round((possible - certain) * share)
        return msgspec.structs.replace(found, total=max(total, len(found.rows)))

    def _read_sample(self, doubtful: array[int]) -> None:
        # The same question has the same sample on every page.
        chosen = random.Random(len(doubtful)).sample(doubtful, min(_SAMPLE, len(doubtful)))  # noqa: S311
        for _, uri in self._readable(chosen):
            self._holds(uri)
            if self._cost > self._most / 2:
                return

    def _fill(self, request: PageRequest, after: Position | None, some: Condition) -> Found:
        """A page in order; it ends early when enough was read, and goes on behind what was read last."""
        chunk = msgspec.structs.replace(request, limit=MOST_READ - 1)
        statement = page_statement(self._view.table, chunk, after, some)
        rows: list[tuple[Any, ...]] = []
        last = None
        here = fetch(self._view, statement, self._bounds)
        for *row, certain in here:
            last = tuple(row)
            if certain or self._holds(row[0]):
                rows.append(last)
            if len(rows) == request.limit or self._cost > self._most:
                return Found(rows, None, last)
        return Found(rows, None, last if len(here) == MOST_READ else None)

    def _holding(self, texts: Collection[int]) -> Condition:
        """Files with what is wanted in a short field, or with one of these texts."""
        short = in_short_fields(self._wanted)
        if not texts:
            return short
        if len(texts) <= _FEW_TEXTS:
            listed = """(SELECT unnest(from_json(?::JSON, '["BIGINT"]')))"""
            return Condition(
                f'({short.sql} OR coalesce("Text" IN {listed}, false))',
                (*short.parameters, msgspec.json.encode(list(texts)).decode()),
            )
        bits = bytearray(b"0") * (max(texts) + 1)
        for number in texts:
            bits[number] = 49  # the digit 1
        marked = (
            f'CASE WHEN "Text" < {len(bits):d} THEN get_bit(?::BIT, "Text"::INTEGER) = 1 ELSE false END'
        )
        return Condition(f"({short.sql} OR {marked})", (*short.parameters, bits.decode()))
