"""What a text has to have that holds a piece of text: conditions on its tokens, in the language of FTS5."""

from __future__ import annotations

import sqlite3

import msgspec

from bindery.catalog.index.tokens import (
    ALL_QUADS,
    LONGEST_PART,
    PAIR,
    QUAD,
    WINDOW,
    Meeting,
    Run,
    meetings_of,
    pair_tokens,
    part_tokens,
    quad_tokens,
    runs_of,
    word_token,
)
from bindery.catalog.index.vocabulary import MOST_EXPANSIONS, MOST_IN_PHRASES, words_with

_MOST_CONDITIONS = 24
_MOST_QUADS = 12


class TextConditions(msgspec.Struct, frozen=True):
    """What each text meets that holds the piece; ``match`` is empty when nothing is known."""

    match: str
    sure: str
    """Each text that meets this one holds the piece; empty when there is nothing such."""


class _Conditions(msgspec.Struct, frozen=True):
    """The same of one run."""

    match: list[str]
    sure: str = ""


def conditions_of(connection: sqlite3.Connection, wanted: str) -> TextConditions:
    """For a folded piece of text, with the words that the file of ``connection`` knows."""
    runs = runs_of(wanted)
    # Where words meet comes first: what is beyond the greatest number tells little more.
    conditions = [_meeting_condition(meeting) for meeting in meetings_of(runs)]
    sure = ""
    for run in runs:
        if len(conditions) >= _MOST_CONDITIONS:
            break
        found = _run_conditions(connection, run, MOST_EXPANSIONS if len(runs) == 1 else MOST_IN_PHRASES)
        conditions += found.match
        sure = found.sure
    alone = len(runs) == 1 and runs[0].text == wanted
    return TextConditions(" AND ".join(conditions[:_MOST_CONDITIONS]), sure if alone else "")


def _meeting_condition(meeting: Meeting) -> str:
    begin = _quoted(meeting.begin) if meeting.whole else f"{_quoted(meeting.begin)} *"
    return f"({begin} OR {_quoted(meeting.any_other)})"


def _run_conditions(connection: sqlite3.Connection, run: Run, most: int) -> _Conditions:
    if run.ideographs:
        pairs = [_quoted(token) for token in dict.fromkeys(pair_tokens(run.text))]
        return _Conditions(pairs, pairs[0] if len(run.text) <= PAIR else "")
    if run.open_before and run.open_behind and len(run.text) <= LONGEST_PART:
        part = _quoted(part_tokens(run.text)[0])
        return _Conditions([part], part)
    if not run.text.isalpha():
        return _number_conditions(run)
    if run.open_before or run.open_behind:
        return _piece_conditions(connection, run, most)
    return _Conditions([_quoted(word_token(run.text[: 2 * WINDOW]))])


def _number_conditions(run: Run) -> _Conditions:
    """Of a run with a digit, which no word has."""
    numbers = _numbers_with(run)
    if numbers is None:
        return _Conditions([_quoted(token) for token in part_tokens(run.text)])
    return _Conditions([f"({numbers} OR {_quoted(ALL_QUADS)})"], numbers if _is_one_quad(run) else "")


def _piece_conditions(connection: sqlite3.Connection, run: Run, most: int) -> _Conditions:
    """Of a piece of a word, which may be one of a number as well; several where it is one of many words."""
    text = run.text[:WINDOW] if run.open_behind else run.text[-WINDOW:]
    numbers = _numbers_with(run)
    words = None if numbers is None else words_with(connection, text, run, most)
    if numbers is None or words is None:
        return _Conditions([_quoted(token) for token in part_tokens(text)])
    sure = [_quoted(word_token(word)) for word in words] if len(run.text) <= WINDOW else []
    if _is_one_quad(run):
        sure.append(numbers)
    possible = [*(_quoted(word_token(word)) for word in words), numbers, _quoted(ALL_QUADS)]
    return _Conditions([f"({' OR '.join(possible)})"], " OR ".join(sure))


def _numbers_with(run: Run) -> str | None:
    """What a text has whose numbers are held and one of which the run is a piece of; None when that is not told."""
    quads = quad_tokens(run)[:_MOST_QUADS]
    return f"({' AND '.join(map(_quoted, quads))})" if quads else None


def _is_one_quad(run: Run) -> bool:
    return run.open_before and run.open_behind and len(run.text) == QUAD


def _quoted(token: str) -> str:
    return f'"{token}"'
