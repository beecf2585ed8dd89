"""IPTC datasets, held against exiftool and against the model's own rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.extract.picture_samples import (
    IMAGE_HEIGHT,
    IMAGE_WIDTH,
    exiftool,
    extract_path,
    jpeg_of,
    jpeg_segment,
    short,
    tiff_bytes,
    undefined,
)
from tests.extract.tags.test_xmp import rdf

from bindery.extract.tags.iptc import iptc_date, read_iptc

NEWS = [
    (2, 5, b"Harbour"),
    (2, 25, b"ship"),
    (2, 25, b"harbour"),
    (2, 55, b"20090519"),
    (2, 60, b"095721-0700"),
    (2, 90, b"Kiel"),
    (2, 105, b"In port"),
    (2, 10, b"5"),
]


def dataset(record: int, number: int, value: bytes) -> bytes:
    return bytes((0x1C, record, number)) + len(value).to_bytes(2, "big") + value


def block(*datasets: tuple[int, int, bytes]) -> bytes:
    return b"".join(dataset(*one) for one in datasets)


def resource(number: int, data: bytes) -> bytes:
    return (
        b"8BIM"
        + number.to_bytes(2, "big")
        + b"\0\0"
        + len(data).to_bytes(4, "big")
        + data
        + b"\0" * (len(data) % 2)
    )


def app13(data: bytes, *, parts: int = 1) -> list[bytes]:
    step = -(-len(data) // parts)
    return [
        jpeg_segment(0xED, b"Photoshop 3.0\0" + data[at : at + step]) for at in range(0, len(data), step)
    ]


@pytest.mark.parametrize("parts", [1, 3])
def test_a_news_picture_tells_what_exiftool_tells(parts: int, tmp_path: Path) -> None:
    data = resource(0x0421, b"version") + resource(0x0404, block(*NEWS))
    (path := tmp_path / "news.jpg").write_bytes(jpeg_of(40, 30, *app13(data, parts=parts)))
    file, judge = extract_path(path).file, exiftool(path)
    assert file.tags is not None
    assert file.tags["Keywords"] == tuple(judge["Keywords"]) == ("ship", "harbour")
    assert file.tags["City"] == (judge["City"],) == ("Kiel",)
    assert file.tags["Headline"] == (judge["Headline"],) == ("In port",)
    assert file.tags["IPTC:Urgency"] == (str(judge["Urgency"]),) == ("5",)
    assert file.title == judge["ObjectName"] == "Harbour"
    assert file.produce_time == "2009-05-19T09:57:21-07:00"


def test_the_datasets_among_the_tags_of_a_tiff(tmp_path: Path) -> None:
    tags = {IMAGE_WIDTH: short(4), IMAGE_HEIGHT: short(3), 0x83BB: undefined(block(*NEWS))}
    (path := tmp_path / "news.tif").write_bytes(tiff_bytes(tags))
    assert (extract_path(path).file.tags or {})["Keywords"] == ("ship", "harbour")


def test_xmp_wins_and_keywords_of_both_are_kept(tmp_path: Path) -> None:
    packet = rdf(
        "<dc:title>Port</dc:title><photoshop:City>Kiel-Holtenau</photoshop:City>"
        "<dc:subject><rdf:Bag><rdf:li>ship</rdf:li><rdf:li>lock</rdf:li></rdf:Bag></dc:subject>"
    )
    xmp = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    (path := tmp_path / "news.jpg").write_bytes(
        jpeg_of(40, 30, *app13(resource(0x0404, block(*NEWS))), xmp)
    )
    file = extract_path(path).file
    assert file.title == "Port"
    assert file.tags is not None
    assert file.tags["City"] == ("Kiel-Holtenau",)
    assert file.tags["Keywords"] == ("ship", "lock", "harbour")


@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        (b"\x1b%G", "Grüße".encode(), "Grüße"),
        (b"\x1b.A", "Grüße".encode("latin-1"), "Grüße"),
        (b"", "Grüße".encode(), "Grüße"),
        (b"", "Grüße".encode("latin-1"), "Grüße"),
        (b"\x1b.A", "Grüße".encode(), "Grüße"),
        (b"", "上海的港口".encode("gbk"), "上海的港口"),
        (b"", "Порт Одессы".encode("cp1251"), "Порт Одессы"),
    ],
)
def test_charsets(charset: bytes, raw: bytes, expected: str) -> None:
    declared = [(1, 90, charset)] if charset else []
    assert read_iptc(block(*declared, (2, 120, raw))) == {120: [expected]}


@pytest.mark.parametrize(
    ("date", "clock", "expected"),
    [
        (b"20090519", b"095721-0700", "2009:05:19 09:57:21-07:00"),
        (b"20090519", b"095721", "2009:05:19 09:57:21"),
        (b"20090519", b"", "2009:05:19"),
        (b"2009-05-19", b"09:57:21+02:00", "2009:05:19 09:57:21+02:00"),
        (b"00000000", b"000000", None),
        (b"May 2009", b"", None),
    ],
)
def test_dates(date: bytes, clock: bytes, expected: str | None) -> None:
    assert iptc_date(read_iptc(block((2, 55, date), (2, 60, clock))), "DateCreated") == expected


def test_an_extended_dataset_and_damage() -> None:
    long = b"\x1c\x02\x78\x80\x04" + (70_000).to_bytes(4, "big") + b"a" * 70_000
    assert read_iptc(long + dataset(2, 90, b"Kiel")) == {120: ["a" * 70_000], 90: ["Kiel"]}
    assert read_iptc(dataset(2, 90, b"Kiel") + b"\x1c\x02\x05\xff\xff") == {90: ["Kiel"]}
    assert read_iptc(dataset(2, 90, b"Kiel") + b"junk" + dataset(2, 101, b"no")) == {90: ["Kiel"]}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_datasets_or_nothing(data: bytes) -> None:
    values = read_iptc(b"\x1c\x02" + data)
    iptc_date(values, "DateCreated")
