"""Which dataset a page is about, as its address says."""

from __future__ import annotations

from urllib.parse import quote

from bindery.web.page_request import PageRequest


def place_of(request: PageRequest) -> dict[str, str]:
    """Parameters that name the dataset."""
    return {"ProjectName": request.named["project"], "DatasetName": request.named["dataset"]}


def place_path(request: PageRequest) -> str:
    """Project and dataset as they stand in addresses."""
    return "/".join(quote(request.named[name], safe="") for name in ("project", "dataset"))
