"""QueryGeoTiles over the wire; what it counts the catalog tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.api.conftest import Api


def test_names_are_needed_and_must_exist(api: Api, dataset: dict[str, str]) -> None:
    for name in dataset:
        rest = {key: value for key, value in dataset.items() if key != name}
        assert api.refused("QueryGeoTiles", **rest)[:2] == (400, f"Missing{name}")
        assert api.refused("QueryGeoTiles", **{**dataset, name: "nowhere"})[1] == "ResourceNotFound"


def test_tiles_of_a_query(api: Api, dataset: dict[str, str]) -> None:
    places = {"a": "30.25,120.15", "b": "30.25,120.25", "c": "52.5,13.4"}
    files = [{"URI": f"oss://bucket/{name}.jpg", "LatLong": place} for name, place in places.items()]
    api("BatchIndexFileMeta", **dataset, Files=[*files, {"URI": "oss://bucket/d.jpg"}])
    found = api("QueryGeoTiles", **dataset, Zoom=6)
    assert (found["TotalHits"], [tile["Count"] for tile in found["Tiles"]]) == (3, [2, 1])
    assert found["Tiles"][1] == {
        "Count": 1, "Latitude": 52.5, "Longitude": 13.4, "North": 52.5, "South": 52.5, "East": 13.4, "West": 13.4,
        "URI": "oss://bucket/c.jpg",
    }  # fmt: skip
    box = {"Field": "LatLong", "Operation": "geo-bounding-box", "Value": "40,100;20,130"}
    assert api("QueryGeoTiles", **dataset, Zoom=24, Query=box)["TotalHits"] == 2
    assert api("QueryGeoTiles", **dataset, Query=box)["Tiles"][0]["Count"] == 2


def test_what_is_refused(api: Api, dataset: dict[str, str]) -> None:
    for wrong in (
        {"Zoom": 25},
        {"Zoom": -1},
        {"Zoom": "x"},
        {"MaxResults": 2001},
        {"Query": {"Operation": "x"}},
    ):
        assert api.refused("QueryGeoTiles", **dataset, **wrong).status == 400
