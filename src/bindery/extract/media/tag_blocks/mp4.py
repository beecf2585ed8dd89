"""Reads the tags of MP4 and QuickTime files: item lists, keys, user data and XMP.

Source: the QuickTime File Format Specification (user data, metadata keys and items), the iTunes item list as
its readers have it (ilst, ----), 3GPP TS 26.244, 8 (titl, auth, loci …), XMP specification part 3, 1.2.9 (uuid).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import islice

from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Block, Family, RawTags, utf8_or_bytes
from bindery.extract.pictures.boxes import Box, boxes
from bindery.extract.tags.tiff import Source

_MOST_TOP_BOXES = 64
_MOST_ITEMS = 2_000
_MOST_TRACKS = 64
_MOST_KEYS = 2_000
_MOST_XMP_BYTES = 1024 * 1024
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_UTF8, _UTF16, _UTF8_SORT, _UTF16_SORT, _SIGNED, _UNSIGNED, _FLOAT, _DOUBLE = 1, 2, 4, 5, 21, 22, 23, 24
_PICTURES = frozenset({b"covr", b"snal", b"tnal"})
_NUMBERED = frozenset({b"trkn", b"disk"})
_GENRE = b"gnre"
_BYTE_ITEMS = frozenset({b"cpil", b"pgap", b"pcst", b"stik", b"hdvd", b"rtng", b"akID", b"shwm", b"tmpo"})
_3GPP_TEXTS = frozenset({b"titl", b"auth", b"perf", b"dscp", b"cprt", b"albm", b"gnre", b"kywd"})
_FIRST_MODERN_LANGUAGE = 0x400
_MACINTOSH = {0: "mac_roman", 11: "shift_jis", 19: "big5", 23: "euc_kr", 32: "mac_cyrillic", 33: "gb2312"}
"""Charsets by Macintosh's numbers of languages; the others write in Latin letters, mostly."""
_LOCI = b"loci"
_DEVICE = (
    ("NonRealTimeMeta:CreationDate", re.compile(rb'<CreationDate\s+value="([^"<]{1,64})"')),
    ("NonRealTimeMeta:Manufacturer", re.compile(rb'<Device\s[^>]*?manufacturer="([^"<]{1,64})"')),
    ("NonRealTimeMeta:Model", re.compile(rb'<Device\s[^>]*?modelName="([^"<]{1,64})"')),
    ("NonRealTimeMeta:Lens", re.compile(rb'<Lens\s[^>]*?modelName="([^"<]{1,128})"')),
)


def read_mp4(source: Source, raw: RawTags) -> None:
    """All tags of a file: its own before those of its tracks."""
    for box in islice(boxes(source), _MOST_TOP_BOXES):
        if box.kind == b"moov":
            _read_movie(source, box, raw)
        elif box.kind in (b"meta", b"udta"):
            _read_holder(source, box, raw)
        elif box.kind == b"uuid" and source.peek_at(box.start, 16) == _XMP_UUID:
            raw.xmp = raw.xmp or source.peek_at(box.start + 16, min(box.length - 16, _MOST_XMP_BYTES))


def _read_movie(source: Source, movie: Box, raw: RawTags) -> None:
    tracks: list[Box] = []
    for box in _inner(source, movie):
        if box.kind == b"trak" and len(tracks) < _MOST_TRACKS:
            tracks.append(box)
        elif box.kind in (b"meta", b"udta"):
            _read_holder(source, box, raw)
    for track in tracks:
        for box in _inner(source, track):
            if box.kind in (b"meta", b"udta"):
                _read_holder(source, box, raw)


def _inner(source: Source, box: Box, skip: int = 0) -> Iterator[Box]:
    return islice(boxes(source, box.start + skip, box.start + box.length), _MOST_ITEMS)


def _read_holder(source: Source, box: Box, raw: RawTags) -> None:
    if box.kind == b"meta":
        _read_meta(source, box, raw)
    else:
        _read_user_data(source, box, raw)


