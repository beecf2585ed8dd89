"""SimpleQuery, Sort and Aggregations over a list of documents, in plain Python.

Written from the reference text alone, as a second opinion on the compiler: it shares no code with it. Text
classes, tokens and times are worked out here again.
"""

from __future__ import annotations

import functools
import json
import math
import unicodedata
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

Document = dict[str, Any]

ARRAYS = {"Addresses", "Labels", "Figures", "VideoStreams", "AudioStreams", "Subtitles"}
MAPS = {"CustomLabels", "OSSTagging", "OSSUserMeta"}
TIMES = {"CreateTime", "UpdateTime", "FileModifiedTime", "FileCreateTime", "FileAccessTime", "ProduceTime"}
NUMBERS = {
    "Size", "OSSTaggingCount", "ImageWidth", "ImageHeight", "Orientation", "ImageScore.OverallQualityScore",
    "Labels.LabelLevel", "Labels.LabelConfidence", "Labels.CentricScore", "FigureCount", "Figures.Age",
    "Figures.AgeSD", "Figures.HeadPose.Pitch", "VideoWidth", "VideoHeight", "Bitrate", "StreamCount",
    "ProgramCount", "Duration", "StartTime", "PageCount", "VideoStreams.Duration", "VideoStreams.Width",
    "AudioStreams.Channels", "Subtitles.Index",
}  # fmt: skip
TAG_NUMBERS = {"EXIF.ISOSpeedRatings", "EXIF.ExposureBiasValue", "Tags.Rating", "Tags.TrackNumber"}
EXIF_VALUES = {"100": 100, "28/10": 2.8, "3/12": 0.25, "5.0": 5, "-7": -7, "1/0": None}
TAG_VALUES = EXIF_VALUES | {"28/10": 28, "3/12": 3, "1/0": 1}
"""Texts that are numbers, in EXIF and elsewhere."""
EARTH_RADIUS = 6_371_008.8


def matches(document: Document, node: dict[str, Any]) -> bool:
    """Whether a file matches a tree."""
    operation = node["Operation"]
    if operation in ("and", "or", "not"):
        held = [matches(document, entry) for entry in node["SubQueries"]]
        return {"and": all(held), "or": any(held), "not": not any(held)}[operation]
    if operation == "nested":
        array = node["Field"]
        elements = document.get(array) or []
        return any(
            all(_on_element(element, array, entry) for entry in node["SubQueries"]) for element in elements
        )
    return _leaf(document, node)


def _on_element(element: Document, array: str, node: dict[str, Any]) -> bool:
    operation = node["Operation"]
    if operation in ("and", "or", "not"):
        held = [_on_element(element, array, entry) for entry in node["SubQueries"]]
        return {"and": all(held), "or": any(held), "not": not any(held)}[operation]
    value = _at(element, node["Field"].removeprefix(f"{array}."))
    return _holds(node["Field"], value, node)


def _leaf(document: Document, node: dict[str, Any]) -> bool:
    field = node["Field"]
    head, _, rest = field.partition(".")
    if head in ("EXIF", "Tags"):
        return _tag_leaf(document, field, node)
    if head in MAPS:
        return _map_leaf(head, rest, document.get(head) or {}, node)
    if head in ARRAYS:
        elements = document.get(head) or []
        if not rest:
            return bool(elements)
        return any(_holds(field, _at(element, rest), node) for element in elements)
    if field == "LatLong":
        return _geo(document.get("LatLong"), node)
    return _holds(field, _at(document, field), node)


def _tag_leaf(document: Document, field: str, node: dict[str, Any]) -> bool:
    if field in ("EXIF", "Tags"):
        return document.get(field) not in (None, "{}", {})
    values = tag_values(document, field)
    if node["Operation"] == "exist":
        return bool(values)
    wanted = node["Value"]
    if field in TAG_NUMBERS:
        return any(_compare(value, node["Operation"], float(wanted)) for value in values)
    if node["Operation"] == "match-phrase":
        return any(phrase_in(wanted, value) for value in values)
    return any(_compare(value, node["Operation"], wanted) for value in values)


