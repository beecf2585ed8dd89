"""Objects that a store lists and tells too little of: each is left out alone, and named."""

from __future__ import annotations

from bindery.buckets.store import PartlyListed, StoreUnavailable

_MOST = 1_000
"""A listing with more of them is no listing."""
_SHOWN = 3


class Untold:
    """What one listing could not tell, by key; ``""`` stands for what has no key."""

    def __init__(self) -> None:
        self._why: dict[str, str] = {}

    def note(self, key: str, why: str) -> None:
        """Remember an object. Raises StoreUnavailable when there are too many."""
        self._why[key] = why
        if len(self._why) > _MOST:
            raise StoreUnavailable(f"the store tells too little of its objects: {self._named()}")

    def check_complete(self) -> None:
        """Raise PartlyListed when there was anything."""
        if self._why:
            raise PartlyListed(
                f"the store tells too little to take in: {self._named()}; what is known of them stays as it is",
                frozenset(self._why),
            )

    def _named(self) -> str:
        each = [f"{key!r} ({why})" if key else why for key, why in self._why.items()]
        more = len(each) - _SHOWN
        return f"{', '.join(each[:_SHOWN])}{f' and {more} more' if more > 0 else ''}"