def _read_meta(source: Source, meta: Box, raw: RawTags) -> None:
    """Items under four letters, or under numbers of a list of keys."""
    # A meta box is a full box in MP4 and a plain one in QuickTime.
    plain = source.peek_at(meta.start + 4, 4) == b"hdlr"
    parts = {box.kind: box for box in _inner(source, meta, 0 if plain else 4)}
    if b"xml " in parts:
        _read_device(source, parts[b"xml "], raw)
    items = parts.get(b"ilst")
    if items is None:
        return
    keys = _keys(source, parts[b"keys"]) if b"keys" in parts else []
    block = raw.block(Family.MP4)
    for item in _inner(source, items):
        number = int.from_bytes(item.kind, "big")
        if item.kind == b"----":
            _read_free_form(source, item, raw, block)
        elif keys and 0 < number <= len(keys):
            raw.add(block, keys[number - 1], *_item_values(source, item))
        elif item.kind not in _PICTURES:
            raw.add(block, item.kind.decode("latin-1"), *_item_values(source, item))


def _read_device(source: Source, box: Box, raw: RawTags) -> None:
    """Date, maker and model of Sony's NonRealTimeMeta."""
    text = source.peek_at(box.start + 4, min(max(box.length - 4, 0), LONGEST_VALUE))
    block = raw.block(Family.MP4)
    for key, pattern in _DEVICE:
        match = pattern.search(text)
        raw.add(block, key, utf8_or_bytes(match[1]) if match else "")


def _keys(source: Source, box: Box) -> list[str]:
    keys, at = [], box.start + 8
    for _ in range(_MOST_KEYS):
        head = source.peek_at(at, 8)
        size = int.from_bytes(head[:4], "big")
        if len(head) < 8 or size < 8 or at + size > box.start + box.length:
            break
        keys.append(source.peek_at(at + 8, min(size - 8, 256)).decode("utf-8", "replace"))
        at += size
    return keys


def _item_values(source: Source, item: Box) -> Iterator[str | bytes]:
    """The values of the data boxes of an item."""
    for box in _inner(source, item):
        if box.kind == b"data" and box.length > 8:
            kind = int.from_bytes(source.peek_at(box.start, 4), "big") & 0xFFFFFF
            data = source.peek_at(box.start + 8, min(box.length - 8, LONGEST_VALUE))
            yield from _value(item.kind, kind, data)


