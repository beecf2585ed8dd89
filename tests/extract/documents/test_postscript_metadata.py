"""XMP, EXIF and IPTC of Encapsulated PostScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.extract.picture_samples import ascii_text, extract_path, tiff_bytes
from tests.extract.tags.test_iptc import block, resource
from tests.extract.tags.test_xmp import rdf

HEAD = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 30\n%%Title: a.eps\n"
    b"%%CreationDate: 2/7/2015 2:04 PM\n%%EndComments\n"
)
PACKET = rdf("<dc:subject><rdf:Bag><rdf:li>ship</rdf:li></rdf:Bag></dc:subject>"
             "<xmp:CreateDate>2015-02-07T14:03:46+01:00</xmp:CreateDate>")  # fmt: skip
EXIF = tiff_bytes(
    {
        0x010F: ascii_text("SONY"),
        0x0110: ascii_text("DSC-RX100"),
        0x8769: {0x9003: ascii_text("2003:10:31 15:44:19")},
    }
)
NEWS = block((2, 5, b"Harbour"), (2, 25, b"ship"))


def photoshop(data: bytes, end: bytes) -> bytes:
    text = data.hex().upper().encode()
    lines = [b"% " + text[at : at + 64] for at in range(0, len(text), 64)]
    return (
        b"%BeginPhotoshop: "
        + str(len(data)).encode()
        + end
        + end.join(lines)
        + end
        + b"%EndPhotoshop"
        + end
    )


def test_a_packet_in_a_drawing(tmp_path: Path) -> None:
    (path := tmp_path / "a.eps").write_bytes(
        HEAD + b"%begin_xml_packet: 1\n" + PACKET + b"\n%end_xml_packet\n"
    )
    file = extract_path(path).file
    assert (file.produce_time, (file.tags or {})["Keywords"]) == ("2015-02-07T14:03:46+01:00", ("ship",))
    assert (file.image_width, file.image_height) == (40, 30)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_blocks_of_photoshop_in_hexadecimal(end: bytes, tmp_path: Path) -> None:
    resources = resource(1028, NEWS) + resource(1058, EXIF)
    head = HEAD.replace(b"\n", end)
    (path := tmp_path / "a.eps").write_bytes(head + photoshop(resources, end) + b"%%EOF" + end)
    file = extract_path(path).file
    assert (file.title, file.produce_time) == ("Harbour", "2003-10-31T15:44:19+08:00")
    assert [(file.tags or {})[name] for name in ("Keywords", "Camera")] == [("ship",), ("SONY DSC-RX100",)]


def test_damage_costs_and_tells_nothing(tmp_path: Path) -> None:
    for content in (
        b"%BeginPhotoshop: 9\n% 0\n",
        b"<x:xmpmeta " * 40_000,
        b"%BeginPhotoshop: 9\n" + b"% 3842494D\n" * 30_000,
    ):
        (path := tmp_path / "a.eps").write_bytes(HEAD + content)
        extraction = extract_path(path)
        assert (extraction.failure, extraction.file.produce_time) == (None, None)
