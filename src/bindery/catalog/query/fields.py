"""Which fields of a File can be queried, and what each of them can do.

The table is made from the File struct itself, by type, with the exceptions named here.
Source: help page imm-supported-fields-and-operators, as far as it is known; the rest follows the rules
by class in docs/differences.md.
"""

from __future__ import annotations

import difflib
import enum
import types
import typing
from functools import lru_cache

import msgspec

from bindery.catalog.query.syntax import QueryError
from bindery.file import File
from bindery.message import wire_name
from bindery.tag_kinds import EXIF_NUMBERS, TAG_KINDS, TagKind


class Kind(enum.Enum):
    """Class of a field; it decides the operators and how values are read."""

    INT = "INT"
    FLOAT = "FLOAT"
    TIME = "TIME"
    KEY = "KEY"
    TEXT = "TEXT"
    MAP = "MAP"
    GEO = "GEO"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One queryable field. ``path`` is its name in parts; ``array`` tells whether the first part is a list."""

    name: str
    path: tuple[str, ...]
    kind: Kind
    array: bool = False
    ranged: bool = True
    phrase: bool = False
    sortable: bool = True
    countable: bool = True
    any_token: bool = False
    """``eq`` also holds when one token of the text equals the value."""
    stored: bool = True
    """Whether the index has a column of this field alone; other tags share columns."""

    @property
    def tag(self) -> bool:
        """Whether it is one raw tag of the file."""
        return self.path[0] in TAG_MAPS and len(self.path) > 1

    @property
    def numeric(self) -> bool:
        """Whether sums make sense."""
        return self.kind in (Kind.INT, Kind.FLOAT)


RANGE_OPERATIONS = frozenset({"eq", "gt", "gte", "lt", "lte"})
GEO_OPERATIONS = frozenset({"geo-distance", "geo-bounding-box", "geo-polygon"})
LEAF_OPERATIONS = RANGE_OPERATIONS | GEO_OPERATIONS | {"prefix", "match-phrase", "exist"}

_TIMES = {"CreateTime", "UpdateTime", "FileModifiedTime", "FileCreateTime", "FileAccessTime", "ProduceTime"}
_TEXTS = {
    "Filename", "Title", "Album", "AlbumArtist", "Artist", "Composer", "Performer", "OCRTexts",
    "Addresses.AddressLine",
}  # fmt: skip
_PHRASES = {
    "Addresses.Country", "Addresses.Province", "Addresses.City", "Addresses.District", "Addresses.Township",
    "Labels.LabelName",
}  # fmt: skip
TAG_MAPS = ("EXIF", "Tags")
"""Fields whose members are raw tags, asked for by ``EXIF.LensModel`` and ``Tags.Genre``. Any name may be."""
KEYED_MAPS = ("CustomLabels", "OSSTagging", "OSSUserMeta")
_MAPS = {*KEYED_MAPS, *TAG_MAPS}
_TEXT_LISTS = {"ExtractionNotes"}
_ARRAYS = {"Addresses", "Labels", "Figures", "VideoStreams", "AudioStreams", "Subtitles"}
_NOT_QUERYABLE = {
    "Insights", "Elements", "SemanticTypes", "CroppingSuggestions", "OCRContents", "SceneElements",
    "AudioCovers", "Timezone", "TravelClusterId", "Reason",
}  # fmt: skip
_NOT_QUERYABLE_PARTS = {"Labels.Clips", "Figures.Boundary"}


def _make_fields() -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for name, kind in _members(File):
        if name in _NOT_QUERYABLE:
            continue
        if name in _ARRAYS:
            element = typing.get_args(kind)[0]
            fields |= {field.name: field for field in _inner(element, (name,), array=True)}
        elif name in _TEXT_LISTS:
            fields[name] = _scalar((name,), str, array=True)
        elif name in _MAPS:
            fields[name] = Field(name=name, path=(name,), kind=Kind.MAP, sortable=False, countable=False)
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            fields |= {field.name: field for field in _inner(kind, (name,), array=False)}
        else:
            fields[name] = _scalar((name,), kind, array=False)
    return fields


def _inner(struct: type[msgspec.Struct], path: tuple[str, ...], *, array: bool) -> list[Field]:
    found = []
    for name, kind in _members(struct):
        here = (*path, name)
        if ".".join(here) in _NOT_QUERYABLE_PARTS:
            continue
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found += _inner(kind, here, array=array)
        else:
            found.append(_scalar(here, kind, array=array))
    return found


def _scalar(path: tuple[str, ...], kind: type, *, array: bool) -> Field:
    name = ".".join(path)
    if name == "LatLong":
        return Field(name=name, path=path, kind=Kind.GEO, ranged=False, sortable=False, countable=False)
    if name in _TIMES:
        return Field(name=name, path=path, kind=Kind.TIME)
    if kind in (int, float):
        number = Kind.INT if kind is int else Kind.FLOAT
        return Field(name=name, path=path, kind=number, array=array, sortable=not array)
    recognised = name == "OCRTexts"
    return Field(
        name=name,
        path=path,
        kind=Kind.TEXT if name in _TEXTS else Kind.KEY,
        array=array,
        ranged=not recognised,
        phrase=name in _TEXTS or name in _PHRASES,
        sortable=not array and not recognised,
        countable=not recognised,
        any_token=name == "Addresses.AddressLine",
    )


def _members(struct: type[msgspec.Struct]) -> list[tuple[str, typing.Any]]:
    hints = typing.get_type_hints(struct)
    return [(wire_name(name), _without_none(hints[name])) for name in struct.__struct_fields__]


def _without_none(hint: typing.Any) -> typing.Any:
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not type(None))
    return hint


_STORED_TAGS = (
    "EXIF.Make", "EXIF.Model", "EXIF.LensModel", "EXIF.Software", "EXIF.ISOSpeedRatings", "EXIF.FNumber",
    "EXIF.ExposureTime", "EXIF.FocalLength", "EXIF.FocalLengthIn35mmFilm", "Tags.Keywords", "Tags.Rating",
    "Tags.Genre",
)  # fmt: skip
"""Tags that most people ask for, group by and sort by. Each costs a change of the dataset a little."""


@lru_cache(maxsize=4096)
def _tag(name: str) -> Field:
    """A raw tag. One of EXIF has one value, any other a list of them, sorted by its first."""
    head, _, rest = name.partition(".")
    number = rest in EXIF_NUMBERS if head == "EXIF" else TAG_KINDS.get(rest) is TagKind.NUMBER
    return Field(
        name=name,
        path=(head, rest),
        kind=Kind.FLOAT if number else Kind.TEXT,
        array=head != "EXIF",
        phrase=not number,
        stored=name in _STORED_TAGS,
    )


FIELDS = _make_fields() | {name: _tag(name) for name in _STORED_TAGS}
"""By full name; a map stands under its own name and is asked for by ``Name.key``. Of the raw tags, which have no end,
those with a column of their own."""

ARRAYS = frozenset(_ARRAYS)

_LONGEST_NAME = 2 * max(map(len, FIELDS))

FUZZY_FIELDS = (
    "Filename", "URI", "CustomId", "Title", "Album", "AlbumArtist", "Artist", "Composer", "Performer", "OCRTexts",
    "Labels.LabelName", "Labels.LabelAlias", "Addresses.AddressLine", "CustomLabels", "OSSTagging", "OSSUserMeta",
)  # fmt: skip
"""What FuzzyQuery looks at, besides the text of documents."""


def find_field(name: str) -> tuple[Field, str | None]:
    """The field, and the key when it is an entry of a map. Raises QueryError for an unknown name."""
    field = FIELDS.get(name)
    if field is not None:
        return field, None
    head, dot, key = name.partition(".")
    if head in TAG_MAPS and key:
        return _tag(name), None
    field = FIELDS.get(head)
    if dot and key and field is not None and field.kind is Kind.MAP:
        return field, key
    raise unknown_field(name)


def unknown_field(name: str) -> QueryError:
    """The error about a field that cannot be queried."""
    nearest = _nearest(name)
    hint = f" Did you mean {nearest}?" if nearest else ""
    return QueryError(f"Field {name[:128]} is unknown or cannot be queried.{hint}")


def _nearest(name: str) -> str | None:
    """The field that is written most like ``name``, whatever the case."""
    if name in _NOT_QUERYABLE or name in FIELDS or len(name) > _LONGEST_NAME:  # known, but refused here
        return None
    names = {known.lower(): known for known in (*FIELDS, *ARRAYS)}
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.75)
    return names[close[0]] if close else None


def operations_of(field: Field) -> frozenset[str]:
    """The operations a field allows."""
    if field.kind is Kind.GEO:
        return GEO_OPERATIONS | {"eq", "exist"}
    allowed = {"exist"} | (RANGE_OPERATIONS if field.ranged else frozenset())
    if field.kind in (Kind.KEY, Kind.TEXT, Kind.MAP):
        allowed |= {"prefix"}
    if field.phrase:
        allowed |= {"match-phrase"}
    return frozenset(allowed)