def _value(name: bytes, kind: int, data: bytes) -> Iterator[str | bytes]:
    if name in _NUMBERED:
        number, count = (struct.unpack_from(">HH", data, 2)) if len(data) >= 6 else (0, 0)
        if number or count:
            yield f"{number}/{count}" if count else str(number)
    elif name == _GENRE and kind != _UTF8:
        number = int.from_bytes(data[:2], "big")
        if number:
            yield f"({number - 1})"
    elif kind in (_UTF16, _UTF16_SORT):
        yield data[: len(data) // 2 * 2].decode("utf-16-be", "replace")
    elif kind in (_UTF8, _UTF8_SORT) or (kind == 0 and name.startswith((b"\xa9", b"----"))):
        yield utf8_or_bytes(data)
    elif kind in (_FLOAT, _DOUBLE) or 0 < len(data) <= 8:
        yield from _number(name, kind, data)


def _number(name: bytes, kind: int, data: bytes) -> Iterator[str]:
    if kind in (_FLOAT, _DOUBLE):
        if len(data) == (4 if kind == _FLOAT else 8):
            yield f"{struct.unpack('>f' if kind == _FLOAT else '>d', data)[0]:g}"
    elif kind in (_SIGNED, _UNSIGNED) or name in _BYTE_ITEMS:
        yield str(int.from_bytes(data, "big", signed=kind == _SIGNED))


def _read_free_form(source: Source, item: Box, raw: RawTags, block: Block) -> None:
    """An item that names itself: whose it is, its name, its values."""
    parts = {box.kind: box for box in islice(_inner(source, item), 3)}
    name = parts.get(b"name")
    if name is None or name.length <= 4:
        return
    key = source.peek_at(name.start + 4, min(name.length - 4, 256)).decode("utf-8", "replace")
    raw.add(block, f"----:{key}", *_item_values(source, item))


def _read_user_data(source: Source, holder: Box, raw: RawTags) -> None:
    metas = []
    block = raw.block(Family.MP4)
    for box in _inner(source, holder):
        if box.kind == b"meta":
            metas.append(box)
        elif box.kind == b"XMP_":
            raw.xmp = raw.xmp or source.peek_at(box.start, min(box.length, _MOST_XMP_BYTES))
        elif box.kind.startswith(b"\xa9"):
            _read_old_text(source, box, raw, block)
        elif box.kind in _3GPP_TEXTS or box.kind in (b"yrrc", _LOCI):
            _read_3gpp(source, box, raw, block)
    if metas:
        # Item lists are what players show; the user data fills their gaps.
        raw.blocks.remove(block)
        for meta in metas:
            _read_meta(source, meta, raw)
        raw.blocks.append(block)


def _read_old_text(source: Source, box: Box, raw: RawTags, block: Block) -> None:
    """Texts with their length and language; some writers put a data box there instead."""
    data = source.peek_at(box.start, min(box.length, LONGEST_VALUE))
    key = box.kind.decode("latin-1")
    if data[4:8] == b"data":
        raw.add(block, key, *_item_values(source, box))
        return
    at = 0
    while at + 4 <= len(data):
        size, language = struct.unpack_from(">HH", data, at)
        value = data[at + 4 : at + 4 + size].rstrip(b"\0")
        raw.add(block, key, _in_language(value, language))
        at += 4 + size


def _in_language(data: bytes, language: int) -> str | bytes:
    if data.startswith((b"\xfe\xff", b"\xff\xfe")):
        return data[: len(data) // 2 * 2].decode("utf-16", "replace")
    found = utf8_or_bytes(data)
    if isinstance(found, bytes) and language < _FIRST_MODERN_LANGUAGE:
        return found.decode(_MACINTOSH.get(language, "mac_roman"), "replace")
    return found


def _read_3gpp(source: Source, box: Box, raw: RawTags, block: Block) -> None:
    data = source.peek_at(box.start, min(box.length, LONGEST_VALUE))
    key = box.kind.decode("ascii")
    if box.kind == b"yrrc":
        raw.add(block, key, str(int.from_bytes(data[4:6], "big") or ""))
    elif box.kind == _LOCI:
        raw.add(block, key, _place(data))
    elif box.kind == b"kywd":
        raw.add(block, key, *_keywords(data))
    elif data[:4] == bytes(4):
        raw.add(block, key, _marked_text(data[6:]).split("\0")[0])


def _keywords(data: bytes) -> Iterator[str]:
    at = 7
    for _ in range(data[6] if len(data) > 6 else 0):
        size = data[at] if at < len(data) else 0
        yield _marked_text(data[at + 1 : at + 1 + size]).strip("\0")
        at += 1 + size


def _marked_text(data: bytes) -> str:
    if data.startswith((b"\xfe\xff", b"\xff\xfe")):
        return data[: len(data) // 2 * 2].decode("utf-16", "replace")
    return data.split(b"\0")[0].decode("utf-8", "replace")


def _place(data: bytes) -> str:
    """Position of a place as ISO 6709 has it; its name and its role stand before and between."""
    name = data[6:]
    if name.startswith((b"\xfe\xff", b"\xff\xfe")):
        end = next((at + 2 for at in range(0, len(name) - 1, 2) if name[at : at + 2] == b"\0\0"), len(name))
    else:
        end = name.find(b"\0") + 1 or len(name)
    place = name[end + 1 : end + 13]
    if len(place) < 12:
        return ""
    longitude, latitude, altitude = (value / 65536 for value in struct.unpack(">iii", place))
    return f"{latitude:+09.5f}{longitude:+010.5f}{altitude:+.3f}/"
