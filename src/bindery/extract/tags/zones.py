"""Which zone a place is in, and how far the clocks of a zone are ahead at a time.

Source: the IANA Time Zone Database, by Python's ``zoneinfo``; the borders of zones are those of tzf (OpenStreetMap,
simplified to about a hundred metres). On the open sea there are the nautical zones ``Etc/GMT…``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from bindery.clock import find_zone


@lru_cache(maxsize=1024)
def zone_of_place(latitude: float, longitude: float) -> str | None:
    """The name of the zone at a place; None where there is none."""
    # The borders take some time and memory to load: only for files that have a position.
    from tzfpy import get_tz  # noqa: PLC0415

    name = get_tz(longitude, latitude)
    try:
        find_zone(name)
    except ValueError:
        return None
    return name


def offset_at(zone: str, local: datetime) -> int:
    """Minutes by which the clocks of a zone are ahead of UTC when they show ``local``; of two moments the first.

    Raises ValueError for an unknown zone.
    """
    return _minutes(local.replace(tzinfo=find_zone(zone)).utcoffset())


def offset_of_instant(zone: str, utc: datetime) -> int:
    """The same at a moment that is told in UTC."""
    return _minutes(utc.replace(tzinfo=UTC).astimezone(find_zone(zone)).utcoffset())


def _minutes(offset: timedelta | None) -> int:
    """Before there were zones, places had offsets with seconds, which RFC 3339 has no room for."""
    return round(offset.total_seconds() / 60) if offset else 0
