"""Every date of a picture in the order in which they count.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, section 5: EXIF before XMP before IPTC for
each of the three dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from types import MappingProxyType

from bindery.extract.tags.dates import FoundDate, Moment, Rank, ZoneClues, produce_time
from bindery.extract.tags.exif_dates import exif_date, exif_offsets, gps_date, gps_time
from bindery.extract.tags.iptc import IptcValues, iptc_date
from bindery.extract.tags.maker_dates import maker_note_date
from bindery.extract.tags.tiff import Directory
from bindery.extract.tags.xmp import XmpProperties
from bindery.extract.tags.xmp_dates import xmp_dates

NO_PROPERTIES: XmpProperties = MappingProxyType({})
_RANKS = tuple(Rank)
_IPTC_DATES = {Rank.TAKEN: "DateCreated", Rank.DIGITIZED: "DigitalCreationDate"}


def picture_time(
    directories: Sequence[Directory],
    xmp: XmpProperties,
    iptc: IptcValues,
    others: Sequence[FoundDate],
    place: tuple[float, float] | None,
    zone: str,
    beside: XmpProperties = NO_PROPERTIES,
) -> Moment | None:
    """ProduceTime of a picture. ``others`` are dates from a format's own header, ``zone`` that of the settings. A date
    of capture in a sidecar (``beside``) counts before all of the picture's own."""
    clues = ZoneClues(
        zone,
        lambda: exif_offsets(directories),
        lambda: gps_time(directories),
        place,
        lambda: _with_room_for_a_zone(xmp, iptc),
    )
    own = _dates(directories, xmp, iptc, others)
    return produce_time(chain(xmp_dates(beside, Rank.TAKEN), own), clues)


def _dates(
    directories: Sequence[Directory], xmp: XmpProperties, iptc: IptcValues, others: Iterable[FoundDate]
) -> Iterator[FoundDate]:
    yield from exif_date(directories, Rank.TAKEN)
    yield from xmp_dates(xmp, Rank.TAKEN)
    yield from _iptc_date(iptc, Rank.TAKEN)
    yield from maker_note_date(directories)
    yield from (date for date in others if date.rank is Rank.TAKEN)
    yield from exif_date(directories, Rank.DIGITIZED)
    yield from xmp_dates(xmp, Rank.DIGITIZED)
    yield from _iptc_date(iptc, Rank.DIGITIZED)
    yield from (date for date in others if date.rank is Rank.DIGITIZED)
    yield from (date for date in others if date.rank is Rank.MADE)
    yield from gps_date(directories)
    yield from exif_date(directories, Rank.CHANGED)
    yield from xmp_dates(xmp, Rank.CHANGED)
    yield from (date for date in others if date.rank is Rank.CHANGED)


def _with_room_for_a_zone(xmp: XmpProperties, iptc: IptcValues) -> Iterator[FoundDate]:
    for rank in _RANKS if xmp or iptc else ():
        yield from xmp_dates(xmp, rank)
        yield from _iptc_date(iptc, rank)


def _iptc_date(iptc: IptcValues, rank: Rank) -> Iterator[FoundDate]:
    text = iptc_date(iptc, _IPTC_DATES[rank]) if iptc and rank in _IPTC_DATES else None
    if text:
        yield FoundDate(f"IPTC:{_IPTC_DATES[rank]}", text, rank)
