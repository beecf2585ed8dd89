"""Files by the tiles of a map: the squares of the Web Mercator projection, four of each in the next zoom.

Source: EPSG:3857, and the numbers of tiles as all web maps have them.
"""

from __future__ import annotations

from bindery.catalog.index.dataset_files import View
from bindery.catalog.index.pages import fetch
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.interface.queries import GeoTile, GeoTiles
from bindery.catalog.query.condition import Condition

_EDGE = 85.0511287798066
"""The latitude in which the map ends; places beyond are in its last tiles."""


def geo_tiles(view: View, condition: Condition, zoom: int, limit: int, bounds: Bounds) -> GeoTiles:
    """The ``limit`` tiles with most files, and the number of files with a place."""
    rows = fetch(view, _statement(view.table, condition, zoom, limit), bounds)
    tiles = tuple(
        GeoTile(
            count=count,
            latitude=latitude,
            longitude=longitude,
            north=north,
            south=south,
            east=east,
            west=west,
            uri=uri,
            city=city or "",
            country=country or "",
        )
        for count, latitude, longitude, north, south, east, west, uri, city, country, _ in rows
    )
    return GeoTiles(tiles, int(rows[0][-1]) if rows else 0)


def _statement(table: str, condition: Condition, zoom: int, limit: int) -> Condition:
    side = 1 << zoom
    latitude = f"greatest(-{_EDGE}, least({_EDGE}, lat))"
    x = f"least({side - 1}, CAST(floor((lon + 180) / 360 * {side}) AS BIGINT))"
    y = f"CAST(floor((1 - asinh(tan(radians({latitude}))) / pi()) / 2 * {side}) AS BIGINT)"
    y = f"greatest(0, least({side - 1}, {y}))"
    sql = (
        "SELECT count(*) AS n, avg(lat), avg(lon), max(lat), min(lat), max(lon), min(lon), min(uri), mode(city),"
        f" mode(country), sum(count(*)) OVER () FROM (SELECT lat, lon, uri, city, country, {x} AS x, {y} AS y FROM"
        ' (SELECT "Latitude" AS lat, "Longitude" AS lon, "URI" AS uri, "Addresses.City"[1] AS city,'
        ' "Addresses.Country"[1] AS country'
        f' FROM {table} WHERE "Latitude" IS NOT NULL AND {condition.sql}))'
        f" GROUP BY x, y ORDER BY n DESC, x, y LIMIT {limit:d}"
    )
    return Condition(sql, condition.parameters)
