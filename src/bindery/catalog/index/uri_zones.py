"""Where which URIs are in the columns: the least and greatest one of each zone, which some changes have brought.

DuckDB knows the least and greatest value of every column in a row group, but of texts only their first eight bytes,
which all URIs of a bucket share. A full scan brings files in the order of their keys, so that its zones follow each
other: a page in the order of URIs, or what begins with something, is in few of them. A zone only ever grows: what is
removed stays within it.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

import msgspec

from bindery.catalog.query.compile import UriPart
from bindery.catalog.query.condition import NOTHING, Condition

BATCH = "Batch"
"""The column that says where a row is: the number of the newest change of the batch that brought it."""
_SHIFT = 13
"""A zone is what the batches of 8,192 numbers have brought."""
_MOST_RANGES = 32
"""Of batches in one condition; what is in more of them is not worth it."""
EVERYWHERE = Condition("true")


class Zone(msgspec.Struct, frozen=True, gc=False):
    """What some batches have brought. ``rows`` counts those that were replaced since, too."""

    number: int
    first: str
    last: str
    rows: int

    def meets(self, part: UriPart) -> bool:
        """Whether one of its URIs may be within what is asked."""
        return self.first < part.behind and self.last >= part.first

    def is_in(self, part: UriPart) -> bool:
        """Whether all of its URIs are."""
        return self.first >= part.first and self.last < part.behind

    def with_(self, other: Zone) -> Zone:
        """Both as one."""
        return Zone(
            self.number, min(self.first, other.first), max(self.last, other.last), self.rows + other.rows
        )


class ZoneMap:
    """All zones of one dataset at one time, by their first URIs."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self.zones = sorted(zones, key=lambda zone: zone.first)
        self.rows = sum(zone.rows for zone in self.zones)

    def behind(self, uri: str) -> list[Zone]:
        """Those that may have a URI behind this one, by their first URIs."""
        return [zone for zone in self.zones if zone.last > uri]

    def among(self, part: UriPart) -> tuple[list[Zone], list[Zone]]:
        """Those whose URIs are all within what is asked, and those of which some may be."""
        met = [zone for zone in self.zones if zone.meets(part)]
        return [zone for zone in met if zone.is_in(part)], [zone for zone in met if not zone.is_in(part)]


class UriZones:
    """The zones of one file of columns. Safe for threads."""

    def __init__(self, *, new: bool) -> None:
        """``new``: the file is empty; the zones of any other have to be ``learned``."""
        self._lock = threading.Lock()
        self._zones: dict[int, Zone] = {}
        self._known = new
        self._map: ZoneMap | None = None

    def widen(self, batch: int, uris: Sequence[str]) -> None:
        """To be told before a batch is committed, so that whoever sees its rows finds them in a zone."""
        if uris:
            with self._lock:
                self._add(Zone(batch >> _SHIFT, min(uris), max(uris), len(uris)))

    def learn(self, rows: Iterable[tuple[int, str, str, int]]) -> None:
        """What ``statement`` has found."""
        with self._lock:
            for row in () if self._known else rows:
                self._add(Zone(*row))
            self._known = True

    def _add(self, zone: Zone) -> None:
        held = self._zones.get(zone.number)
        self._zones[zone.number] = zone if held is None else held.with_(zone)
        self._map = None

    def found(self) -> ZoneMap | None:
        """None until they are known. Whoever asks in a transaction that has read already finds all that it sees."""
        with self._lock:
            if self._map is None and self._known:
                self._map = ZoneMap(self._zones.values())
            return self._map

    def holding(self, uris: Iterable[str]) -> Condition:
        """Where rows of some URIs are, by the one who writes them."""
        ordered, found = sorted(uris), self.found()
        if found is None:
            return EVERYWHERE
        held = [
            zone
            for zone in found.zones
            if bisect_left(ordered, zone.first) < bisect_right(ordered, zone.last)
        ]
        return in_zones(held) or EVERYWHERE

    @staticmethod
    def statement(table: str) -> Condition:
        """What a file that was not made in this process has."""
        return Condition(
            f'SELECT "{BATCH}" >> {_SHIFT:d} AS zone, min("URI"), max("URI"), count(*) FROM {table} GROUP BY zone'
        )


def first_zones(zones: Sequence[Zone], rows: int, uri: str) -> Sequence[Zone]:
    """The first of some, by their first URIs: so many that they have so many rows, and all that may have a URI up to
    this one."""
    held = 0
    for count, zone in enumerate(zones):
        if held >= rows and zone.first > uri:
            return zones[:count]
        held += zone.rows
    return zones


def in_zones(zones: Iterable[Zone]) -> Condition | None:
    """Rows of these zones; None when they are in too many places."""
    ranges: list[list[int]] = []
    for number in sorted(zone.number for zone in zones):
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] = number + 1
        else:
            ranges.append([number, number + 1])
    if len(ranges) > _MOST_RANGES:
        return None
    if not ranges:
        return NOTHING
    sql = " OR ".join(
        f'"{BATCH}" >= {first << _SHIFT:d} AND "{BATCH}" < {end << _SHIFT:d}' for first, end in ranges
    )
    if len(ranges) == 1:
        return Condition(f"({sql})")
    # DuckDB passes row groups by that are not within the whole of it.
    first, end = ranges[0][0], ranges[-1][1]
    return Condition(f'("{BATCH}" >= {first << _SHIFT:d} AND "{BATCH}" < {end << _SHIFT:d} AND ({sql}))')
