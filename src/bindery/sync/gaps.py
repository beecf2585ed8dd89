"""Listings that come to their end although a part of the bucket could not be listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bindery.buckets.store import ObjectInfo, PartlyListed
from bindery.sync.guard import Gone


class Gap:
    """What one listing could not list, known once its pages have all been taken."""

    def __init__(self) -> None:
        self.error: PartlyListed | None = None

    def passing(self, pages: Iterable[list[ObjectInfo]]) -> Iterator[list[ObjectInfo]]:
        """The pages of the listing. Raises what it raises, except PartlyListed."""
        try:
            yield from pages
        except PartlyListed as error:
            self.error = error

    def leave_out(self, gone: Gone) -> None:
        """Nothing is concluded from what the listing lacks below the gap."""
        if self.error is not None:
            gone.leave_out(self.error.prefixes)
