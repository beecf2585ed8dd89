"""Files by the tiles of a map."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from bindery.catalog.catalog import Catalog
from bindery.catalog.query.parse import parse_simple_query
from bindery.catalog.records import Dataset, FileWrite, Project
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.file import File

PLACES = [
    "30.25,120.15", "30.26,120.16", "30.25,120.17", "31.2,121.5", "52.5,13.4", "-33.9,151.2", "40.7,-74",
    "90,0", "-90,180", "0,-180", "0,180", "0,0", "85.2,10", "-0.0000001,-0.0000001", None, None,
]  # fmt: skip


def open_catalog(folder: Path) -> tuple[Catalog, int]:
    catalog = SqliteCatalog(folder, account_id="1")
    catalog.projects.create(Project(name="p"))
    dataset = catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    files = []
    for number, place in enumerate(PLACES):
        document = {"Size": number} | ({"LatLong": place} if place else {})
        if number < 3:
            document |= {"Addresses": [{"City": "杭州市" if number else "湖州市", "Country": "中国"}]}
        files.append(FileWrite(uri=f"oss://b/{number:02}", file=msgspec.convert(document, File)))
    catalog.files.write(dataset.id, files)
    return catalog, dataset.id


def tile_of(place: str, zoom: int) -> tuple[int, int]:
    """As the wiki of OpenStreetMap, Slippy map tilenames, has it."""
    latitude, longitude = map(float, place.split(","))
    latitude = max(-85.0511287798066, min(85.0511287798066, latitude))
    side = 2**zoom
    x = int((longitude + 180) / 360 * side)
    y = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * side)
    return min(x, side - 1), max(0, min(y, side - 1))


@pytest.mark.parametrize("zoom", [0, 1, 2, 5, 11, 17, 24])
def test_tiles_are_those_of_web_maps(tmp_path: Path, zoom: int) -> None:
    catalog, dataset = open_catalog(tmp_path)
    found = catalog.queries.geo_tiles(dataset, None, zoom)
    expected = Counter(tile_of(place, zoom) for place in PLACES if place)
    assert sorted(tile.count for tile in found.tiles) == sorted(expected.values())
    assert [tile.count for tile in found.tiles] == sorted(
        (tile.count for tile in found.tiles), reverse=True
    )
    assert found.total == sum(expected.values()) == len(PLACES) - 2
    catalog.close()


def test_where_the_files_of_a_tile_are(tmp_path: Path) -> None:
    catalog, dataset = open_catalog(tmp_path)
    tile = catalog.queries.geo_tiles(dataset, None, 8).tiles[0]
    assert (tile.count, tile.uri, tile.city, tile.country) == (3, "oss://b/00", "杭州市", "中国")
    assert (tile.north, tile.south, tile.west, tile.east) == (30.26, 30.25, 120.15, 120.17)
    assert (tile.latitude, tile.longitude) == pytest.approx((30.2533333, 120.16))
    catalog.close()


def test_of_a_query_and_no_more_than_asked_for(tmp_path: Path) -> None:
    catalog, dataset = open_catalog(tmp_path)
    asia = parse_simple_query(
        {"Field": "LatLong", "Operation": "geo-bounding-box", "Value": "60,100;0,140"}
    )
    found = catalog.queries.geo_tiles(dataset, asia, 8)
    assert (found.total, [tile.count for tile in found.tiles]) == (4, [3, 1])
    first = catalog.queries.geo_tiles(dataset, asia, 8, limit=1)
    assert (first.total, len(first.tiles)) == (4, 1)
    none = parse_simple_query({"Field": "Size", "Operation": "gt", "Value": "1000"})
    assert catalog.queries.geo_tiles(dataset, none, 8).total == 0
    empty = catalog.datasets.create(Dataset(project_id=0, project_name="p", name="empty"))
    assert catalog.queries.geo_tiles(empty.id, None, 0).tiles == ()
    catalog.close()
