"""Dates that do not stand in a file but in its name, or beside it in the store: for those who asked for guesses.

The names are those of cameras, phones and messengers: ``IMG_20170412_101112.jpg``, ``2017-04-12 10.11.12.jpg``,
``IMG-20170412-WA0001.jpg``, ``Screenshot_2017-04-12-10-11-12.png``, ``PXL_20210101_101112345.jpg``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bindery.buckets.store import ObjectInfo
from bindery.extract.tags.dates import FoundDate, Rank

FALLBACKS = ("none", "name", "file")
"""What may stand in for a date that is not in a picture or a video: nothing, its name, or its name and else the time
of the object in the store."""
GUESSES = ("Name;", "FileTime;")
"""How ProduceTimeSource begins where the date is a guess."""
_LONGEST_NAME = 255
_NAME = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<apart>[-_.]?)(?P<month>0[1-9]|1[0-2])(?P=apart)(?P<day>0[1-9]|[12]\d|3[01])"
    r"(?:(?:[-_ T.]|\sat\s|_at_)*(?P<clock>(?:[01]\d|2[0-3])(?P<between>[-_.:]?)[0-5]\d(?P=between)[0-5]\d)"
    r"(?:[._]?(?P<fraction>\d{3}))?(?P<half>\s?[AP]M)?)?(?!\d)"
)
_IN_UTC = "PXL_"
"""Google's camera names its files by UTC."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def guessed_dates(info: ObjectInfo, fallback: str) -> Iterator[FoundDate]:
    """What an object's name tells, and then what its store tells, as far as ``fallback`` allows."""
    if fallback in ("name", "file"):
        yield from _named(info.key.rpartition("/")[2][-_LONGEST_NAME:])
    if fallback == "file":
        written = _EPOCH + timedelta(microseconds=info.modified_ns // 1000)
        yield FoundDate("FileTime", written.isoformat(), Rank.GUESSED, utc=True)


def _named(name: str) -> Iterator[FoundDate]:
    for match in _NAME.finditer(name):
        text = f"{match['year']}-{match['month']}-{match['day']}"
        if match["clock"]:
            digits = re.sub(r"\D", "", match["clock"])
            text += f" {digits[:2]}:{digits[2:4]}:{digits[4:]}{match['half'] or ''}"
        yield FoundDate("Name", text, Rank.GUESSED, match["fraction"] or "", utc=name.startswith(_IN_UTC))
