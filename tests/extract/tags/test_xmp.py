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

from bindery.extract.tags.xmp import MOST_BYTES, read_xmp, xmp_position

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
        ("0,0N", "0,0E", None),
        ("41,17,11.84S", "174,46,32.79E", (-41.286622, 174.775775)),
        ("48N", "2.5E", (48.0, 2.5)),
        ("33.8688s", " 151.2093 e\0", (-33.8688, 151.2093)),
        ("-33.8688", "+151.2093", (-33.8688, 151.2093)),
        ("-33.8688S", "151.2093E", (-33.8688, 151.2093)),
        ("-33.8688N", "151.2093E", None),  # neither
        ("-91.5", "151.2", None),
        ("33", "151", None),
        ("0,0.00000001N", "0,0.00000001E", None),
        ("0,0N", "8,30.0E", (0.0, 8.5)),
        ("91,0N", "1,0E", None),
        ("56,0.000000", "14,27.000000", None),
        ("1,0E", "1,0N", None),
        ("", "", None),
    ],
)
def test_positions(latitude: str, longitude: str, expected: tuple[float, float] | None) -> None:
    found = xmp_position({"exif:GPSLatitude": [latitude], "exif:GPSLongitude": [longitude]})
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-6))


def rdf(body: str, declared: str = "") -> bytes:
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="" {DC} {XMP} {declared}
        >{body}</rdf:Description></rdf:RDF></x:xmpmeta>""".encode()


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
XMP = 'xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
TIFF = "http://ns.adobe.com/tiff/1.0/"
MM = 'xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:stRef="http://ns.adobe.com/xap/1.0/sType/ResourceRef#"'


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (rdf(f'<t1:Make xmlns:t1="{TIFF}">Acme</t1:Make>'), {"tiff:Make": ["Acme"]}),
        (
            rdf("<xap:Rating>3</xap:Rating>", 'xmlns:xap="http://ns.adobe.com/xap/1.0/"'),
            {"xmp:Rating": ["3"]},
        ),
        (rdf("<Rating xmlns='http://ns.adobe.com/xap/1.0/'>3</Rating>"), {"xmp:Rating": ["3"]}),
        (rdf('<tiff:Make xmlns:tiff="http://ns.adobe.com/tiff/1.0">A</tiff:Make>'), {"tiff:Make": ["A"]}),
        (rdf("<tiff:Make>not declared</tiff:Make>"), {"tiff:Make": ["not declared"]}),
        (rdf('<tiff:Make xmlns:tiff="urn:mine">A</tiff:Make>'), {"ns1:Make": ["A"]}),
        (rdf('<my:Make xmlns:my="urn:mine">A</my:Make>'), {"my:Make": ["A"]}),
        (
            rdf(
                "<dc:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li> </rdf:li><rdf:li>b</rdf:li></rdf:Bag></dc:subject>"
            ),
            {"dc:subject": ["a", "b"]},
        ),
        (
            rdf(
                "<dc:title><rdf:Alt><rdf:li xml:lang='de'>Ja</rdf:li><rdf:li xml:lang='x-default'>Yes</rdf:li>"
                "</rdf:Alt></dc:title>"
            ),
            {"dc:title": ["Yes", "Ja"]},
        ),
        (
            rdf('<xmpMM:DerivedFrom stRef:instanceID="i" stRef:documentID="d"/>', MM),
            {"xmpMM:DerivedFrom/stRef:instanceID": ["i"], "xmpMM:DerivedFrom/stRef:documentID": ["d"]},
        ),
        (
            rdf(
                '<xmpMM:DerivedFrom rdf:parseType="Resource"><stRef:instanceID>i</stRef:instanceID>'
                "</xmpMM:DerivedFrom>",
                MM,
            ),
            {"xmpMM:DerivedFrom/stRef:instanceID": ["i"]},
        ),
        (
            rdf(
                '<xmpMM:Ingredients><rdf:Bag><rdf:li stRef:instanceID="i"/><rdf:li><rdf:Description'
                ' stRef:instanceID="j"/></rdf:li></rdf:Bag></xmpMM:Ingredients>',
                MM,
            ),
            {"xmpMM:Ingredients/stRef:instanceID": ["i", "j"]},
        ),
        (rdf('<xmp:BaseURL rdf:resource="http://a/"/>'), {"xmp:BaseURL": ["http://a/"]}),
        (
            rdf('<dc:source rdf:parseType="Resource"><rdf:value>v</rdf:value><xmp:q>w</xmp:q></dc:source>'),
            {"dc:source": ["v"], "dc:source/xmp:q": ["w"]},
        ),
        (rdf("<dc:title><![CDATA[a<b]]></dc:title>"), {"dc:title": ["a<b"]}),
    ],
)
def test_a_property_is_its_namespace_and_its_name(packet: bytes, expected: dict[str, list[str]]) -> None:
    """The forms of RDF that ISO 16684-1 section 7 lets a packet have."""
    assert read_xmp(packet) == expected


def test_the_older_prefix_of_adobe_tells_when_a_picture_was_made(tmp_path: Path) -> None:
    packet = ATTRIBUTES.replace(b"xmp:", b"xap:").replace(b"exif:Date", b"exif:NoDate")
    packet = packet.replace(b"xmlns:xmp", b"xmlns:xap")
    assert extract_path(with_xmp(tmp_path, packet)).file.produce_time == "2020-02-04T00:00:00Z"


@pytest.mark.parametrize(
    "wide", ["utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8-sig"]
)
def test_every_form_of_unicode(wide: str) -> None:
    packet = '<?xml version="1.0"?>' + rdf("<dc:title>漢字</dc:title>").decode()
    assert read_xmp(packet.encode(wide)) == {"dc:title": ["漢字"]}


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (b"Smith & Sons", "Smith & Sons"),
        (b"bell \x07", "bell \ufffd"),
        (b"caf\xe9 ", "caf\ufffd"),
        (b"&undefined; &lt;", "&undefined; <"),
    ],
)
def test_a_damaged_packet_tells_what_it_can(damage: bytes, expected: str) -> None:
    packet = rdf("<dc:title>TEXT</dc:title><dc:source>after</dc:source>").replace(b"TEXT", damage)
    assert read_xmp(packet) == {"dc:title": [expected], "dc:source": ["after"]}
    cut = rdf("<dc:title>whole</dc:title><dc:source>half")[:-40]
    assert read_xmp(cut)["dc:title"] == ["whole"]
    assert read_xmp(rdf("<dc:title>a</dc:title>") + b"<junk") == {"dc:title": ["a"]}


def test_a_dtd_ends_the_packet() -> None:
    packet = b'<!DOCTYPE a [<!ENTITY b "bbbb">]>' + rdf("<dc:title>&b;</dc:title>")
    assert read_xmp(packet) == {}


def test_a_hostile_packet_costs_little() -> None:
    assert read_xmp(b" " * MOST_BYTES + rdf("<dc:title>late</dc:title>")) == {}
    assert read_xmp(rdf("<a>" * 200_000)) == {}
    assert sum(map(len, read_xmp(rdf("<dc:title>x</dc:title>" * 60_000)).values())) < 50_000
    assert read_xmp(rdf("<dc:title>" + "A" * 100_000 + "</dc:title>")) == {}
    many = "".join(f' xmlns:n{number}="urn:{number}" n{number}:a="1"' for number in range(30_000))
    assert len(read_xmp(rdf("", many))) <= 256
    nested = "".join(f'<dc:a xmlns:n{number}="urn:{number}"><rdf:Description>' for number in range(20_000))
    assert read_xmp(rdf(nested)) == {}
    assert read_xmp(rdf(f"<dc:{'a' * 400_000}><rdf:Description>" + "<dc:b>1</dc:b>" * 40_000)) == {}


@given(st.binary(max_size=500))
def test_arbitrary_bytes_are_properties_or_nothing(packet: bytes) -> None:
    read_xmp(packet)
    xmp_position(
        read_xmp(b'<rdf:Description tiff:Model="' + packet + b"\" exif:GPSLatitude='" + packet + b"'/>")
    )
