"""Dates from the name of a file, or from its store, for those who asked for guesses."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.extract.picture_samples import (
    DATE_TIME,
    ascii_text,
    exif_segment,
    jpeg_of,
    request_of,
    tiff_bytes,
)

from bindery.buckets.store import ObjectInfo
from bindery.extract.extract import extract
from bindery.extract.limits import ExtractionLimits
from bindery.extract.tags.dates import ZoneClues, produce_time
from bindery.extract.tags.guessed_dates import guessed_dates

WRITTEN = 1_700_000_000_123_456_789
"""2023-11-14T22:13:20.123456Z."""


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("IMG_20170412_101112.jpg", "2017-04-12T10:11:12+02:00"),
        ("holiday 2016/VID_20170412_101112.mp4", "2017-04-12T10:11:12+02:00"),
        ("20170412_101112(0).jpg", "2017-04-12T10:11:12+02:00"),
        ("20170412101112.jpg", "2017-04-12T10:11:12+02:00"),
        ("2017-04-12 10.11.12.jpg", "2017-04-12T10:11:12+02:00"),
        ("2017-04-12 10.11.12-1.jpg", "2017-04-12T10:11:12+02:00"),
        ("IMG-20170412-WA0001.jpg", "2017-04-12T00:00:00+02:00"),
        ("WhatsApp Image 2017-04-12 at 10.11.12.jpeg", "2017-04-12T10:11:12+02:00"),
        ("WhatsApp Image 2017-04-12 at 10.11.12 PM.jpeg", "2017-04-12T22:11:12+02:00"),
        ("Screenshot_2017-04-12-10-11-12.png", "2017-04-12T10:11:12+02:00"),
        ("Screenshot_20170412-101112_Maps.jpg", "2017-04-12T10:11:12+02:00"),
        ("Screenshot 2017-04-12 at 10.11.12.png", "2017-04-12T10:11:12+02:00"),
        ("signal-2017-04-12-101112.jpg", "2017-04-12T10:11:12+02:00"),
        ("PXL_20170412_101112345.jpg", "2017-04-12T12:11:12.345+02:00"),
        ("PXL_20170412_101112345.MP.jpg", "2017-04-12T12:11:12.345+02:00"),
        ("2017-04-12.jpg", "2017-04-12T00:00:00+02:00"),
        ("IMG_20170412_996112.jpg", "2017-04-12T00:00:00+02:00"),
        ("Screenshot 2017-04-12 at 1.02.03\u202fPM.png", "2017-04-12T13:02:03+02:00"),
        ("WhatsApp Video 2017-04-12 at 1.02.03 AM.mp4", "2017-04-12T01:02:03+02:00"),
        ("Bildschirmfoto 2017-04-12 um 10.11.12.png", "2017-04-12T10:11:12+02:00"),
        ("Capture d’écran 2017-04-12 a\u0300 10.11.12.png", "2017-04-12T10:11:12+02:00"),
        ("Captura de pantalla 2017-04-12 a las 10.11.12.png", "2017-04-12T10:11:12+02:00"),
        ("Skärmavbild 2017-04-12 kl. 10.11.12.png", "2017-04-12T10:11:12+02:00"),
        ("Снимок экрана 2017-04-12 в 10.11.12.png", "2017-04-12T10:11:12+02:00"),
        ("截屏2017-04-12 下午3.04.05.png", "2017-04-12T15:04:05+02:00"),
        ("2017年04月12日10时11分12秒.jpg", "2017-04-12T10:11:12+02:00"),
        ("viber_image_2017-04-12_10-11-12-345.jpg", "2017-04-12T10:11:12.345+02:00"),
        ("vlcsnap-2017-04-12-10h11m12s345.png", "2017-04-12T10:11:12.345+02:00"),
        ("2017-04-12T101112Z.jpg", "2017-04-12T10:11:12Z"),
        ("20170412T101112+0530.jpg", "2017-04-12T10:11:12+05:30"),
        ("20170412-101112-0001.jpg", "2017-04-12T10:11:12+02:00"),
        ("mmexport1491984672345.jpg", "2017-04-12T10:11:12.345+02:00"),
        ("FB_IMG_1491984672345.jpg", "2017-04-12T10:11:12.345+02:00"),
        ("RPReplay_Final1491984672.MP4", "2017-04-12T10:11:12+02:00"),
        ("Photo on 12.04.2017 at 10.11.jpg", "2017-04-12T00:00:00+02:00"),
        ("25-04-2017.jpg", "2017-04-25T00:00:00+02:00"),
        ("05-04-2017.jpg", None),  # of May or of April
        ("received_1491984672345123.jpeg", None),
        ("9781491984672.jpg", None),
        ("2017-04-12 Maximilian 10.11.12.jpg", "2017-04-12T00:00:00+02:00"),
        ("IMG_20170326_023000.jpg", "2017-03-26T02:30:00+01:00"),  # a time that no clock showed
        ("IMG_20171029_023000.jpg", "2017-10-29T02:30:00+02:00"),  # of the two the first
        ("IMG_20170412_240000.jpg", "2017-04-12T00:00:00+02:00"),
        ("IMG_00000412_101112.jpg", None),
        ("IMG_20170231_101112.jpg", None),
        ("IMG_1234.jpg", None),
        ("2017-04-12/a.jpg", None),
        ("1920x1080.jpg", None),
        ("12320170412.jpg", None),
        ("201704121.jpg", None),
    ],
)
def test_names_of_cameras_phones_and_messengers(name: str, time: str | None) -> None:
    dates = guessed_dates(ObjectInfo(name, 1, "etag", WRITTEN), "name")
    moment = produce_time(dates, ZoneClues("Europe/Berlin"))
    assert (moment and moment.text) == time
    assert moment is None or moment.guessed


def test_the_time_of_the_file_comes_last() -> None:
    for name, source in (("a.jpg", "FileTime"), ("IMG_20170412_101112.jpg", "Name")):
        moment = produce_time(
            guessed_dates(ObjectInfo(name, 1, "etag", WRITTEN), "file"), ZoneClues("+01:00")
        )
        assert moment is not None and moment.source.startswith(source)
    assert moment.text == "2017-04-12T10:11:12+01:00"
    assert list(guessed_dates(ObjectInfo("IMG_20170412_101112.jpg", 1, "etag", WRITTEN), "none")) == []


def test_a_guess_is_told_as_such_and_only_made_when_wanted(tmp_path: Path) -> None:
    plain, dated = tmp_path / "IMG_20170412_101112.jpg", tmp_path / "IMG_20170412_101113.jpg"
    plain.write_bytes(jpeg_of(4, 3))
    dated.write_bytes(
        jpeg_of(4, 3, exif_segment(tiff_bytes({DATE_TIME: ascii_text("2020:01:01 00:00:00")})))
    )
    request = request_of(plain)
    assert extract(request, ExtractionLimits()).file.produce_time is None
    request = msgspec.structs.replace(request, date_fallback="name")
    found = extract(request, ExtractionLimits()).file
    assert found.produce_time == "2017-04-12T10:11:12+08:00"
    assert found.produce_time_source == "Name; zone=Setting:+08:00"
    assert any(told.startswith("DateGuessed: ") for told in found.extraction_notes or ())
    request = msgspec.structs.replace(request_of(dated), date_fallback="file")
    found = extract(request, ExtractionLimits()).file
    assert (found.produce_time, found.extraction_notes) == ("2020-01-01T00:00:00+08:00", None)
