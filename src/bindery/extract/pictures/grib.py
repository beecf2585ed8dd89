"""GRIB: the grid of the first message, as wide and high as it has points.

Source: WMO Manual on Codes (WMO-No. 306), FM 92 GRIB editions 1 (section 2, octets 7 to 10) and 2 (section 3, templates
3.0 to 3.40 and 3.90: octets 31 to 38).
"""

from __future__ import annotations

import struct

from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.tiff import Source

_MOST_SECTIONS = 8
_UNKNOWN = (0xFFFF, 0xFFFFFFFF)
"""Grids of rows of different lengths tell no width."""
_WITH_SIDES = frozenset((*range(6), 10, 12, 20, *range(30, 35), 40, 41, 42, 43, 90, 140))
"""Templates whose octets 31 to 38 are the numbers of points along both directions."""


def read_grib(source: Source, picture: Picture) -> None:
    """A field of values on a grid; its height is the number of rows. Fields without a grid of sides have no size."""
    picture.format = "grib"
    picture.sizeless = True
    head = source.peek_at(0, 16)
    sides = _first_edition(source) if head[7] == 1 else _second_edition(source)
    if sides is not None and not any(side in _UNKNOWN for side in sides):
        picture.resize(sides)


def _first_edition(source: Source) -> tuple[int, int] | None:
    product = source.peek_at(8, 8)
    if len(product) < 8 or not product[7] & 0x80:
        return None
    grid = source.peek_at(8 + int.from_bytes(product[:3], "big"), 10)
    width, height = struct.unpack_from(">HH", grid, 6)
    return int(width), int(height)


def _second_edition(source: Source) -> tuple[int, int] | None:
    at = 16
    for _ in range(_MOST_SECTIONS):
        head = source.peek_at(at, 38)
        if len(head) < 38:
            return None
        if head[4] == 3:
            template = int.from_bytes(head[12:14], "big")
            width, height = struct.unpack_from(">II", head, 30)
            return (int(width), int(height)) if template in _WITH_SIDES else None
        at += max(int.from_bytes(head[:4], "big"), 5)
    return None
