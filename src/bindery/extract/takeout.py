"""What the JSON file of Google Takeout tells of the picture or video beside which it lies.

Google's photo service hands files out as they were uploaded, and what it knows beyond that in such a file. So a field
of the entry is taken from it only where the file itself has none; what it says of its own stands in ``Tags`` as
``Takeout:…``. Source: exports as they are found in the test data of public importers, for Google documents no format.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from bindery.buckets.store import ObjectInfo
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.names import SIDECAR
from bindery.extract.reader import RangeReader
from bindery.extract.sidecars import read_beside
from bindery.extract.tags.dates import FoundDate, Rank, ZoneClues, produce_time
from bindery.extract.tags.gps import known_place, lat_long
from bindery.extract.tags.tag_set import TagSet
from bindery.file import File

ENDING = ".json"
_MOST_BYTES = 256 * 1024
_MOST_PEOPLE = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_COUNT = 12
"""Digits of seconds since 1970 up to the year 9999, with a sign."""


class _Time(msgspec.Struct):
    timestamp: str | int = ""


class _Geo(msgspec.Struct):
    latitude: float = 0.0
    longitude: float = 0.0


class _Person(msgspec.Struct):
    name: str = ""


class _Folder(msgspec.Struct, rename="camel"):
    local_folder_name: str = ""


class _Upload(msgspec.Struct, rename="camel"):
    device_type: str = ""
    device_folder: _Folder = msgspec.field(default_factory=_Folder)


class _Origin(msgspec.Struct, rename="camel"):
    mobile_upload: _Upload | None = None


class Takeout(msgspec.Struct, rename="camel"):
    """The members that are used; times are seconds since 1970."""

    photo_taken_time: _Time
    """Without it, it is some other JSON."""
    creation_time: _Time = msgspec.field(default_factory=_Time)
    description: str = ""
    geo_data: _Geo = msgspec.field(default_factory=_Geo)
    geo_data_exif: _Geo = msgspec.field(default_factory=_Geo)
    people: tuple[_Person, ...] = ()
    favorited: bool = False
    archived: bool = False
    google_photos_origin: _Origin = msgspec.field(default_factory=_Origin)


_decoder = msgspec.json.Decoder(Takeout, strict=False)


def add_takeout(file: File, reader: RangeReader, request: ExtractionRequest) -> None:
    """Fill in what a picture or a video lacks. Raises StoreError."""
    for info in request.sidecars:
        if not info.key.endswith(ENDING):
            continue
        told = _read(file, reader, info)
        if told is not None:
            _fill(file, told, info.key, request)
            return


def _read(file: File, reader: RangeReader, info: ObjectInfo) -> Takeout | None:
    """None for what is no such file, and for one that has changed or gone meanwhile."""
    notes: list[str] = []
    data = read_beside(reader, info, _MOST_BYTES, notes)
    if notes:
        file.extraction_notes = (*(file.extraction_notes or ()), *notes)
    if data is None:
        return None
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def _fill(file: File, told: Takeout, key: str, request: ExtractionRequest) -> None:
    tags = TagSet()
    tags.add(SIDECAR, *(file.tags or {}).get(SIDECAR, ()), key)
    taken, made = _moment(told.photo_taken_time), _moment(told.creation_time)
    for name, values in _tags(told, taken, made):
        tags.add(name, *values)
    # The file's own come before those beside it, but for the list of both kinds of sidecars.
    found = tags.all() or {}
    file.tags = dict(sorted({**found, **(file.tags or {}), SIDECAR: found[SIDECAR]}.items()))
    if file.lat_long is None:
        _add_place(file, told, request)
    if file.produce_time is None and taken is not None:
        latitude, comma, longitude = (file.lat_long or "").partition(",")
        clues = ZoneClues(request.zone, place=(float(latitude), float(longitude)) if comma else None)
        date = FoundDate("Takeout:photoTakenTime", taken.isoformat(), Rank.TAKEN, utc=True)
        moment = produce_time([date], clues)
        if moment is not None:
            file.produce_time, file.produce_time_source = moment.text, moment.source


def _tags(
    told: Takeout, taken: datetime | None, made: datetime | None
) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "Description", (told.description,)
    yield "PersonInImage", tuple(person.name for person in told.people[:_MOST_PEOPLE])
    for name, moment in (("PhotoTakenTime", taken), ("CreationTime", made)):
        if moment is not None:
            yield f"Takeout:{name}", (moment.isoformat().replace("+00:00", "Z"),)
    place = _place(told)
    if place is not None:
        yield "Takeout:LatLong", (lat_long(*place),)
    for name, is_set in (("Favorited", told.favorited), ("Archived", told.archived)):
        if is_set:
            yield f"Takeout:{name}", ("true",)
    upload = told.google_photos_origin.mobile_upload
    if upload is not None:
        yield "Takeout:DeviceType", (upload.device_type,)
        yield "Takeout:DeviceFolder", (upload.device_folder.local_folder_name,)


def _add_place(file: File, told: Takeout, request: ExtractionRequest) -> None:
    place = _place(told)
    if place is None:
        return
    file.lat_long = lat_long(*place)
    if Operator.REGEO in request.operators:
        # The gazetteer takes memory and time to load: only for files that have a position.
        from bindery.extract.places import addresses_near  # noqa: PLC0415

        file.addresses = addresses_near(*place) or None


def _place(told: Takeout) -> tuple[float, float] | None:
    """What its user has set or Google has found, else what was in the file; zeros are none."""
    for geo in (told.geo_data, told.geo_data_exif):
        latitude, longitude = geo.latitude, geo.longitude
        if abs(latitude) <= 90 and abs(longitude) <= 180 and known_place(latitude, longitude):
            return latitude, longitude
    return None


def _moment(time: _Time) -> datetime | None:
    """Zero was never set."""
    text = str(time.timestamp).strip()
    digits = text.removeprefix("-")
    if not digits.isdecimal() or len(text) > _LONGEST_COUNT or not int(digits):
        return None
    try:
        return _EPOCH + timedelta(seconds=int(text))
    except OverflowError:
        return None
