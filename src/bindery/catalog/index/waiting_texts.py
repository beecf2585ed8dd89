"""Texts that wait to be held, by the files that have them, and texts that no file has any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from bindery.catalog.index.changes import ChangeSource
from bindery.catalog.index.dataset_files import Attached
from bindery.catalog.index.instance import Instance
from bindery.catalog.index.projection import Projection

_MOST_PASSED = 10
"""Times that further texts are looked at, a thousand each."""


class Taken(NamedTuple):
    """What became of some texts that waited."""

    texts: list[tuple[int, str]]
    """Those that files have, by number."""
    forgotten: int
    left: int
    """How many no file has, which could not be forgotten now."""


class WaitingTexts:
    """Finds the texts that wait, by the files that have them, and forgets those that no file has."""

    def __init__(
        self, instance: Instance, source: ChangeSource, projection: Projection, dataset_id: int
    ) -> None:
        self._instance = instance
        self._source = source
        self._projection = projection
        self._dataset_id = dataset_id

    def tidy(self, files: Attached) -> None:
        """Look through one part of which much was given up. Nobody may write or ask meanwhile."""
        found = files.texts.given_up()
        if found is None:
            return
        part, numbers = found
        needed = self._needed(files, numbers)
        files.texts.tidy(part, [number for number in numbers if number not in needed])

    def _needed(self, files: Attached, numbers: Sequence[int]) -> set[int]:
        if not numbers:
            return set()
        with self._instance.cursor() as cursor:
            # Numbers ascend with the rows, so that a range of them is found without reading the whole column.
            rows = cursor.execute(
                f'SELECT DISTINCT "Text" FROM {files.table} WHERE "Text" BETWEEN ? AND ?',
                [numbers[0], numbers[-1]],
            ).fetchall()
        return {number for (number,) in rows}

    def take(self, files: Attached, most_characters: int, *, forget: bool) -> Taken:
        """Some texts. To ``forget`` any, nobody may ask meanwhile; else those that no file has are passed over, some
        of them."""
        left = last = 0
        for _ in range(_MOST_PASSED):
            numbers = files.texts.waiting(most_characters, last)
            if not numbers:
                break
            taken, last = self._taken(files, numbers, forget=forget), numbers[-1]
            left += taken.left
            if taken.texts or taken.forgotten:
                return taken._replace(left=left)
        return Taken([], 0, left)

    def _taken(self, files: Attached, numbers: Sequence[int], *, forget: bool) -> Taken:
        with self._instance.cursor() as cursor:
            rows = cursor.execute(
                f'SELECT "Text", min("URI") FROM {files.table} WHERE "Text" BETWEEN ? AND ?'
                """ AND "Text" IN (SELECT unnest(from_json(?::JSON, '["BIGINT"]'))) GROUP BY "Text" """,
                [min(numbers), max(numbers), msgspec.json.encode(numbers).decode()],
            ).fetchall()
        uris = dict(rows)
        gone = [number for number in numbers if number not in uris]
        if gone and forget:
            files.texts.forget(gone)
        found = [(number, self._text_of(uri)) for number, uri in uris.items()]
        texts = [(number, text) for number, text in found if text]
        return Taken(texts, len(gone), 0) if forget else Taken(texts, 0, len(gone))

    def _text_of(self, uri: str) -> str | None:
        change = self._source.searched(self._dataset_id, uri)
        return None if change is None else self._projection.searched_text(change)
