"""Whether a dataset has room for files that a call wants indexed, asked before they are accepted."""

from __future__ import annotations

from collections.abc import Iterable

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreError
from bindery.buckets.uri import parse_object_uri
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Dataset, LimitExceeded

_FAR = 1 << 50
"""With more bytes left no object is looked up: the largest that OSS takes has less than 2**46."""


def check_room(catalog: Catalog, buckets: Buckets, dataset: Dataset, uris: Iterable[str]) -> None:
    """Raises LimitExceeded when new files would pass DatasetMaxTotalFileSize.

    Objects are looked up only where the cap is near. What cannot be looked up is left to its indexing.
    """
    cap = dataset.limits.dataset_max_total_file_size
    room = cap - catalog.datasets.statistics(dataset.project_name, dataset.name).total_file_size
    if room >= _FAR:
        return
    wanted = list(dict.fromkeys(uris))
    present = {record.uri for record in catalog.files.get(dataset.id, wanted)}
    for uri in wanted:
        if uri not in present:
            room -= _size(buckets, uri)
            if room < 0:
                raise LimitExceeded("DatasetMaxTotalFileSize")


def _size(buckets: Buckets, uri: str) -> int:
    try:
        found = parse_object_uri(uri)
        return buckets.open(found.bucket).details(found.key).info.size
    except (StoreError, ValueError):
        return 0
