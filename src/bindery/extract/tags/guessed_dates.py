"""Dates that do not stand in a file but in its name, or beside it in the store: for those who asked for guesses.

The names are those of cameras, phones and messengers: ``IMG_20170412_101112.jpg``, ``2017-04-12 10.11.12.jpg``,
``IMG-20170412-WA0001.jpg``, ``Screenshot_2017-04-12-10-11-12.png``, ``PXL_20210101_101112345.jpg``.
"""

from __future__ import annotations

import re
import unicodedata
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
_BETWEEN = r"(?:[\s_]*(?:[-.T]|(?:[\s_][^\W\d_]{1,6}\.?){1,2}[\s_])?[\s_]*)"
"""A sign, or a word or two, as macOS has them in each language: ``at``, ``um``, ``a las``, ``kl.``."""
_HALF = r"[AaPp][Mm]|上午|下午|午前|午後|오전|오후"
_NAME = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<apart>[-_.]?)(?P<month>0[1-9]|1[0-2])(?P=apart)(?P<day>0[1-9]|[12]\d|3[01])"
    rf"(?:{_BETWEEN}(?:(?P<before>{_HALF})\s?)?(?:"
    r"(?P<clock>(?:[01]\d|2[0-3])(?P<between>[-_.:]?)[0-5]\d(?P=between)[0-5]\d)"
    r"|(?P<short>\d(?P<apart_of_it>[.:])[0-5]\d(?P=apart_of_it)[0-5]\d)"
    r"|(?P<lettered>(?:[01]\d|2[0-3])h[0-5]\dm[0-5]\ds))"
    rf"(?:[._]?(?P<fraction>\d{{3}})|-(?P<apart_fraction>\d{{3}}))?(?:\s?(?P<half>{_HALF})(?![^\W\d_]))?"
    r"(?P<zone>Z(?![^\W\d_])|\+\d\d:?\d\d)?)?(?!\d)"
)
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2}([.-])\d{1,2}\2(?:19|20)\d\d)(?!\d)")
_COUNT = re.compile(r"(?<!\d)(1\d{9})(\d{3})(?!\d)|^RPReplay_Final(\d{10})(?!\d)")
"""Milliseconds since 1970, of which messengers make names (``mmexport1718445600000.jpg``), or seconds (iOS)."""
_CHARACTERS = str.maketrans({"年": "-", "月": "-", "日": " ", "時": ":", "时": ":", "分": ":", "秒": " "})
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
    if not name.isascii():
        name = unicodedata.normalize("NFC", name).translate(_CHARACTERS)
    for match in _NAME.finditer(name):
        yield FoundDate("Name", _text(match), Rank.GUESSED, _fraction(match), utc=name.startswith(_IN_UTC))
    for match in _DAY_FIRST.finditer(name):
        yield FoundDate("Name", match[1], Rank.GUESSED)
    for match in _COUNT.finditer(name):
        moment = _EPOCH + timedelta(seconds=int(match[1] or match[3]))
        yield FoundDate("Name", moment.isoformat(), Rank.GUESSED, match[2] or "", utc=True)


def _text(match: re.Match[str]) -> str:
    day = f"{match['year']}-{match['month']}-{match['day']}"
    clock = match["clock"] or match["short"] or match["lettered"]
    if not clock:
        return day
    digits = re.sub(r"\D", "", clock).zfill(6)
    half = match["half"] or match["before"] or ""
    return f"{day} {digits[:2]}:{digits[2:4]}:{digits[4:]}{half}{match['zone'] or ''}"


def _fraction(match: re.Match[str]) -> str:
    """A hyphen stands before the fraction where hyphens stand within the time."""
    return match["fraction"] or (match["apart_fraction"] if match["between"] == "-" else "") or ""
