"""Pictures and bytes of files: thumbnails, and objects by ranges for players.

A reader needs ``imm:GetFileMeta`` on the dataset and ``oss:GetObject`` on the object. Bytes of users are never shown
as a page of this server: only types that browsers merely play are shown, everything else is a download, and all of it
stands in a sandbox.
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import web

from bindery.buckets.store import LARGEST_OBJECT, StoreError
from bindery.buckets.uri import ObjectUri
from bindery.stopping import Interrupted
from bindery.sync.previews import DRAWING
from bindery.web.gallery.icons import draw_icon
from bindery.web.gallery.object_access import Entry, find_entry, may_see, version_of
from bindery.web.headers import HEADERS
from bindery.web.page_request import PageError, PageRequest
from bindery.web.routes import Route

LONGEST = {"small": 320, "large": 1_600}
_NEEDED = ("URI", "ETag", "Size", "MediaType", "ContentType", "Filename")
_MOST_DIGITS = 5
_CHUNK = 512 * 1024
_KEEP = "private, max-age=3600"
_ONCE = "private, no-cache"
_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'self'"
_PDF = "application/pdf"
_PLAYED = frozenset(
    {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp",
        "video/mp4", "video/webm", "video/ogg", "video/quicktime", "video/x-m4v", "video/x-matroska", "video/mpeg",
        "audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/opus", "audio/flac", "audio/x-flac", "audio/wav",
        "audio/x-wav", "audio/webm", "audio/x-m4a",
        _PDF,
    }
)  # fmt: skip
"""What browsers show without running any of it; PDF in their own viewer."""
_RANGE = re.compile(r"bytes=(\d{0,16})-(\d{0,16})")


async def thumbnail(request: PageRequest) -> web.Response:
    """A small picture; an icon where none can be shown, or may be."""
    entry, uri = await find_entry(request, _NEEDED)
    longest = LONGEST.get(request.query.get("size", ""), LONGEST["small"])
    page = _page(request.query.get("page", ""))
    if not await may_see(request, uri):
        return _icon(entry)
    etag = f'"{version_of(entry)}-{longest}-{page}-{DRAWING}"'
    if _is_plain(etag) and request.http.headers.get("If-None-Match") == etag:
        return web.Response(
            status=HTTPStatus.NOT_MODIFIED, headers=HEADERS | {"ETag": etag, "Cache-Control": _KEEP}
        )
    made = await _draw(request, entry, uri, longest, page)
    if not made:
        return _icon(entry)
    headers = HEADERS | {"Cache-Control": _KEEP, "Content-Security-Policy": _SANDBOX}
    if _is_plain(etag):
        headers["ETag"] = etag
    return web.Response(body=made, content_type="image/webp", headers=headers)


async def _draw(request: PageRequest, entry: Entry, uri: ObjectUri, longest: int, page: int) -> bytes:
    if not _has_bytes(entry):
        return b""
    draw = request.site.previews.thumbnail
    told = version_of(entry), entry["Size"], entry.get("ContentType", ""), longest, page
    try:
        return await asyncio.to_thread(draw, uri, *told)
    except (StoreError, Interrupted):
        return b""


def _has_bytes(entry: Entry) -> bool:
    """An object stands behind it, and it is not empty."""
    return bool(entry.get("ETag")) and 0 < entry.get("Size", 0) <= LARGEST_OBJECT


def _page(text: str) -> int:
    """Of a PDF, from 0; the first for whatever is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 0


async def words(request: PageRequest) -> web.Response:
    """The first words of a document as text."""
    entry, uri = await find_entry(request, _NEEDED)
    if not await may_see(request, uri):
        raise PageError(HTTPStatus.FORBIDDEN, "gallery.not_readable")
    read = request.site.previews.words
    if not _has_bytes(entry):
        return request.answer({"words": ""})
    try:
        found = await asyncio.to_thread(
            read, uri, version_of(entry), entry["Size"], entry.get("ContentType", "")
        )
    except (StoreError, Interrupted):
        raise PageError(HTTPStatus.CONFLICT, "gallery.changed") from None
    return request.answer({"words": found})


def _icon(entry: Entry) -> web.Response:
    headers = HEADERS | {"Cache-Control": _ONCE, "Content-Security-Policy": _SANDBOX}
    return web.Response(
        body=draw_icon(entry.get("MediaType", "")), content_type="image/svg+xml", headers=headers
    )


async def media(request: PageRequest) -> web.StreamResponse:
    """The bytes of an object, all or a range of them."""
    entry, uri = await find_entry(request, _NEEDED)
    if not await may_see(request, uri):
        raise PageError(HTTPStatus.FORBIDDEN, "gallery.not_readable")
    size, etag = entry.get("Size", 0), version_of(entry)
    part = _range(request.http.headers.get("Range", ""), size)
    headers = _headers(entry, download="download" in request.query)
    if part is None:
        return web.Response(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers=headers | {"Content-Range": f"bytes */{size}"},
        )
    start, end = part
    status = HTTPStatus.OK
    if request.http.headers.get("Range") and (start, end) != (0, size):
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    first = await _read(request, uri, etag, start, end)
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = end - start
    if await request.begin(response):
        await _send(request, response, first, (uri, etag, start, end))
    return response


async def _send(
    request: PageRequest, response: web.StreamResponse, chunk: bytes, what: tuple[ObjectUri, str, int, int]
) -> None:
    """The rest follows the first piece. Raises PageError when the object changes meanwhile, CatalogError when the
    record cannot tell any more where its bucket is, and Interrupted when the server stops."""
    uri, etag, start, end = what
    while not request.site.ending.is_set():
        await response.write(chunk)
        start += len(chunk)
        if start >= end:
            await response.write_eof()
            return
        chunk = await _read(request, uri, etag, start, end)
        if not chunk:
            raise PageError(HTTPStatus.CONFLICT, "gallery.changed")
    raise Interrupted


async def _read(request: PageRequest, uri: ObjectUri, etag: str, start: int, end: int) -> bytes:
    if start >= end:
        return b""
    try:
        return await asyncio.to_thread(
            request.site.previews.read, uri, etag, start, min(_CHUNK, end - start)
        )
    except StoreError:
        raise PageError(HTTPStatus.CONFLICT, "gallery.changed") from None


def _headers(entry: Entry, *, download: bool) -> dict[str, str]:
    kind = entry.get("ContentType", "").partition(";")[0].strip().lower()
    shown = kind in _PLAYED and not download
    name = quote(entry.get("Filename") or "file", safe="", errors="replace")
    headers = HEADERS | {
        "Accept-Ranges": "bytes",
        "Cache-Control": _ONCE,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
        "Content-Security-Policy": _SANDBOX,
        "Content-Type": kind if shown else "application/octet-stream",
    }
    if shown and kind == _PDF:
        # The viewer of browsers does not start in a sandbox; it runs no script of this origin.
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return headers


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Start and end of the one range that is asked for; all when none is, or several; None when it lies outside."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return 0, size
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
    return (start, end) if start < end else None


def _is_plain(etag: str) -> bool:
    """Whether it may stand in a header."""
    return etag.isascii() and etag.isprintable()


ROUTES = (
    Route(path="/console/thumbnails/{project}/{dataset}", page=thumbnail),
    Route(path="/console/words/{project}/{dataset}", page=words),
    Route(path="/console/media/{project}/{dataset}", page=media),
)
