"""The few properties that are taken from XMP, and their use where EXIF is silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.extract.picture_samples import (
    EXIF,
    ascii_text,
    exif_of,
    exif_segment,
    exiftool,
    extract_path,
    jpeg_of,
    jpeg_segment,
    tiff_bytes,
)

from bindery.extract.tags.xmp import MOST_BYTES, xmp_position, xmp_properties

ATTRIBUTES = b"""<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 tiff:Make="Acme &amp; Sons" tiff:Model="X1" tiff:Orientation="3"
 exif:DateTimeOriginal="2020-02-03T04:05:06.78+02:00" exif:GPSLatitude="54,59.38N" exif:GPSLongitude="1,54,51W"
 xmp:CreateDate="2020-02-04T00:00:00"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""

ELEMENTS = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/">
<tiff:Make>Acme &amp; Sons</tiff:Make><tiff:Model>X1</tiff:Model><tiff:Orientation>3</tiff:Orientation>
<exif:DateTimeOriginal>2020-02-03T04:05:06.78+02:00</exif:DateTimeOriginal>
<exif:GPSLatitude>54,59.38N</exif:GPSLatitude><exif:GPSLongitude>1,54,51W</exif:GPSLongitude>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


def with_xmp(folder: Path, packet: bytes, *segments: bytes) -> Path:
    mark = b"http://ns.adobe.com/xap/1.0/\0"
    (path := folder / "file.jpg").write_bytes(jpeg_of(40, 30, *segments, jpeg_segment(0xE1, mark + packet)))
    return path


@pytest.mark.parametrize("packet", [ATTRIBUTES, ELEMENTS])
def test_a_picture_with_xmp_alone_tells_what_exiftool_tells(packet: bytes, tmp_path: Path) -> None:
    path = with_xmp(tmp_path, packet)
    extraction, judge = extract_path(path), exiftool(path)
    exif = exif_of(extraction)
    assert (exif["Make"], exif["Model"]) == (judge["Make"], judge["Model"]) == ("Acme & Sons", "X1")
    assert extraction.file.orientation == judge["Orientation"] == 3
    assert exif["DateTimeOriginal"] == judge["DateTimeOriginal"] == "2020:02:03 04:05:06.78+02:00"
    assert extraction.file.produce_time == "2020-02-03T04:05:06.78+02:00"
    latitude, longitude = map(float, (extraction.file.lat_long or "").split(","))
    assert latitude == pytest.approx(judge["GPSLatitude"], abs=1e-6)
    assert longitude == pytest.approx(judge["GPSLongitude"], abs=1e-6)


def test_exif_wins_over_xmp(tmp_path: Path) -> None:
    extraction = extract_path(with_xmp(tmp_path, ATTRIBUTES, exif_segment()))
    assert exif_of(extraction)["Model"] == "Lichtbild 3000"
    assert extraction.file.orientation == 6
    assert (extraction.file.produce_time or "").startswith("2021-06-05")
    assert (extraction.file.lat_long or "").startswith("-41.")


def test_a_date_taken_in_xmp_wins_over_a_date_changed_in_exif(tmp_path: Path) -> None:
    block = tiff_bytes(
        {0x0132: ascii_text("2023:01:01 00:00:00"), EXIF: {0x9004: ascii_text("2022:01:01 00:00:00")}}
    )
    extraction = extract_path(with_xmp(tmp_path, ATTRIBUTES, exif_segment(block)))
    assert extraction.file.produce_time == "2020-02-03T04:05:06.78+02:00"


def test_the_packet_among_the_tags_of_a_tiff(tmp_path: Path) -> None:
    from tests.extract.picture_samples import IMAGE_HEIGHT, IMAGE_WIDTH, byte, short

    (path := tmp_path / "file.tif").write_bytes(
        tiff_bytes({IMAGE_WIDTH: short(4), IMAGE_HEIGHT: short(3), 0x02BC: byte(*ATTRIBUTES)})
    )
    assert exif_of(extract_path(path))["Model"] == exiftool(path)["Model"] == "X1"


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        ("0,0N", "180,0E", (0.0, 180.0)),
        ("41,17,11.84S", "174,46,32.79E", (-41.286622, 174.775775)),
        ("48N", "2.5E", None),
        ("91,0N", "1,0E", None),
        ("56,0.000000", "14,27.000000", None),
        ("1,0E", "1,0N", None),
        ("", "", None),
    ],
)
def test_positions(latitude: str, longitude: str, expected: tuple[float, float] | None) -> None:
    found = xmp_position({"exif:GPSLatitude": latitude, "exif:GPSLongitude": longitude})
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_the_first_of_a_repeated_property_counts_and_empty_ones_do_not() -> None:
    packet = b"<a tiff:Model=' '/><b tiff:Model='one'/><c tiff:Model='two'/><d xtiff:Make='no'/>"
    assert xmp_properties(packet) == {"tiff:Model": "one"}


def test_entities_cannot_expand() -> None:
    packet = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a tiff:Model="&b;&b;&lt;"/>'
    assert xmp_properties(packet) == {"tiff:Model": "&b;&b;<"}


def test_little_of_a_huge_packet_is_looked_at() -> None:
    assert xmp_properties(b" " * MOST_BYTES + b"<a tiff:Model='late'/>") == {}
    assert xmp_properties(b"<tiff:Model" * 20_000) == {}
    assert xmp_properties(b" tiff:Model=" + b"'" * 200_000) == {}


@given(st.binary(max_size=500))
def test_arbitrary_bytes_are_properties_or_nothing(packet: bytes) -> None:
    xmp_position(xmp_properties(b'<a tiff:Model="' + packet + b"\" exif:GPSLatitude='" + packet + b"'/>"))
