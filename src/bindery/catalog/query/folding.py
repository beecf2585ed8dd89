"""The form in which texts are compared where case does not count: one for both sides of a search.

Canonical caseless matching of the Unicode standard (chapter 3.13, D145): the full case folding of the text
(``ß`` is ``ss``, a final sigma is a sigma), with accents composed (NFC), so that a name as a Mac writes it
is met by the name as it is typed. Accents themselves count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

_PIECE = 250
_RUN = re.compile("[^\0-\x7f]+")
"""Characters beyond ASCII. A pattern that begins with one class is searched for ten times as fast as any other."""
_SAFE = re.compile("[\u3400-\u9fff]")
"""Ideographs never join what stands before them."""


def fold_text(text: str) -> str:
    """The folded text; folding it again changes nothing.

    It is folded in pieces, because putting accents in order takes time by the square of their number, and a
    call into the standard library holds the interpreter's lock. A piece ends where no accent can follow; only
    in a text without such a place for some hundred characters is an accent parted from its letter.
    """
    if text.isascii():
        return text.lower()
    folded: list[str] = []
    done = 0
    for run in _RUN.finditer(text):
        # With the letter before it, which an accent may join; ASCII itself joins nothing before it.
        start = max(done, run.start() - 1)
        folded += (text[done:start].lower(), _fold_run(text[start : run.end()]))
        done = run.end()
    folded.append(text[done:].lower())
    return "".join(folded)


def _fold_run(run: str) -> str:
    return _fold(run) if len(run) <= _PIECE else "".join(map(_fold, _pieces(run)))


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = start + _PIECE
        safe = _SAFE.search(text, end, end + _PIECE)
        end = safe.start() if safe is not None else end + _PIECE
        yield text[start:end]
        start = end


def _fold(piece: str) -> str:
    return normalize("NFC", normalize("NFD", piece).casefold())


_TO_ASCII = (
    "\u00df\u0130\u0149\u017f\u037e\u1e9a\u1e9e\u1fef\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)
"""All characters beyond ASCII of which folding makes ASCII."""
_ASCII_RUN = re.compile("[\0-\x7f]+")


class FoldedSearch:
    """Looks for a folded piece in texts as they are: folding one of 20 KB takes five times as long as this."""

    def __init__(self, wanted: str) -> None:
        longest = max(_ASCII_RUN.findall(wanted), key=len, default="")
        self._wanted = wanted
        self._ascii = longest.encode()
        self._whole = longest == wanted and "?" not in wanted  # which stands for everything else below

    def holds(self, text: str) -> bool | None:
        """Whether the folded text holds the piece; None when that is told by folding it alone."""
        if text.isascii():
            return self._wanted in text.lower()
        if not self._ascii:
            return None
        lowered = text.encode("ascii", "replace").lower()
        found = lowered.find(self._ascii)
        if found < 0:
            return None if any(character in text for character in _TO_ASCII) else False
        # What stands behind the piece may be an accent, which folding joins to its last letter.
        behind = found + len(self._ascii)
        return True if self._whole and lowered[behind : behind + 1] != b"?" else None
