"""ListRegions. Source: help page api-imm-2020-09-30-listregions."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.projects import ListRegionsRequest, ListRegionsResponse, RegionType


def list_regions(context: Context, request: ListRegionsRequest) -> ListRegionsResponse:
    """The one region of this server, under its own id in every language."""
    region = context.settings.region_id
    return ListRegionsResponse(regions=(RegionType(region_id=region, local_name=region),))