def tag_values(document: Document, field: str) -> list[Any]:
    """All values of a raw tag; of a number those that are one."""
    head, _, name = field.partition(".")
    if head == "EXIF":
        member = json.loads(document.get("EXIF") or "{}").get(name)
        texts, numbers = [] if member is None else [member["value"]], EXIF_VALUES
    else:
        texts, numbers = (document.get("Tags") or {}).get(name, []), TAG_VALUES
    if field not in TAG_NUMBERS:
        return texts
    return [number for text in texts if (number := numbers.get(text)) is not None]


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        if value is None:
            return None
        value = value.get(part)
    return value


def map_values(name: str, key: str, held: dict[str, str]) -> list[str]:
    """What stands under a key, as it is compared."""

    def fold_key(text: str) -> str:
        if name == "OSSTagging":
            return text
        return simple_lower(text).removeprefix("x-oss-meta-" if name == "OSSUserMeta" else "\0")

    return [_fold_value(name, value) for inner, value in held.items() if fold_key(inner) == fold_key(key)]


def _fold_value(name: str, text: str) -> str:
    return simple_lower(text) if name == "CustomLabels" else text


def _map_leaf(name: str, key: str, held: dict[str, str], node: dict[str, Any]) -> bool:
    """CustomLabels: key and value in any case. OSSUserMeta: key in any case, with or without its prefix."""
    if not key:
        return bool(held)

    values = map_values(name, key, held)
    if node["Operation"] == "exist":
        return bool(values)
    return any(_compare(value, node["Operation"], _fold_value(name, node["Value"])) for value in values)


def _holds(field: str, value: Any, node: dict[str, Any]) -> bool:
    operation = node["Operation"]
    if value is None or operation == "exist":
        return value is not None
    wanted = node["Value"]
    if field in TIMES:
        return _compare(instant(value), operation, instant(wanted))
    if field in NUMBERS:
        return _compare(value, operation, float(wanted) if "." in wanted or "e" in wanted else int(wanted))
    if operation == "match-phrase":
        return phrase_in(wanted, value)
    if field == "Addresses.AddressLine" and operation == "eq":
        return value == wanted or bool(tokens(wanted) and phrase_in(wanted, value))
    return _compare(value, operation, wanted)


def _compare(value: Any, operation: str, wanted: Any) -> bool:
    if operation == "prefix":
        return bool(value.startswith(wanted))
    left, right = (text.encode() if isinstance(text, str) else text for text in (value, wanted))
    return {
        "eq": left == right,
        "gt": left > right,
        "gte": left >= right,
        "lt": left < right,
        "lte": left <= right,
    }[operation]


def instant(text: str) -> int:
    """Nanoseconds since 1970."""
    text, fraction = text.upper(), "0"
    if text.endswith("Z"):
        text = text.removesuffix("Z") + "+00:00"
    if "." in text:
        before, after = text.split(".")
        digits = after[: -len("+00:00")]
        text, fraction = before + after[len(digits) :], digits
    whole = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return whole // timedelta(seconds=1) * 10**9 + int(fraction.ljust(9, "0"))


def simple_lower(text: str) -> str:
    """Character by character; the one whose lower case is two characters is a plain i."""
    return "".join(char.lower() if len(char.lower()) == 1 else "i" for char in text)


