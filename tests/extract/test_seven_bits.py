"""Numbers of seven bits to a byte, by the table of Standard MIDI Files 1.0."""

from __future__ import annotations

import pytest

from bindery.extract.seven_bits import seven_bit_number

EXAMPLES = {
    0x00: b"\x00", 0x40: b"\x40", 0x7F: b"\x7f", 0x80: b"\x81\x00", 0x2000: b"\xc0\x00", 0x3FFF: b"\xff\x7f",
    0x4000: b"\x81\x80\x00", 0x1FFFFF: b"\xff\xff\x7f", 0x8000000: b"\xc0\x80\x80\x00", 0xFFFFFFF: b"\xff\xff\xff\x7f",
}  # fmt: skip


@pytest.mark.parametrize("value", EXAMPLES)
def test_the_examples_of_the_specification(value: int) -> None:
    data = EXAMPLES[value]
    assert seven_bit_number(b"?" + data + b"?", 1, 4) == (value, 1 + len(data))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80" * 4 + b"\0", b"\xff\xff"])
def test_what_has_no_end(data: bytes) -> None:
    with pytest.raises(ValueError, match="no end"):
        seven_bit_number(data, 0, 4)
