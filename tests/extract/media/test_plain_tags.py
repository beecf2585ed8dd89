"""Tags of FLV, RealMedia, CAF, 8SVX, TwinVQ, AU and tracker modules, made as their specifications have them."""

from __future__ import annotations

import struct

import pytest
from tests.extract.media.test_tag_blocks import chunk, tags_of

from bindery.extract.media.container_tags import recorded
from bindery.extract.media.flash_tags import flv_metadata, flv_names, flv_number
from bindery.extract.media.media_tags import MediaTags
from bindery.extract.media.tag_blocks.read import read_tags
from bindery.extract.tags.tiff import Memory


def text(value: bytes) -> bytes:
    return struct.pack(">H", len(value)) + value


def flv(**members: bytes | float) -> bytes:
    listed = b"".join(
        text(name.encode())
        + (b"\2" + text(value) if isinstance(value, bytes) else b"\0" + struct.pack(">d", value))
        for name, value in members.items()
    )
    body = b"\2" + text(b"onMetaData") + b"\x08" + struct.pack(">I", len(members)) + listed + b"\0\0\x09"
    tag = b"\x12" + len(body).to_bytes(3, "big") + bytes(7) + body
    return b"FLV\1\5\0\0\0\x09" + bytes(4) + tag + struct.pack(">I", len(tag))


def real_media(*texts: bytes) -> bytes:
    body = b"\0\0" + b"".join(map(text, texts))
    return b".RMF\0\0\0\x12\0\0" + bytes(8) + b"CONT" + struct.pack(">I", len(body) + 8) + body


def short(value: bytes) -> bytes:
    return bytes((len(value),)) + value


def caf(*pairs: tuple[bytes, bytes]) -> bytes:
    body = struct.pack(">I", len(pairs)) + b"".join(key + b"\0" + value + b"\0" for key, value in pairs)
    return (
        b"caff\0\1\0\0desc"
        + struct.pack(">q", 32)
        + bytes(32)
        + b"info"
        + struct.pack(">q", len(body))
        + body
    )


def chunked(*parts: tuple[bytes, bytes]) -> bytes:
    return b"".join(kind + struct.pack(">I", len(value)) + value for kind, value in parts)


FILM = flv(
    title=b"Stra\xc3\x9fe",
    author=b"Bj\xf6rk",
    genre=b"Film",
    year=2009.0,
    duration=3.0,
    encoder=b"E",
    width=320.0,
)
SONG = caf(
    (b"title", "夜".encode()),
    (b"artist", b"A"),
    (b"track number", b"3/9"),
    (b"recorded date", b"1999-02-03"),
    (b"tempo", b"120"),
)
OLD_TEXTS = short(b"T") + short(b"A") + short(b"C") + short(b"W")
SAMPLE = (
    (b"VHDR", bytes(20)),
    (b"NAME", b"T\xe9"),
    (b"AUTH", b"Bo"),
    (b"ANNO", b"Hm"),
    (b"BODY", bytes(10)),
)
TWIN = chunked((b"COMM", bytes(16)), (b"NAME", b"Song"), (b"AUTH", b"Anna"), (b"(c) ", b"19"))
TRACKER = struct.pack("<H", 1) + bytes(6) + struct.pack("<HI", 9, 64) + bytes(4)
COMMON = {"Title": ("T",), "Artist": ("A",), "Copyright": ("C",), "Comment": ("W",)}
MEDIA: dict[str, tuple[bytes, dict[str, tuple[str, ...]]]] = {
    "FLV": (
        FILM,
        {
            "Title": ("Straße",),
            "Artist": ("Björk",),
            "Genre": ("Film",),
            "Year": ("2009",),
            "Encoder": ("E",),
        },
    ),
    "RealMedia": (
        real_media(b"T\xeate", b"Anna", b"1999", b"Words"),
        {"Title": ("Tête",), "Artist": ("Anna",), "Copyright": ("1999",), "Comment": ("Words",)},
    ),
    "RealAudio 3": (b".ra\xfd\0\3\0\x40" + bytes(14) + OLD_TEXTS, COMMON),
    "RealAudio 4": (b".ra\xfd\0\4" + bytes(50) + b"\4Int0\4dnet" + bytes(3) + OLD_TEXTS, COMMON),
    "CAF": (
        SONG,
        {
            "Title": ("夜",),
            "Artist": ("A",),
            "TrackNumber": ("3",),
            "TrackCount": ("9",),
            "Bpm": ("120",),
            "Year": ("1999",),
            "Date": ("1999-02-03",),
        },
    ),
    "8SVX": (
        chunk(b"FORM", b"8SVX" + chunked(*SAMPLE), ">I"),
        {"Title": ("Té",), "Artist": ("Bo",), "Comment": ("Hm",)},
    ),
    "TwinVQ": (
        b"TWIN97012000" + struct.pack(">I", len(TWIN)) + TWIN,
        {"Title": ("Song",), "Artist": ("Anna",), "Copyright": ("19",)},
    ),
    "AU": (
        b".snd" + struct.pack(">5I", 32, 4, 1, 8000, 1) + b"a note\0\0" + bytes(4),
        {"Comment": ("a note",)},
    ),
    "IT": (
        b"IMPM" + b"Caf\x82".ljust(26, b"\0") + bytes(16) + TRACKER + b"One\rTwo\0\0",
        {"Title": ("Café",), "Comment": ("One\nTwo",)},
    ),
    "XM": (
        b"Extended Module: " + b"Song".ljust(20) + b"\x1a" + b"FastTracker v2.00".ljust(20),
        {"Title": ("Song",), "Encoder": ("FastTracker v2.00",)},
    ),
    "S3M": (b"Song".ljust(28, b"\0") + b"\x1a\x10" + bytes(14) + b"SCRM" + bytes(48), {"Title": ("Song",)}),
}


@pytest.mark.parametrize("name", MEDIA)
def test_tags(name: str) -> None:
    content, expected = MEDIA[name]
    assert tags_of(content) == dict(sorted(expected.items()))
    for length in range(len(content)):
        tags_of(content[:length])


def test_dates_of_flash() -> None:
    when = b"Fri Jul 31 19:55:01 2009\n"
    tags = MediaTags(read_tags(Memory(flv(creationdate=when))))
    moment = recorded(tags, {}, "flv", "+02:00")
    assert moment is not None
    assert (moment.text, moment.source) == (
        "2009-07-31T19:55:01+02:00",
        "Container:creationdate; zone=Setting:+02:00",
    )


def test_numbers_of_flash() -> None:
    source = Memory(flv(duration=1.5, filesize=99.0))
    assert flv_number(source, b"filesize") == 99.0
    assert flv_number(source, b"width") is None
    assert list(flv_metadata(source, 10)) == [(b"duration", 1.5), (b"filesize", 99.0)]
    nested = b"\3" + text(b"a") + b"\3" + text(b"inner") + b"\2" + text(b"x") + b"\0\0\x09\0\0\x09"
    tag = b"\x12" + len(nested).to_bytes(3, "big") + bytes(7) + nested
    assert list(flv_metadata(Memory(b"FLV\1\5\0\0\0\x09" + bytes(4) + tag), 10)) == []


def test_a_list_without_end() -> None:
    nothings = b"\3" + text(b"a") + b"\x0a" + struct.pack(">I", 900_000) + b"\5" * 900_000
    tag = b"\x12" + len(nothings).to_bytes(3, "big") + bytes(7) + nothings
    source = Memory(b"FLV\1\5\0\0\0\x09" + bytes(4) + tag)
    assert flv_names(source, 100) > 100
    assert list(flv_metadata(source, 100)) == []
