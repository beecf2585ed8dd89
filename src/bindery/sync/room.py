"""What the caps of a dataset leave room for. What has no room is not read."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding


class Room(msgspec.Struct):
    """Files and bytes that still fit."""

    files: int
    total_size: int

    def take(self, size: int) -> str | None:
        """Reserve room for a file; the name of the cap that leaves none, and then nothing is reserved."""
        if self.files < 1:
            return "DatasetMaxFileCount"
        if self.total_size < size:
            return "DatasetMaxTotalFileSize"
        self.files -= 1
        self.total_size -= size
        return None


def room_in(catalog: Catalog, binding: Binding, reserved: Iterable[int]) -> Room:
    """The room that is left now; ``reserved``: sizes of files that will need some. Raises NotFound."""
    names = (binding.project_name, binding.dataset_name)
    limits, held = catalog.datasets.get(*names).limits, catalog.datasets.statistics(*names)
    sizes = list(reserved)
    return Room(
        limits.dataset_max_file_count - held.file_count - len(sizes),
        limits.dataset_max_total_file_size - held.total_file_size - sum(sizes),
    )