def folded(text: str) -> str:
    """Canonical caseless matching, with composed accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def tokens(text: str) -> list[str]:
    """Every ideograph, kana or Hangul syllable alone; runs of other letters and digits, folded."""
    text = folded(text)
    found: list[str] = []
    run = ""
    for char in text:
        alone = _stands_alone(char)
        if run and (alone or unicodedata.category(char)[0] not in "LN"):
            found.append(run)
            run = ""
        if alone:
            found.append(char)
        elif unicodedata.category(char)[0] in "LN":
            run += char
    return [*found, run] if run else found


def _stands_alone(char: str) -> bool:
    name = unicodedata.name(char, "")
    return unicodedata.category(char)[0] in "LN" and name.startswith(
        ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
    )


def phrase_in(phrase: str, text: str) -> bool:
    """The tokens of the phrase stand next to each other, in order."""
    wanted, held = tokens(phrase), tokens(text)
    return any(held[start : start + len(wanted)] == wanted for start in range(len(held)))


def _geo(held: str | None, node: dict[str, Any]) -> bool:
    if held is None or node["Operation"] == "exist":
        return held is not None
    latitude, longitude = (float(part) for part in held.split(","))
    if node["Operation"] == "eq":
        return [latitude, longitude] == [float(part) for part in node["Value"].split(",")]
    if node["Operation"] == "geo-distance":
        centre, radius = node["Value"].split(";")
        there = [float(part) for part in centre.split(",")]
        return _distance(latitude, longitude, *there) <= float(radius)
    points = [tuple(float(part) for part in point.split(",")) for point in node["Value"].split(";")]
    if node["Operation"] == "geo-bounding-box":
        (north, west), (south, east) = points
        across = west <= longitude <= east if west <= east else longitude >= west or longitude <= east
        return south <= latitude <= north and across
    return _in_polygon(latitude, longitude, points)


def _distance(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres along the great circle, by the angle between two vectors."""

    def vector(lat: float, long: float) -> tuple[float, float, float]:
        lat, long = math.radians(lat), math.radians(long)
        return math.cos(lat) * math.cos(long), math.cos(lat) * math.sin(long), math.sin(lat)

    here, there = vector(latitude, longitude), vector(other_latitude, other_longitude)
    cross = (
        here[1] * there[2] - here[2] * there[1],
        here[2] * there[0] - here[0] * there[2],
        here[0] * there[1] - here[1] * there[0],
    )
    dot = sum(a * b for a, b in zip(here, there, strict=True))
    return EARTH_RADIUS * math.atan2(math.hypot(*cross), dot)


def _in_polygon(latitude: float, longitude: float, points: list[tuple[float, ...]]) -> bool:
    """By the winding number, edges included."""
    winding = 0
    for (y1, x1), (y2, x2) in zip(points, points[1:] + points[:1], strict=True):
        side = (x2 - x1) * (latitude - y1) - (longitude - x1) * (y2 - y1)
        within = min(x1, x2) <= longitude <= max(x1, x2) and min(y1, y2) <= latitude <= max(y1, y2)
        if side == 0 and within:
            return True
        if y1 <= latitude < y2 and side > 0:
            winding += 1
        elif y2 <= latitude < y1 and side < 0:
            winding -= 1
    return winding % 2 != 0


def value_of(document: Document, field: str) -> Any:
    """The value of a field that is not in an array, as it is compared; the first of a tag."""
    if field.startswith(("EXIF.", "Tags.")):
        return next(iter(tag_values(document, field)), None)
    value = _at(document, field)
    return instant(value) if field in TIMES and value is not None else value


def ordered(documents: list[Document], sort: list[tuple[str, bool]]) -> list[Document]:
    """By the sort fields (name, descending), files without the field last, then by URI."""

    def compare(left: Document, right: Document) -> int:
        for field, descending in sort:
            a, b = value_of(left, field), value_of(right, field)
            if a is None or b is None:
                if (a is None) != (b is None):
                    return 1 if a is None else -1
                continue
            a, b = (value.encode() if isinstance(value, str) else value for value in (a, b))
            if a != b:
                return (1 if a > b else -1) * (-1 if descending else 1)
        return -1 if left["URI"].encode() < right["URI"].encode() else 1

    return sorted(documents, key=functools.cmp_to_key(compare))


def aggregate(
    documents: list[Document], field: str, operation: str, limit: int
) -> float | list[tuple[Any, int]] | None:
    """A figure, or groups of (value, count)."""
    head, _, rest = field.partition(".")
    if head in ("EXIF", "Tags"):
        lists = [tag_values(document, field) for document in documents]
    elif head in MAPS:
        lists = [map_values(head, rest, document.get(head) or {}) for document in documents]
    elif head in ARRAYS:
        lists = [[_at(element, rest) for element in document.get(head) or []] for document in documents]
    else:
        lists = [[value_of(document, field)] for document in documents]
    lists = [[value for value in values if value is not None] for values in lists]
    if operation == "group":
        counts = Counter(value for values in lists for value in set(values))
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
    values = [value for entry in lists for value in entry]
    if operation in ("count", "distinct"):
        return float(len(values if operation == "count" else set(values)))
    if operation == "sum":
        return float(_sum(values))
    if not values:
        return None
    figures = {"min": min, "max": max, "average": lambda held: _sum(held) / len(held)}
    return float(figures[operation](values))


def _sum(values: list[Any]) -> float:
    return sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)
