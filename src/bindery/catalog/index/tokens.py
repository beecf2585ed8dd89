"""What of a text its index holds: the words, their short parts, and pairs of Chinese, Japanese and Korean letters.

A text is a row of runs of letters and digits; what stands between them is not held. Each token says what it is
by its first character, so that a word is no part of a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from bindery.catalog.query.values import CJK

LONGEST_WORD = 64
"""Longer runs are held in pieces of this length, each beginning half a piece behind the one before."""
WINDOW = LONGEST_WORD // 2
"""Any part of a run of up to this many characters lies within one piece."""
MOST_WORDS = 30_000
"""Different words of a text; those of two million letters of a language are fewer."""
LONGEST_PART = 3

_RUN = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
_IDEOGRAPHS = re.compile(f"[{CJK}]+")
_LATIN = re.compile(f"[^\\W_{CJK}]+")
_ASCII = re.compile("[a-z0-9]+")
_WORD, _PART, _PAIR = "\ue000", "\ue001", "\ue002"


class Run(msgspec.Struct, frozen=True):
    """Letters and digits that stand together; open where the text they are from may go on with more of them."""

    text: str
    ideographs: bool
    open_before: bool
    open_behind: bool


def runs_of(text: str) -> list[Run]:
    """The runs of what is looked for."""
    return [
        Run(match[0], bool(_IDEOGRAPHS.match(match[0])), match.start() == 0, match.end() == len(text))
        for match in _RUN.finditer(text)
    ]


def words_of(text: str) -> set[str] | None:
    """The different words of a folded text; None when they are too many to be held."""
    words = set((_ASCII if text.isascii() else _LATIN).findall(text))
    for run in [run for run in words if len(run) > LONGEST_WORD]:
        words.remove(run)
        words.update(_pieces(run))
    return words if len(words) <= MOST_WORDS else None


def _pieces(run: str) -> Iterator[str]:
    last = len(run) - LONGEST_WORD
    yield from (run[start : start + LONGEST_WORD] for start in range(0, last, WINDOW))
    yield run[last:]


def tokens_of_text(text: str, words: Iterable[str]) -> str:
    """The tokens of a folded text with these words, parted by spaces."""
    words = list(words)
    tokens = {_WORD + word for word in words}
    tokens.update(*map(_parts, words))
    if not text.isascii():
        for run in _IDEOGRAPHS.findall(text):
            tokens.update(_PAIR + letter for letter in run)
            tokens.update(_PAIR + run[at : at + 2] for at in range(len(run) - 1))
    return " ".join(tokens)


@lru_cache(maxsize=20_000)
def _parts(word: str) -> tuple[str, ...]:
    return tuple(
        {
            _PART + word[start : start + length]
            for length in range(1, LONGEST_PART + 1)
            for start in range(len(word) - length + 1)
        }
    )


def word_token(word: str) -> str:
    """The token of a whole word."""
    return _WORD + word


def part_tokens(text: str) -> list[str]:
    """The tokens that any word has of which ``text`` is a part."""
    length = min(len(text), LONGEST_PART)
    return [_PART + text[start : start + length] for start in range(len(text) - length + 1)]


def pair_tokens(run: str) -> list[str]:
    """The tokens of a run of ideographs."""
    return [_PAIR + run] if len(run) == 1 else [_PAIR + run[at : at + 2] for at in range(len(run) - 1)]
