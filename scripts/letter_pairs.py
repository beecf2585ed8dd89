"""Counts the letters of texts by language for the guess of charsets.

``python scripts/letter_pairs.py FOLDER`` reads ``FOLDER/<language>.txt`` (UTF-8, some ten thousand letters each) and
writes ``src/bindery/extract/text/letter_pairs.bin``. The file that is there was counted in the translations of the
Universal Declaration of Human Rights and in those of Django's messages.
"""

from __future__ import annotations

import math
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import msgspec

from bindery.extract.text.letter_pairs import GAP, STEPS, letter_pairs

TARGET = Path(__file__).parent.parent / "src/bindery/extract/text/letter_pairs.bin"
LEAST = 5
"""How often a letter occurs that belongs to a language."""
SMOOTHING = 0.02


def counted(text: str) -> tuple[str, bytes]:
    """Letters of a language, and the bits of their pairs."""
    text = unicodedata.normalize("NFC", text).replace("\u2019", "'")
    pairs = letter_pairs(text)
    often = Counter[str]()
    for pair, count in pairs.items():
        often[pair[0]] += count
    letters = GAP + "".join(
        sorted(letter for letter, count in often.items() if letter != GAP and count > LEAST)
    )
    bits = bytearray()
    total = sum(often[letter] for letter in letters)
    for first in letters:
        for second in letters:
            # An unseen pair is likelier of letters that are frequent by themselves.
            guess = SMOOTHING * len(letters) * often[second] / total
            chance = (pairs[first + second] + guess) / (often[first] + SMOOTHING * len(letters))
            bits.append(min(255, round(-math.log2(chance) * STEPS)))
    return letters, bytes(bits)


def main(folder: Path) -> None:
    """Count every text of the folder."""
    table = {}
    for path in sorted(folder.glob("*.txt")):
        letters, bits = counted(path.read_text(encoding="utf-8"))
        table[path.stem] = {"letters": letters, "bits": bits}
    TARGET.write_bytes(msgspec.msgpack.encode(table))
    print(f"{len(table)} languages, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
