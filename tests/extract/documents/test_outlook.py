"""Messages that Outlook saved."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes, make_compound

from bindery.extract.documents.compressed_rtf import unpacked_rtf
from bindery.extract.extraction import Extraction

# 2009-02-13T23:31:30Z, the 1,234,567,890th second since 1970, in steps of 100 ns since 1601.
INSTANT = (1_234_567_890 + 11_644_473_600) * 10_000_000
HELLO = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
"""MS-OXRTFCP 4.1.1."""
REPEATED = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
"""MS-OXRTFCP 4.1.2: a reference that reads what it writes."""


def properties(values: Mapping[int, int], header: int) -> bytes:
    return bytes(header) + b"".join(
        struct.pack("<HHIQ", 3, number, 6, value) for number, value in values.items()
    )


def read(folder: Path, values: Mapping[int, int], streams: Mapping[str, bytes]) -> Extraction:
    """A message of these numbers, and texts and bytes by number and kind."""
    named = {f"__substg1.0_{name}" if "/" not in name else name: data for name, data in streams.items()}
    return extract_bytes(
        folder, "a", make_compound({"__properties_version1.0": properties(values, 32), **named})
    )


def wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def test_a_message(tmp_path: Path) -> None:
    recipient, attachment, shown = (
        f"{kind}_version1.0_#0000000{number}/"
        for kind, number in (("__recip", 0), ("__attach", 0), ("__attach", 1))
    )
    streams = {
        "0037001F": wide("Rapport"),
        "0C1A001F": wide("Ann"),
        "5D01001F": wide("ann@example.com"),
        "1000001F": wide("Bonjour"),
        "1035001F": wide("<1@example.com>"),
        f"{recipient}__properties_version1.0": properties({0x0C15: 2}, 8),
        f"{recipient}__substg1.0_3001001F": wide("Bob"),
        f"{recipient}__substg1.0_39FE001F": wide("bob@example.com"),
        f"{attachment}__properties_version1.0": properties({}, 8),
        f"{attachment}__substg1.0_3707001F": wide("Été.pdf"),
        f"{shown}__properties_version1.0": properties({0x7FFE: 1}, 8),
        f"{shown}__substg1.0_3707001F": wide("image001.png"),
    }
    found = read(tmp_path, {0x0E06: INSTANT + 10_000_000, 0x0039: INSTANT}, streams)
    assert (found.failure, found.file.content_type) == (None, "application/vnd.ms-outlook")
    assert (found.file.title, found.file.artist, found.text) == ("Rapport", "Ann", "Rapport Bonjour")
    assert found.file.produce_time == "2009-02-13T23:31:30Z"
    assert found.file.tags == {
        "Subject": ("Rapport",),
        "From": ("Ann <ann@example.com>",),
        "Cc": ("Bob <bob@example.com>",),
        "MessageId": ("1@example.com",),
        "Attachment": ("Été.pdf",),
        "AttachmentCount": ("1",),
    }


@pytest.mark.parametrize(
    ("values", "charset", "text"),
    [
        ({0x3FFD: 1251}, "cp1251", "Автоматический ответ"),
        ({0x3FFD: 950}, "big5", "格式測試"),
        ({0x3FF1: 1049}, "cp1251", "Ответ"),
        ({0x3FF1: 2052, 0x3FDE: 65001}, "gbk", "中国"),
        ({0x3FF1: 1028}, "big5", "測試"),
        ({0x3FDE: 65001}, "utf-8", "Größe"),
        ({0x3FF1: 1031, 0x3FDE: 65001}, "cp1252", "Größe"),
        ({0x3FDE: 51932}, "euc-jp", "日本語"),
        ({}, "utf-8", "Größe"),
        ({}, "cp1251", "Автоматический ответ на письмо"),
    ],
)
def test_code_pages(tmp_path: Path, values: dict[int, int], charset: str, text: str) -> None:
    found = read(tmp_path, values, {"0037001E": text.encode(charset)})
    assert (found.failure, found.file.title) == (None, text)


@pytest.mark.parametrize(
    ("streams", "text"),
    [
        ({"10130102": b"<p>Hyper <b>text</b></p>"}, "Hyper text"),
        ({"10130102": "<p>Größe</p>".encode("cp1252")}, "Größe"),
        ({"1013001F": wide("<p>Größe</p>")}, "Größe"),
        ({"10090102": HELLO}, "hello world"),
        ({"1000001F": wide("Plain"), "10130102": b"Hyper", "10090102": HELLO}, "Plain"),
        ({"1000001F": wide(" \r\n"), "10130102": b"<br>", "10090102": HELLO}, "hello world"),
        ({"10090102": HELLO[:20]}, None),
    ],
)
def test_bodies(tmp_path: Path, streams: dict[str, bytes], text: str | None) -> None:
    found = read(tmp_path, {0x3FDE: 1252}, streams)
    assert (found.failure, found.text) == (None, text)


def test_packed_rtf() -> None:
    assert unpacked_rtf(HELLO, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert unpacked_rtf(REPEATED, 1000) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert unpacked_rtf(REPEATED, 9) == b"{\\rtf1 WX"
    assert unpacked_rtf(b"\x10\0\0\0\4\0\0\0MELA\0\0\0\0Text and more", 1000) == b"Text"
    assert unpacked_rtf(b"\x10\0\0\0\4\0\0\0XXXX\0\0\0\0Text", 1000) == b""
    before = time.thread_time()
    packed = b"\0\0\0\0\xff\xff\xff\x7fLZFu\0\0\0\0" + b"\xff" + b"\0\x1f" * 8
    assert len(unpacked_rtf(packed * 200_000, 1024 * 1024)) <= 1024 * 1024
    assert time.thread_time() - before < 10, "it takes less than a second where nothing else runs"


def test_categories_are_keywords(tmp_path: Path) -> None:
    """A property with a name, whose number is told by its place among the names (MS-OXMSG 2.2.3)."""
    texts = b"".join(struct.pack("<I", len(wide(name))) + wide(name) for name in ("Other", "Keywords"))
    place = texts.index(struct.pack("<I", 16) + wide("Keywords"))
    names = struct.pack("<IHHIHH", 0, 7, 0, place, 5, 1)
    streams = {
        "0037001F": wide("S"),
        "8001101F": struct.pack("<II", 10, 14),
        "8001101F-00000000": wide("Blue\0"),
        "8001101F-00000001": wide("Später\0"),
        "__nameid_version1.0/__substg1.0_00030102": names,
        "__nameid_version1.0/__substg1.0_00040102": texts,
    }
    assert (read(tmp_path, {}, streams).file.tags or {})["Keywords"] == ("Blue", "Später")
