"""Names of cameras as people say them."""

from __future__ import annotations

import pytest

from bindery.extract.tags.camera_name import camera_name


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("Canon", "Canon EOS 5D Mark IV", "Canon EOS 5D Mark IV"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("SONY", "DSC-RX100", "SONY DSC-RX100"),
        ("OLYMPUS IMAGING CORP.", "E-M10MarkII", "OLYMPUS E-M10MarkII"),
        ("CASIO COMPUTER CO.,LTD.", "EX-Z3", "CASIO EX-Z3"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4530 ZOOM DIGITAL CAMERA", "KODAK DX4530 ZOOM DIGITAL CAMERA"),
        ("LG Electronics", "LG-H850", "LG-H850"),
        ("HTC", "HTC_M8", "HTC_M8"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("Corporation", "One", "Corporation One"),
        ("", "DSC-RX100", "DSC-RX100"),
        ("Canon", "  ", ""),
        ("x" * 200, "y" * 200, "y" * 128),
    ],
)
def test_maker_and_model_in_one_name(make: str, model: str, expected: str) -> None:
    assert camera_name(make, model) == expected
