"""The datasets of a record that no server has open."""

from __future__ import annotations

from collections.abc import Iterator

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Dataset

_PAGE = 100


def datasets_in(
    catalog: Catalog, project: str | None = None, dataset: str | None = None
) -> Iterator[Dataset]:
    """Those of a project and of a name, in order; of all where None is given."""
    for name in [project] if project else _project_names(catalog):
        after = ""
        while page := catalog.datasets.list(name, after=after, limit=_PAGE):
            yield from (each for each in page if dataset in (None, each.name))
            after = page[-1].name


def _project_names(catalog: Catalog) -> Iterator[str]:
    after = ""
    while page := catalog.projects.list(after=after, limit=_PAGE):
        yield from (each.name for each in page)
        after = page[-1].name
