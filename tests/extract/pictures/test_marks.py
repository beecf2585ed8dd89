"""What belongs to a photo or stands inside it, told as tags: the values of exiftool where it reads them too."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from tests.extract.picture_samples import (
    EXIF,
    ascii_text,
    box,
    exif_segment,
    exiftool,
    extract_path,
    jpeg_of,
    jpeg_segment,
    short,
    tiff_bytes,
    undefined,
)

from bindery.extract.names import name_stem
from bindery.extract.pictures.boxes import HeifMeta, find_box
from bindery.extract.tags.tiff import Memory

VIDEO = box(b"ftyp", b"mp42\0\0\0\0mp42isom") + box(b"mdat", bytes(300))
MAKE, CUSTOM_RENDERED, MAKER_NOTE = 0x010F, 0xA401, 0x927C
UUID = "6DB5A4C8-25F0-4AB4-B8A2-9E2F1B0E7C11"


def xmp_segment(attributes: str, elements: str = "") -> bytes:
    names = {
        "GCamera": "http://ns.google.com/photos/1.0/camera/",
        "GPano": "http://ns.google.com/photos/1.0/panorama/",
        "Container": "http://ns.google.com/photos/1.0/container/",
        "Item": "http://ns.google.com/photos/1.0/container/item/",
        "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    }
    declared = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items())
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared} {attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    return jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet.encode())


def directory(*items: str) -> str:
    inner = "".join(f'<rdf:li rdf:parseType="Resource"><Container:Item {item}/></rdf:li>' for item in items)
    return f"<Container:Directory><rdf:Seq>{inner}</rdf:Seq></Container:Directory>"


def tags_of(folder: Path, data: bytes, name: str = "file.jpg") -> dict[str, tuple[str, ...]]:
    (path := folder / name).write_bytes(data)
    return dict(extract_path(path).file.tags or {})


MOTION = directory(
    'Item:Mime="image/jpeg" Item:Semantic="Primary" Item:Length="0" Item:Padding="0"',
    'Item:Mime="image/jpeg" Item:Semantic="GainMap" Item:Length="7"',
    f'Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="{len(VIDEO)}"',
)


@pytest.mark.parametrize(
    ("attributes", "elements"),
    [
        ('GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1"', MOTION),
        (f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(VIDEO)}"', ""),
        (f'GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="{len(VIDEO)}"', ""),
    ],
)
def test_the_video_of_a_motion_photo(tmp_path: Path, attributes: str, elements: str) -> None:
    data = jpeg_of(4, 3, xmp_segment(attributes, elements)) + b"gainmap" + VIDEO
    tags = tags_of(tmp_path, data)
    assert tags["MotionPhoto"] == ("true",)
    offset, length = (int(tags[name][0]) for name in ("MotionPhotoOffset", "MotionPhotoLength"))
    assert data[offset : offset + length] == VIDEO


@pytest.mark.parametrize(
    ("attributes", "marked"),
    [
        ('GCamera:MotionPhoto="0"', False),
        ('GCamera:MicroVideo="0" GCamera:MicroVideoOffset="10"', False),
        ('GCamera:MotionPhoto="1"', True),
        ('GCamera:MicroVideo="1" GCamera:MicroVideoOffset="99999999"', True),
        ('GCamera:MicroVideo="1" GCamera:MicroVideoOffset="-5"', True),
    ],
)
def test_a_place_that_is_not_in_the_file_is_not_told(tmp_path: Path, attributes: str, marked: bool) -> None:
    tags = tags_of(tmp_path, jpeg_of(4, 3, xmp_segment(attributes)) + VIDEO)
    assert ("MotionPhoto" in tags) == marked
    assert "MotionPhotoOffset" not in tags


def samsung_trailer(*records: tuple[int, bytes, bytes]) -> bytes:
    """Records, then their directory, whose offsets count backwards from its beginning."""
    blocks = [struct.pack("<HHI", 0, kind, len(name)) + name + content for kind, name, content in records]
    entries = b""
    for number, (kind, _, _) in enumerate(records):
        back = sum(map(len, blocks[number:]))
        entries += struct.pack("<HHII", 0, kind, back, len(blocks[number]))
    head = b"SEFH" + struct.pack("<II", 107, len(records)) + entries
    return b"".join(blocks) + head + struct.pack("<I", len(head)) + b"SEFT"


def test_the_video_in_a_trailer_of_samsung(tmp_path: Path) -> None:
    records = ((0x0A01, b"Image_UTC_Data", b"1500000000000"), (0x0A30, b"MotionPhoto_Data", VIDEO))
    made_by = exif_segment(tiff_bytes({MAKE: ascii_text("SAMSUNG")}))
    data = jpeg_of(4, 3, made_by) + samsung_trailer(*records)
    tags = tags_of(tmp_path, data)
    offset, length = (int(tags[name][0]) for name in ("MotionPhotoOffset", "MotionPhotoLength"))
    assert data[offset : offset + length] == VIDEO
    command = ["exiftool", "-b", "-EmbeddedVideoFile", str(tmp_path / "file.jpg")]
    assert subprocess.run(command, capture_output=True, check=True).stdout == VIDEO
    # Damaged, and of a camera that has no such trailers.
    for cut in range(1, 60):
        assert "MotionPhotoOffset" not in tags_of(tmp_path, data[:-cut])
    other = exif_segment(tiff_bytes({MAKE: ascii_text("Canon")}))
    assert "MotionPhoto" not in tags_of(tmp_path, jpeg_of(4, 3, other) + samsung_trailer(*records))


def heic_with_a_video(trailer: bytes = b"") -> bytes:
    """Boxes without a picture, and behind them one with a video."""
    exif = tiff_bytes({MAKE: ascii_text("samsung")})
    item = struct.pack(">I", 0) + exif
    info = box(b"infe", b"\2\0\0\0" + struct.pack(">HH4s", 1, 0, b"Exif") + b"\0")
    places = b"\1\0\0\0\x44\0" + struct.pack(">HHHHHII", 1, 1, 1, 0, 1, 0, len(item))
    meta = box(
        b"meta",
        bytes(4)
        + box(b"iinf", bytes(4) + struct.pack(">H", 1) + info)
        + box(b"iloc", places)
        + box(b"idat", item),
    )
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta + box(b"mpvd", VIDEO) + trailer


def test_a_video_in_a_box_of_its_own(tmp_path: Path) -> None:
    whole = heic_with_a_video()
    place = struct.pack(">4sII", b"mpv2", whole.index(VIDEO), len(VIDEO))
    data = heic_with_a_video(box(b"sefd", samsung_trailer((0x0A30, b"MotionPhoto_Data", place))))
    tags = tags_of(tmp_path, data, "file.heic")
    offset, length = (int(tags[name][0]) for name in ("MotionPhotoOffset", "MotionPhotoLength"))
    assert data[offset : offset + length] == VIDEO
    # A place that is not in the file is not told.
    false = struct.pack(">4sII", b"mpv2", 8, 1 << 31)
    data = heic_with_a_video(box(b"sefd", samsung_trailer((0x0A30, b"MotionPhoto_Data", false))))
    tags = tags_of(tmp_path, data, "file.heic")
    assert data[int(tags["MotionPhotoOffset"][0]) :].startswith(VIDEO)  # the box is taken instead


@pytest.mark.parametrize(
    ("tag", "further", "expected"), [(0x21, True, "Apple"), (0x21, False, None), (0x22, True, None)]
)
def test_apples_gain_map_in_a_jpeg(tmp_path: Path, tag: int, further: bool, expected: str | None) -> None:
    note = (
        b"Apple iOS\0\0\1MM"
        + struct.pack(">HHHII", 1, tag, 10, 1, 30)
        + bytes(4)
        + struct.pack(">ii", 3, 2)
    )
    exif = exif_segment(tiff_bytes({MAKE: ascii_text("Apple"), EXIF: {MAKER_NOTE: undefined(note)}}))
    segments = [exif, jpeg_segment(0xE2, b"MPF\0MM\0*" + bytes(40))] if further else [exif]
    told = tags_of(tmp_path, jpeg_of(4, 3, *segments)).get("GainMap")
    assert told == (None if expected is None else (expected,))


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_identifier_that_a_live_photo_shares_with_its_video(tmp_path: Path, order: str) -> None:
    head = b"Apple iOS\0\0\1" + (b"II" if order == "<" else b"MM")
    texts = [(0x000B, b"B" * 36 + b"\0"), (0x0011, UUID.encode() + b"\0")]
    at = len(head) + 2 + 12 * len(texts) + 4
    entries, values = b"", b""
    for tag, text in texts:
        entries += struct.pack(order + "HHII", tag, 2, len(text), at + len(values))
        values += text
    note = head + struct.pack(order + "H", len(texts)) + entries + bytes(4) + values
    block = tiff_bytes({MAKE: ascii_text("Apple"), EXIF: {MAKER_NOTE: undefined(note)}})
    tags = tags_of(tmp_path, jpeg_of(4, 3, exif_segment(block)))
    judged = exiftool(tmp_path / "file.jpg")
    assert tags["ContentIdentifier"] == (UUID,)
    assert UUID in (judged.get("ContentIdentifier"), judged.get("MediaGroupUUID"))
    assert tags["BurstUuid"] == ("B" * 36,)


@pytest.mark.parametrize(
    ("segments", "name", "value"),
    [
        ([xmp_segment('GPano:ProjectionType="equirectangular"')], "Panorama", "equirectangular"),
        ([xmp_segment('GPano:UsePanoramaViewer="True"')], "Panorama", "true"),
        ([exif_segment(tiff_bytes({EXIF: {CUSTOM_RENDERED: short(6)}}))], "Panorama", "true"),
        ([exif_segment(tiff_bytes({EXIF: {CUSTOM_RENDERED: short(1)}}))], "Panorama", None),
        ([xmp_segment('hdrgm:Version="1.0"')], "GainMap", "hdrgm 1.0"),
        ([jpeg_segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")], "GainMap", "ISO 21496-1"),
        ([jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1")], "GainMap", None),
    ],
)
def test_panoramas_and_gain_maps(
    tmp_path: Path, segments: list[bytes], name: str, value: str | None
) -> None:
    tags = tags_of(tmp_path, jpeg_of(4, 3, *segments))
    assert tags.get(name) == (None if value is None else (value,))


def full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24), *parts)


@pytest.mark.parametrize(
    ("kind", "auxiliary", "expected"),
    [
        (b"tmap", b"", "ISO 21496-1"),
        (b"hvc1", b"urn:com:apple:photo:2020:aux:hdrgainmap\0", "Apple"),
        (b"hvc1", b"urn:mpeg:hevc:2015:auxid:1\0", ""),
    ],
)
def test_gain_maps_of_heif(kind: bytes, auxiliary: bytes, expected: str) -> None:
    item = full(b"infe", struct.pack(">HH4s", 1, 0, kind), b"\0", version=2)
    properties = box(b"iprp", box(b"ipco", full(b"auxC", auxiliary)))
    source = Memory(
        full(
            b"meta",
            full(b"pitm", struct.pack(">H", 1)),
            full(b"iinf", struct.pack(">H", 1), item),
            properties,
        )
    )
    meta = find_box(source, b"meta")
    assert meta is not None
    assert HeifMeta(source, meta).gain_map() == expected


@pytest.mark.parametrize(
    ("key", "content_type", "stem"),
    [
        ("holiday/IMG_1234.CR2", "image/x-canon-cr2", "holiday/IMG_1234"),
        ("holiday/IMG_1234.JPG", "image/jpeg", "holiday/IMG_1234"),
        ("IMG_1234.a.MOV", "video/quicktime", "IMG_1234.a"),
        ("IMG_1234", "image/jpeg", None),
        ("holiday/.jpg", "image/jpeg", None),
        ("a/b.png", "image/png", None),
        ("a.txt", None, None),
    ],
)
def test_what_the_halves_of_a_pair_share(key: str, content_type: str | None, stem: str | None) -> None:
    assert name_stem(key, content_type) == stem


def test_the_stem_stands_among_the_tags(tmp_path: Path) -> None:
    assert tags_of(tmp_path, jpeg_of(4, 3), "IMG_1.JPG")["NameStem"] == ("IMG_1",)
