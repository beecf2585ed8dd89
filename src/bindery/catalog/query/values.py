"""Values of a query, read by the class of their field."""

from __future__ import annotations

import math
import re

import msgspec

from bindery.catalog.query.fields import Field, Kind
from bindery.catalog.query.folding import fold_text
from bindery.catalog.query.syntax import QueryError
from bindery.clock import parse_time

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
CJK = "\u2e80-\u2fff\u3005-\u3007\u3021-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""Ranges whose letters are tokens of their own: ideographs, kana and Hangul, without their punctuation."""
_TOKEN = re.compile(f"(?=[^\\W_])(?:[{CJK}]|[^\\W_{CJK}]+)")
FUZZY_SEPARATOR = "\x1e"
"""Stands between texts of one file that are searched as one."""
MAX_POLYGON_POINTS = 1000
MAX_TEXT = 16_384
"""Characters of a value that the index holds; the query's values are cut in the same place."""
MAX_ELEMENTS = 4_096
"""Elements of an array that the index holds."""
MAX_LIST_TEXT = 65_536
"""Characters of all texts of one field of an array, or of a map, that the index holds: it reads 2,048 files of a
column at a time, and has to find room for them."""

Point = tuple[float, float]
"""Latitude, longitude in degrees."""


class Circle(msgspec.Struct, frozen=True):
    """All points within ``radius`` metres."""

    centre: Point
    radius: float


class Box(msgspec.Struct, frozen=True):
    """A rectangle by its top left and bottom right corner; it may cross the 180th meridian."""

    top_left: Point
    bottom_right: Point


class Polygon(msgspec.Struct, frozen=True):
    """Points in order round the edge; the ring closes by itself."""

    points: tuple[Point, ...]


def read_scalar(field: Field, text: str) -> int | float | str:
    """The value of a leaf: nanoseconds for times. Raises QueryError when it does not fit the field."""
    if field.kind is Kind.INT:
        return _read_integer(field, text)
    if field.kind is Kind.FLOAT:
        return _read_number(field, text)
    if field.kind is Kind.TIME:
        try:
            return clamp_int64(parse_time(text.strip()))
        except ValueError:
            raise QueryError(
                f"Value {text[:64]!r} of field {field.name} is not an RFC 3339 time with offset."
            ) from None
    return text[:MAX_TEXT]


def clamp_int64(value: int) -> int:
    """The nearest value that a column of 64-bit integers can hold."""
    return max(INT64_MIN, min(INT64_MAX, value))


def _read_integer(field: Field, text: str) -> int:
    text = text.strip()
    if not _INTEGER.fullmatch(text) or not INT64_MIN <= int(text) <= INT64_MAX:
        raise QueryError(f"Value {text[:64]!r} of field {field.name} is not a 64-bit integer.")
    return int(text)


def _read_number(field: Field, text: str) -> float:
    text = text.strip()
    number = float(text) if len(text) <= 400 and _NUMBER.fullmatch(text) else math.inf
    if not math.isfinite(number):
        raise QueryError(f"Value {text[:64]!r} of field {field.name} is not a number.")
    return number


def read_circle(text: str) -> Circle:
    """``lat,long;radius`` with the radius in metres."""
    centre, separator, radius = text.partition(";")
    number = _finite(radius) if separator else None
    if number is None or number < 0:
        raise QueryError("Value of geo-distance must be 'latitude,longitude;radius in metres'.")
    return Circle(read_point(centre), number)


def read_box(text: str) -> Box:
    """``lat,long;lat,long``: top left, then bottom right."""
    corners = text.split(";")
    if len(corners) != 2:
        raise QueryError(
            "Value of geo-bounding-box must be 'top left;bottom right', each 'latitude,longitude'."
        )
    box = Box(read_point(corners[0]), read_point(corners[1]))
    if box.top_left[0] < box.bottom_right[0]:
        raise QueryError("Value of geo-bounding-box: the first corner must be the northern one.")
    return box


def read_point(text: str) -> Point:
    """``lat,long`` in degrees. Raises QueryError."""
    point = parse_point(text)
    if point is None:
        raise QueryError(
            f"{text[:64]!r} is not 'latitude,longitude' with latitude -90 to 90 and longitude -180 to 180."
        )
    return point


def read_polygon(text: str) -> Polygon:
    """Three or more ``lat,long`` joined by ``;``."""
    corners = text.strip().removesuffix(";").split(";")
    if not 3 <= len(corners) <= MAX_POLYGON_POINTS:
        raise QueryError(
            f"Value of geo-polygon must have 3 to {MAX_POLYGON_POINTS} points 'latitude,longitude'."
        )
    return Polygon(tuple(read_point(corner) for corner in corners))


def parse_point(text: str) -> Point | None:
    """``lat,long`` in range, else None."""
    parts = text.split(",")
    if len(parts) != 2:
        return None
    latitude, longitude = _finite(parts[0]), _finite(parts[1])
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return latitude, longitude


def _finite(text: str) -> float | None:
    text = text.strip()
    if len(text) > 64 or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def tokens_of(text: str) -> list[str]:
    """Tokens as a phrase search sees them: each Chinese, Japanese or Korean character alone; runs of other
    letters and digits, folded.

    Source: help page tokenization-of-text-column-in-search-index of Tablestore (default tokenizer).
    """
    return _TOKEN.findall(fold_text(text))


def phrase_text(text: str) -> str:
    """The tokens of a text as one, with a space before and behind each, so that phrases are parts of it."""
    return f" {' '.join(tokens_of(text))} "


def lower_text(text: str) -> str:
    """``text`` in lower case, character by character, as DuckDB's and PostgreSQL's ``lower`` do it: no
    character grows into two, and a sigma does not depend on its neighbours."""
    if not text.isascii():
        text = text.replace("\u0130", "i").replace("\u03a3", "\u03c3")
    return text.lower()


def fuzzy_text(*texts: str) -> str:
    """Texts as a fuzzy search compares them: folded, parted by a character that none of them holds."""
    return FUZZY_SEPARATOR.join(fold_text(text.replace(FUZZY_SEPARATOR, " ")) for text in texts)
