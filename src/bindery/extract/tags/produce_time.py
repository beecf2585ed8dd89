"""When a picture was taken, from its EXIF dates or what stands in for them.

Source: EXIF 2.32 section 4.6.5 (DateTimeOriginal, SubSecTimeOriginal, OffsetTimeOriginal, …).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bindery.clock import format_time, parse_time, parse_zone
from bindery.extract.tags.tiff import Directory

_DATE = re.compile(r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T]+(\d\d):(\d\d)(?::(\d\d))?(?:\.(\d+))?")
_DATES = (
    ("DateTimeOriginal", 0x9003, 0x9291, 0x9011),
    ("DateTimeDigitized", 0x9004, 0x9292, 0x9012),
    ("DateTime", 0x0132, 0x9290, 0x9010),
)
"""Taken, digitized, changed: a date's name and its tag, and the tags of its fraction and its offset."""


def produce_time(directories: Sequence[Directory], others: Mapping[str, str], zone: str) -> str | None:
    """RFC 3339 text of the first usable date; ``zone`` stands in for a missing offset.

    ``others`` are dates by tag name from elsewhere than EXIF, with their offset at the end when they have
    one; each stands in for the tag of its name.
    """
    main = [found for found in directories if found.name in ("Exif", "IFD0")]
    for name, *tags in _DATES:
        date, fraction, offset = (_first(main, tag) for tag in tags)
        moment = exif_time(date, fraction, offset, zone) or _other_time(others.get(name), zone)
        if moment is not None:
            return moment
    return None


def _other_time(text: str | None, zone: str) -> str | None:
    offset = re.search(r"(?:Z|[+-]\d\d:\d\d)$", (text or "").strip())
    return exif_time(text, None, offset[0] if offset else None, zone)


def exif_time(date: str | None, fraction: str | None, offset: str | None, zone: str) -> str | None:
    """RFC 3339 text of an EXIF date, e.g. ``2024:11:17 17:50:19``; None when it is no date."""
    match = _DATE.match((date or "").strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, inline = match.groups()
    digits = re.match(r"\d*", (fraction or "").strip())
    part = (digits[0] if digits and digits[0] else inline or "")[:9]
    try:
        offset = offset_text(offset) or zone
        clock = f"{hour}:{minute}:{second or '00'}" + (f".{part}" if part else "")
        instant = parse_time(f"{year}-{month}-{day}T{clock}{offset}")
        return format_time(instant, parse_zone(offset))
    except (ValueError, OverflowError):
        return None


def offset_text(text: str | None) -> str | None:
    """An EXIF offset such as ``+08:00``; None when it is none."""
    text = (text or "").strip()
    try:
        parse_zone(text)
    except ValueError:
        return None
    return text.upper()


def _first(directories: Sequence[Directory], tag: int) -> str | None:
    texts = (directory.text(tag, 64) for directory in directories)
    return next((text for text in texts if text), None)
