"""What of a text its index holds: the words, their short parts, where two words meet, and pairs of ideographs.

A text is a row of runs of letters and digits; what stands between them is not held. Where one word of other
letters than ideographs follows another, the last two letters of the one and the first three of the other are a
token (a meeting), by which phrases are told from texts that have all their words. A run with a digit is a number
rather than a word: there is no end of them (times, identifiers, hashes), so that none is held as a whole, but every
four characters of it, its ends included. Each token says what it is by its first character, so that a word is no
part of a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, pairwise

import msgspec

from bindery.catalog.query.folding import fold_text
from bindery.catalog.query.values import CJK

LONGEST_WORD = 64
"""Longer runs are held in pieces of this length, each beginning half a piece behind the one before."""
WINDOW = LONGEST_WORD // 2
"""Any part of a run of up to this many characters lies within one piece."""
MOST_WORDS = 30_000
"""Different words of a text; those of two million letters of a language are fewer."""
LONGEST_PART = 3
MOST_MEETINGS = 20_000
"""Different ones of a text; one with more is a book, and holds none."""

MOST_QUADS = 30_000
"""Different ones of a text. One with more, a dump of two megabytes, holds none, and is read for every number."""
QUAD, PAIR = 4, 2

_RUN = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
_IDEOGRAPHS = re.compile(f"[{CJK}]+")
_LATIN = re.compile(f"[^\\W_{CJK}]+")
_ASCII = re.compile("[a-z0-9]+")
_GAP = re.compile(r"[\W_]")
_STRIDE = 20_000
"""Characters, or runs, that are gone through in one step."""
_WORD, _PART, _PAIR, _MEETING = "\ue000", "\ue001", "\ue002", "\ue003"
_FILLING = "\u0080\u0080\u0080"
_ALL_MEETINGS = "\ue004"
"""Of a text that has too many to be held."""
_QUAD, ALL_QUADS = "\ue005", "\ue006"
_END = "\u0080"
"""Of a number, on either side."""


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


class Content(msgspec.Struct, frozen=True):
    """What a text is held by."""

    words: set[str]
    """Those without a digit."""
    tokens: str
    """Parted by spaces."""


_contents: msgspec.msgpack.Decoder[Content | None] = msgspec.msgpack.Decoder(Content | None)
_CONTENT_JOB = "bindery.catalog.index.tokens:content_job"
_LARGE = 100_000
"""Characters of a text that is worth the way to another process."""

Elsewhere = Callable[[str, bytes], bytes | None]
"""Calls a function from bytes to bytes by its name, ``package.module:name``, in another process; None: it cannot."""


def nowhere(function: str, body: bytes) -> bytes | None:
    """There is no other process."""
    return None


def content_elsewhere(text: str, elsewhere: Elsewhere) -> Content | None:
    """The content of a text, whose words are taken in another process if it is large: this one answers meanwhile."""
    if len(text) >= _LARGE:
        answer = elsewhere(_CONTENT_JOB, text.encode("utf-8", "surrogatepass"))
        if answer is not None:
            with suppress(msgspec.MsgspecError):  # of a process that has read hostile files before
                return _contents.decode(answer)
    return content_of(fold_text(text))


def content_job(body: bytes) -> bytes:
    """What a text in UTF-8 is held by, as a job of another process."""
    return msgspec.msgpack.encode(content_of(fold_text(body.decode("utf-8", "surrogatepass"))))


def content_of(text: str) -> Content | None:
    """Of a folded text; None when it has too many words to be held."""
    runs: list[str] = []
    words: set[str] = set()
    for found in _found(_ASCII if text.isascii() else _LATIN, text):
        runs += found
        words.update(found)
    numbers = {run for run in words if not run.isalpha()}
    words -= numbers
    for run in [run for run in words if len(run) > LONGEST_WORD]:
        words.remove(run)
        words.update(_pieces(run))
    if len(words) > MOST_WORDS:
        return None
    tokens = [_WORD + word for word in words]
    tokens += _parts(words | numbers)
    tokens += _quads(numbers)
    tokens += _meetings(runs)
    if not text.isascii():
        tokens += _pairs(text)
    return Content(words, " ".join(tokens))


def _found(pattern: re.Pattern[str], text: str) -> Iterator[list[str]]:
    """All matches, by strides: while the interpreter goes through a text in one step, no other thread can work."""
    start = 0
    while start < len(text):
        gap = _GAP.search(text, start + _STRIDE)
        end = len(text) if gap is None else gap.start()
        yield pattern.findall(text, start, end)
        start = end


def _pieces(run: str) -> Iterator[str]:
    last = len(run) - LONGEST_WORD
    yield from (run[start : start + LONGEST_WORD] for start in range(0, last, WINDOW))
    yield run[last:]


def _parts(words: Iterable[str]) -> list[str]:
    """All at once out of the words in one row, which takes a third of the time of one word after the other."""
    row = f" {' '.join(words)}  "
    longest: set[str] = set()
    for found in _grams(row, LONGEST_PART):
        longest |= found
    pairs = {part[:2] for part in longest}
    return [_PART + part for part in (*longest, *pairs, *set(row)) if " " not in part]


def _grams(row: str, length: int) -> Iterator[set[str]]:
    """All pieces of this length, by strides."""
    for start in range(0, len(row), _STRIDE):
        part = row[start : start + _STRIDE + length - 1]
        yield set(map("".join, zip(*(part[at:] for at in range(length)), strict=False)))


def _quads(numbers: Collection[str]) -> Iterable[str]:
    if not numbers:
        return ()
    quads = {_END + number + _END for number in numbers if len(number) == 1}
    for found in _grams(f"{_END}{f'{_END} {_END}'.join(numbers)}{_END}", QUAD):
        quads.update(quad for quad in found if " " not in quad)
        if len(quads) > MOST_QUADS:
            return (ALL_QUADS,)
    return map(_QUAD.__add__, quads)


def _meetings(runs: Sequence[str]) -> Iterable[str]:
    """Where the runs of a text meet."""
    halves = {run: _halves(run) for run in set(runs)}
    found: set[str] = set()
    for start in range(0, len(runs), _STRIDE):  # a book is given up long before its end
        found |= {
            _MEETING + halves[right][0] + halves[left][1] + halves[right][2]
            for left, right in pairwise(runs[start : start + _STRIDE + 1])
        }
        if len(found) > MOST_MEETINGS:
            return (_ALL_MEETINGS,)
    return found


def _halves(run: str) -> tuple[str, str, str]:
    """The two letters that it begins with, the last two from its end, and its third, filled up where it is short."""
    begin, end = f"{run[:3]}{_FILLING}"[:3], f"{run[:-3:-1]}{_FILLING}"[:2]
    return begin[:2], end, begin[2]


def _pairs(text: str) -> set[str]:
    found: set[str] = set()
    for run in chain.from_iterable(_found(_IDEOGRAPHS, text)):
        found.update(map(_PAIR.__add__, run))
        found.update(_PAIR + first + second for first, second in pairwise(run))
    return found


class Meeting(msgspec.Struct, frozen=True):
    """Tokens of which a text has one that holds two runs beside each other."""

    begin: str
    whole: bool
    """Whether the token is known; otherwise only what it begins with."""
    any_other: str = _ALL_MEETINGS


def meetings_of(runs: Sequence[Run]) -> list[Meeting]:
    """Of what is looked for. What is most often not known, the third letter of the last run, stands last."""
    letters = [run for run in runs if not run.ideographs]
    found = (_meeting(left, right) for left, right in pairwise(letters))
    return [meeting for meeting in found if meeting is not None]


def _meeting(left: Run, right: Run) -> Meeting | None:
    first, last, third = _halves(right.text)[0], _halves(left.text)[1], _halves(right.text)[2]
    if right.open_behind and len(right.text) < 2:
        return None
    if left.open_before and len(left.text) < 2:
        return Meeting(_MEETING + first + left.text, whole=False)
    if right.open_behind and len(right.text) < LONGEST_PART:
        return Meeting(_MEETING + first + last, whole=False)
    return Meeting(_MEETING + first + last + third, whole=True)


def word_token(word: str) -> str:
    """The token of a whole word."""
    return _WORD + word


def part_tokens(text: str) -> list[str]:
    """The tokens that any word has of which ``text`` is a part."""
    length = min(len(text), LONGEST_PART)
    return [_PART + text[start : start + length] for start in range(len(text) - length + 1)]


def quad_tokens(run: Run) -> list[str]:
    """The tokens of any number that the run may be a piece of; none for a piece that is too short to have one."""
    text = f"{'' if run.open_before else _END}{run.text}{'' if run.open_behind else _END}"
    if len(text) < QUAD:
        return [] if run.open_before or run.open_behind else [_QUAD + text]
    return list(dict.fromkeys(_QUAD + text[at : at + QUAD] for at in range(len(text) - QUAD + 1)))


def pair_tokens(run: str) -> list[str]:
    """The tokens of a run of ideographs."""
    return [_PAIR + run] if len(run) == 1 else [_PAIR + run[at : at + 2] for at in range(len(run) - 1)]
