"""QueryGeoTiles, an extension: how many files of a query there are in each tile of a map."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.queries import GeoTile, QueryGeoTilesRequest, QueryGeoTilesResponse
from bindery.api.operations import Work
from bindery.api.operations.queries.fields import check_fields, read_query
from bindery.catalog.interface import queries

WORK = Work.QUERY

_TILES = 100


def query_geo_tiles(context: Context, request: QueryGeoTilesRequest) -> QueryGeoTilesResponse:
    """Tiles of the Web Mercator map, as web maps number them; a box in the Query says which part of the map."""
    query = read_query(request.query)
    check_fields(context, query, ())
    dataset = context.catalog.datasets.get(request.project_name, request.dataset_name)
    found = context.catalog.queries.geo_tiles(
        dataset.id, query, request.zoom or 0, limit=request.max_results or _TILES, stop=context.stop
    )
    return QueryGeoTilesResponse(tiles=tuple(map(_answer, found.tiles)), total_hits=found.total)


def _answer(tile: queries.GeoTile) -> GeoTile:
    return GeoTile(
        city=tile.city or None,
        count=tile.count,
        country=tile.country or None,
        east=tile.east,
        latitude=tile.latitude,
        longitude=tile.longitude,
        north=tile.north,
        south=tile.south,
        uri=tile.uri,
        west=tile.west,
    )
