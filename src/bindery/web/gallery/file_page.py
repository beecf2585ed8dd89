"""``/console/files/{project}/{dataset}?uri=…``: everything that is known of one file."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from bindery.web.calls import wire_text
from bindery.web.explorer.code import languages
from bindery.web.explorer.described import form_address
from bindery.web.gallery.around import shown_in
from bindery.web.gallery.object_access import Entry, find_entry, may_see
from bindery.web.gallery.place import place_of, place_path
from bindery.web.gallery.raw_tags import group_tags
from bindery.web.page_request import PageRequest
from bindery.web.pages import as_bytes
from bindery.web.rights import rights_of
from bindery.web.routes import Route

_GROUPS: dict[str, tuple[str, ...]] = {
    "about": (
        "Title",
        "MediaType",
        "ContentType",
        "FormatLongName",
        "Size",
        "ProduceTime",
        "Timezone",
        "Language",
        "PageCount",
        "ExtractionNotes",
    ),
    "picture": (
        "ImageWidth",
        "ImageHeight",
        "Image",
        "Orientation",
        "Video",
        "Duration",
        "Bitrate",
        "Artist",
        "Album",
        "Performer",
    ),
    "place": ("LatLong", "Addresses"),
    "object": ("URI", "Filename", "ETag", "File", "OSS", "Object", "Content", "Server", "Cache"),
}
"""Fields by what their names begin with; those of no group come last."""
_APART = ("EXIF", "Tags", "CustomLabels")
_SIZES = ("Size", "DataSize")
_ALWAYS: Entry = {
    "Filename": "",
    "ImageWidth": 0,
    "ImageHeight": 0,
    "Orientation": 1,
    "PageCount": 1,
}
"""What the template asks of every entry."""


class Labels(msgspec.Struct):
    """What the form of the page changes."""

    labels: dict[str, str]
    title: str | None = None


async def show(request: PageRequest) -> web.Response:
    """The page of a file."""
    entry, uri = await find_entry(request)
    place = place_path(request)
    address = urlencode({"uri": entry["URI"], "v": entry.get("ETag", "")})
    own = urlencode({"uri": entry["URI"]})
    call = place_of(request) | {"URI": entry["URI"]}
    rights = await rights_of(request, ["UpdateFileMeta"], call)
    return request.render(
        "gallery/file.html",
        why_not=rights.why_not("UpdateFileMeta"),
        file=_ALWAYS | entry,
        entry=entry,
        kind=_kind(entry),
        groups=_grouped(entry),
        tags=group_tags(entry),
        tag_search=f"/console/datasets/{place}/?q=",
        readable=await may_see(request, uri),
        gallery=f"/console/datasets/{place}/?{urlencode(shown_in(request))}".rstrip("?"),
        thumbnail=f"/console/thumbnails/{place}?size=large&{address}",
        media=f"/console/media/{place}?{address}",
        call=call,
        point=_point(entry),
        explorer=form_address("imm:GetFileMeta", call),
        languages_of_code=languages(),
        texts=request.t.group("gallery") | request.t.group("file"),
        data={
            "labels": {str(name): str(value) for name, value in (entry.get("CustomLabels") or {}).items()},
            "title": entry.get("Title", ""),
            "saving": f"/console/files/{place}/labels?{own}",
            "around": f"/console/files/{place}",
            "own": own,
            "search": urlencode(shown_in(request)),
            "words": f"/console/words/{place}?{own}",
            "call": {"operation": "imm:GetFileMeta", "values": call},
        },
    )


def _kind(entry: Entry) -> str:
    """Which preview the page has: ``video``, ``audio``, ``pdf``, ``document`` or ``image``."""
    media_type = str(entry.get("MediaType", ""))
    if entry.get("ContentType") == "application/pdf":
        return "pdf"
    return media_type if media_type in ("video", "audio", "image") else "document"


def _point(entry: Entry) -> tuple[float, float] | None:
    """Latitude and longitude."""
    try:
        latitude, longitude = (float(part) for part in str(entry.get("LatLong", "")).split(","))
    except ValueError:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


async def save(request: PageRequest) -> web.Response:
    """Labels and title as the form has them."""
    changed: Labels = await request.json(Labels, 1024 * 1024)
    file: dict[str, Any] = {"URI": request.query.get("uri", ""), "CustomLabels": changed.labels}
    if changed.title is not None:
        file["Title"] = changed.title
    values = {
        "ProjectName": request.named["project"],
        "DatasetName": request.named["dataset"],
        "File": file,
    }
    reply = await request.caller.call("UpdateFileMeta", values)
    if not reply.ok:
        return request.answer(
            {"Code": reply.data.get("Code"), "Message": reply.data.get("Message")}, HTTPStatus(reply.status)
        )
    return request.answer({"saved": True})


def _grouped(entry: Entry) -> list[tuple[str, list[tuple[str, str]]]]:
    """The fields of an entry by groups, as text."""
    left = {name: _shown(name, value) for name, value in entry.items() if name not in _APART}
    groups = []
    for group, beginnings in _GROUPS.items():
        names = sorted(
            (name for name in left if name.startswith(beginnings)), key=lambda n: _rank(n, beginnings)
        )
        if names:
            groups.append((group, [(name, left.pop(name)) for name in names]))
    return [*groups, ("others", sorted(left.items()))] if left else groups


def _rank(name: str, beginnings: tuple[str, ...]) -> tuple[int, str]:
    return next(at for at, each in enumerate(beginnings) if name.startswith(each)), name


def _shown(name: str, value: object) -> str:
    """A value as the API has it; sizes also as people read them."""
    text = _text(value)
    return f"{text} ({as_bytes(value)})" if name in _SIZES and isinstance(value, int) else text


def _text(value: object) -> str:
    """Structs as lines of names and values, those of an array with a blank line between them; all else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return "\n\n".join(_text(each) for each in value)
    if isinstance(value, dict):
        return "\n".join(f"{name}: {wire_text(held)}" for name, held in value.items())
    return wire_text(value)


ROUTES = (
    Route(path="/console/files/{project}/{dataset}", page=show),
    Route(path="/console/files/{project}/{dataset}/labels", page=save, method="POST"),
)
