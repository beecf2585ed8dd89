"""Numbers of seven bits to a byte, the highest first, whose highest bit tells that another byte follows.

Source: Standard MIDI Files 1.0 (variable-length quantities), Musepack's stream version 8, WAP's WBMP and BPG.
"""

from __future__ import annotations

LONGEST = 9
"""Bytes of the longest number that fits into 64 bits."""


def seven_bit_number(data: bytes, at: int, longest: int = LONGEST) -> tuple[int, int]:
    """The number at an offset, and where something else begins.

    Raises ValueError when it ends neither within ``longest`` bytes nor within the data.
    """
    value = 0
    for place, byte in enumerate(data[at : at + longest], at + 1):
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    raise ValueError("a number of seven bits to a byte has no end")
