"""The EXIF text: value formats of the vendor's samples, and exiftool's values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.extract.picture_samples import (
    EXIF,
    GPS,
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    Entries,
    Value,
    ascii_text,
    byte,
    camera_tags,
    double,
    exiftool,
    long,
    rational,
    short,
    signed_rational,
    tiff_bytes,
    undefined,
)

from bindery.extract.tags.exif import TEXT_LIMIT, exif_json, exif_members
from bindery.extract.tags.tag_names import exif_tag_name
from bindery.extract.tags.tiff import Memory, NotTiff, read_tiff


def members(*pages: Entries, order: str = "<") -> dict[str, str]:
    return exif_members(read_tiff(Memory(tiff_bytes(*pages, order=order))).directories)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("directory", "tag", "value", "name", "text"),
    [
        # Values as the vendor's samples print them (help page query-the-exif-data-of-an-image).
        (None, 0x0112, short(1), "Orientation", "1"),
        (None, 0x011A, rational((72, 1)), "XResolution", "72/1"),
        (None, 0x0132, ascii_text("2024:11:17 17:50:19"), "DateTime", "2024:11:17 17:50:19"),
        (None, 0x010F, ascii_text("Apple"), "Make", "Apple"),
        (EXIF, 0x829A, rational((1, 60)), "ExposureTime", "1/60"),
        (EXIF, 0x829D, rational((8, 5)), "FNumber", "8/5"),
        (EXIF, 0x8827, short(160), "ISOSpeedRatings", "160"),
        (EXIF, 0x9000, undefined(b"0232"), "ExifVersion", "48 50 51 50"),
        (EXIF, 0x9204, signed_rational((-1, 3)), "ExposureBiasValue", "-1/3"),
        (EXIF, 0x9209, short(16), "Flash", "16"),
        (EXIF, 0x9214, short(2009, 1503, 2314, 1328), "SubjectArea", "2009 1503 2314 1328"),
        (EXIF, 0x927C, undefined(bytes(3681)), "MakerNote", "3681 bytes undefined data"),
        (EXIF, 0x9291, ascii_text("941"), "SubSecTimeOriginal", "941"),
        (EXIF, 0xA001, short(65535), "ColorSpace", "65535"),
        (EXIF, 0xA002, long(4032), "PixelXDimension", "4032"),
        (EXIF, 0xA301, undefined(b"\1"), "SceneType", "1"),
        (EXIF, 0xA405, short(26), "FocalLengthIn35mmFilm", "26"),
        (EXIF, 0xA432, rational((807365, 524263), (51, 10), (8, 5), (12, 5)), "LensSpecification",
         "807365/524263 51/10 8/5 12/5"),
        (GPS, 0x0000, byte(2, 2, 0, 0), "GPSVersionID", "2 2 0 0"),
        (GPS, 0x0001, ascii_text("N"), "GPSLatitudeRef", "North"),
        (GPS, 0x0003, ascii_text("w"), "GPSLongitudeRef", "West"),
        (GPS, 0x0002, rational((30, 1), (27, 1), (3512, 100)), "GPSLatitude", "30deg 27' 35.120\" "),
        (GPS, 0x0004, rational((0, 1), (0, 1), (0, 1)), "GPSLongitude", "0deg "),
        (GPS, 0x0007, rational((7, 1), (55, 1), (5824, 100)), "GPSTimeStamp", "7/1 55/1 5824/100"),
        (GPS, 0x001D, ascii_text("2025:01:10"), "GPSDateStamp", "2025:01:10"),
        # What the samples do not show.
        (EXIF, 0x9101, undefined(bytes(100)), "ComponentsConfiguration", "100 bytes undefined data"),
        (EXIF, 0x829D, rational((0, 0)), "FNumber", "0/0"),
        (EXIF, 0xC7A1, double(0.1), "0xc7a1", "0.1"),
        (GPS, 0x0001, ascii_text("?"), "GPSLatitudeRef", "?"),
        (GPS, 0x0002, rational((1, 0), (0, 1), (0, 1)), "GPSLatitude", "(1/0 0/1 0/1)"),
        (EXIF, 0x9286, undefined(b"ASCII\0\0\0a note"), "UserComment", "a note"),
        (EXIF, 0x9286, undefined(b"JIS\0\0\0\0\0" + "日本".encode("iso2022_jp")), "UserComment", "日本"),
        (EXIF, 0x9286, undefined(bytes(8) + b"unmarked"), "UserComment", "unmarked"),
        (None, 0x9C9B, byte(*"Ö\0".encode("utf-16-le")), "XPTitle", "Ö"),
        # A comment whose writer forgot the code, and one that is no text.
        (EXIF, 0x9286, undefined(b"a note without"), "UserComment", "a note without"),
        (EXIF, 0x9286, undefined(b"ascii\0\0\0a note"), "UserComment", "a note"),
        (EXIF, 0x9286, undefined(b"\1\2\3\xff\4\5\6\7"), "UserComment", "1 2 3 255 4 5 6 7"),
        # EXIF 2.32, 4.6.4 D: photographer, editor; the latter alone after a blank.
        (None, 0x8298, ascii_text("Photographer P.\0Editor E."), "Copyright", "Photographer P.\nEditor E."),
        (None, 0x8298, ascii_text(" \0Editor E."), "Copyright", "Editor E."),
        (None, 0x8298, ascii_text("Photographer P.\0\1\2"), "Copyright", "Photographer P."),
        (None, 0x010F, ascii_text("Acme\0left over"), "Make", "Acme"),
        # What is stored as text is no number.
        (None, 0x0112, ascii_text("6"), "Orientation", "6"),
        (GPS, 0x0002, ascii_text("52,00000,50,00000,34,01180"), "GPSLatitude", "52,00000,50,00000,34,01180"),
    ],
)  # fmt: skip
def test_values(directory: int | None, tag: int, value: Entries, name: str, text: str, order: str) -> None:
    tags: Entries = {tag: value} if directory is None else {directory: {tag: value}}
    assert members(tags, order=order)[name] == text


@pytest.mark.parametrize(("order", "code"), [("<", "utf-16-le"), (">", "utf-16-be")])
def test_a_comment_in_unicode_has_the_byte_order_of_the_block(order: str, code: str) -> None:
    comment = undefined(b"UNICODE\0" + "Größe 5".encode(code))
    assert members({EXIF: {0x9286: comment}}, order=order)["UserComment"] == "Größe 5"


@pytest.mark.parametrize("text", ["照片说明 北京", "Größe 5", "日本語のコメント", "Ελλάδα"])
@pytest.mark.parametrize(("order", "code"), [("<", "utf-16-be"), (">", "utf-16-le")])
def test_a_comment_in_the_other_order_is_told_by_what_makes_sense(text: str, order: str, code: str) -> None:
    comment = undefined(b"UNICODE\0" + text.encode(code))
    assert members({EXIF: {0x9286: comment}}, order=order)["UserComment"] == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("照片说明", "gbk"),
        ("照片說明", "big5"),
        ("写真の説明", "shift_jis"),
        ("사진 설명", "euc_kr"),
        ("Описание снимка", "cp1251"),
        ("Größe und Maß", "latin-1"),
    ],
)
def test_texts_of_before_unicode(text: str, charset: str) -> None:
    """TIFF knows ASCII alone; programs wrote what their system had. A comment without a code has the same bytes."""
    raw = text.encode(charset)
    value = Value(2, len(raw) + 1, f"{len(raw) + 1}s", (raw + b"\0",))
    found = members({0x010E: value, 0x0131: value, EXIF: {0x9286: undefined(bytes(8) + raw)}})
    assert (found["ImageDescription"], found["Software"], found["UserComment"]) == (text, text, text)


def test_numbers_are_those_of_exiftool(tmp_path: Path) -> None:
    data = tiff_bytes(camera_tags())
    found = exif_members(read_tiff(Memory(data)).directories)
    (path := tmp_path / "file.tif").write_bytes(data)
    judge = exiftool(path)
    assert (found["Make"], found["Model"]) == (judge["Make"], judge["Model"])
    assert found["DateTimeOriginal"] == judge["DateTimeOriginal"]
    assert found["OffsetTimeOriginal"] == judge["OffsetTimeOriginal"]
    assert int(found["ISOSpeedRatings"]) == judge["ISO"]
    for name in ("FNumber", "ExposureTime", "FocalLength"):
        above, below = map(int, found[name].split("/"))
        assert above / below == judge[name]


def test_the_main_picture_wins_over_the_thumbnail() -> None:
    assert members({0x0103: short(6)}, {0x0103: short(7), 0x0201: long(99)}) == {
        "Compression": "6",
        "JPEGInterchangeFormat": "99",
    }


def test_pointers_are_printed() -> None:
    found = members(camera_tags())
    assert found["ExifTag"].isdecimal()
    assert found["GPSTag"].isdecimal()


def test_json_has_sorted_members_and_the_basic_ones_win() -> None:
    directories = read_tiff(
        Memory(tiff_bytes({IMAGE_WIDTH: short(1), IMAGE_HEIGHT: short(2), 0x010F: ascii_text('A"B')}))
    ).directories
    text = exif_json({"ImageWidth": "640", "Format": "jpg"}, directories, {"Make": "other", "Model": "M"})
    assert json.loads(text) == {
        "Format": {"value": "jpg"},
        "ImageLength": {"value": "2"},
        "ImageWidth": {"value": "640"},
        "Make": {"value": 'A"B'},
        "Model": {"value": "M"},
    }
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_texts_are_limited() -> None:
    found = members({0x010E: ascii_text("x" * 200_000), 0x0131: ascii_text("y" * 200_000)})
    assert len(found["ImageDescription"]) == TEXT_LIMIT
    assert len(found["Software"]) == TEXT_LIMIT
    many = members({0x9000 + at: ascii_text("x" * 100_000) for at in range(30)})
    assert sum(map(len, many.values())) <= 600_000


@pytest.mark.parametrize(
    ("directory", "tag", "name"),
    [
        ("IFD0", 0x010F, "Make"),
        ("Exif", 0x8827, "ISOSpeedRatings"),
        ("GPS", 0x0002, "GPSLatitude"),
        ("Interop", 0x0001, "InteroperabilityIndex"),
        ("IFD0", 0x0118, "MinSampleValue"),
        ("PanasonicRaw", 0x0002, "SensorWidth"),
        ("PanasonicRaw", 0x0118, "RawDataOffset"),
        ("PanasonicRaw", 0x010F, "Make"),
        ("Interop", 0x1001, "RelatedImageWidth"),
        ("Exif", 0x9AAA, "0x9aaa"),
        ("GPS", 0x00FF, "0x00ff"),
    ],
)
def test_tag_names(directory: str, tag: int, name: str) -> None:
    assert exif_tag_name(directory, tag) == name


@given(st.binary(max_size=600), st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_arbitrary_directories_become_json(data: bytes, head: bytes) -> None:
    try:
        directories = read_tiff(Memory(head + data)).directories
    except NotTiff:
        return
    assert isinstance(json.loads(exif_json({}, directories)), dict)
