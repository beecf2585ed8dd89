"""How usual a letter is after another one, by language: what tells one charset of eight bits from another.

The figures stand in ``letter_pairs.bin``, which ``scripts/letter_pairs.py`` counts in texts: for each language its
letters, and for each two of them a byte, the negative logarithm of the chance of the second after the first, in
sixteenths of a bit.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path

import msgspec

STEPS = 16.0
"""Steps of a byte in a bit."""
GAP = " "
"""Stands for everything between words."""
MARKS = frozenset("\u0300\u0301\u0303\u0309\u0323\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652") | {
    chr(code) for code in (*range(0x05B0, 0x05C3), 0x0E31, *range(0x0E34, 0x0E3B), *range(0x0E47, 0x0E4F))
}
"""What belongs to a word and is no letter: accents that stand apart, vowels of Hebrew, Arabic and Thai."""
_UNKNOWN_BITS = 17.0


class _Pairs(msgspec.Struct, frozen=True):
    """One language of the file."""

    letters: str
    """Small letters; the first one is the gap."""
    bits: bytes
    """By first letter, then second."""


@lru_cache(maxsize=1)
def _languages() -> dict[str, dict[str, float]]:
    data = Path(__file__).with_name("letter_pairs.bin").read_bytes()
    table = msgspec.msgpack.decode(data, type=dict[str, _Pairs])
    return {name: _spread(pairs) for name, pairs in table.items()}


def _spread(pairs: _Pairs) -> dict[str, float]:
    letters, size = pairs.letters, len(pairs.letters)
    return {
        letters[number // size] + letters[number % size]: bits / STEPS
        for number, bits in enumerate(pairs.bits)
    }


def letter_pairs(text: str) -> Counter[str]:
    """The pairs of small letters of a text, words with their gaps."""
    gapped = "".join(
        [character if character.isalpha() or character in MARKS else GAP for character in text.lower()]
    )
    pairs = Counter(map("".join, zip(GAP + gapped, gapped + GAP, strict=True)))
    del pairs[GAP * 2]
    return pairs


def bits_of(pairs: Counter[str], language: str) -> float:
    """How unusual some pairs are in a language."""
    known = _languages()[language]
    return sum(count * known.get(pair, _UNKNOWN_BITS) for pair, count in pairs.items())
