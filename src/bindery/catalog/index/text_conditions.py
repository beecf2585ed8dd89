"""What a text has to have that holds a piece of text: conditions on its tokens, in the language of FTS5."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from bindery.catalog.index.tokens import (
    LONGEST_PART,
    NOTHING,
    WINDOW,
    Meeting,
    Run,
    meetings_of,
    pair_tokens,
    part_tokens,
    runs_of,
    word_token,
)
from bindery.catalog.index.vocabulary import MOST_EXPANSIONS, MOST_IN_PHRASES, words_with

_MOST_CONDITIONS = 24


class TextConditions(msgspec.Struct, frozen=True):
    """What each text meets that holds the piece; ``match`` is empty when nothing is known."""

    match: str
    exact: bool
    """Whether each text that meets it holds the piece."""


def conditions_of(connection: sqlite3.Connection, wanted: str) -> TextConditions:
    """For a folded piece of text, with the words that the file of ``connection`` knows."""
    runs = runs_of(wanted)
    alone = len(runs) == 1 and runs[0].text == wanted
    # Where words meet comes first: what is beyond the greatest number tells little more.
    conditions = [_meeting_condition(meeting) for meeting in meetings_of(runs)]
    exact = False
    for run in runs:
        if len(conditions) >= _MOST_CONDITIONS:
            exact = False
            break
        if run.ideographs:
            found, exact = _pair_conditions(run)
        else:
            found, exact = _word_conditions(
                connection, run, MOST_EXPANSIONS if len(runs) == 1 else MOST_IN_PHRASES
            )
        conditions += found
    held = conditions[:_MOST_CONDITIONS]
    return TextConditions(" AND ".join(held), alone and exact and len(held) == len(conditions))


def _meeting_condition(meeting: Meeting) -> str:
    begin = _quoted(meeting.begin) if meeting.whole else f"{_quoted(meeting.begin)} *"
    return f"({begin} OR {_quoted(meeting.any_other)})"


def _pair_conditions(run: Run) -> tuple[list[str], bool]:
    return [_quoted(token) for token in dict.fromkeys(pair_tokens(run.text))], len(run.text) <= 2


def _word_conditions(connection: sqlite3.Connection, run: Run, most: int) -> tuple[list[str], bool]:
    """One condition, or several that are weaker together; whether they say all about the run."""
    if not run.open_before and not run.open_behind:
        if len(run.text) > 2 * WINDOW:
            return [_quoted(word_token(run.text[: 2 * WINDOW]))], False
        return [_quoted(word_token(run.text))], False
    text = run.text[:WINDOW] if run.open_behind else run.text[-WINDOW:]
    if len(text) <= LONGEST_PART and run.open_before and run.open_behind:
        return [_quoted(token) for token in part_tokens(text)], True
    words = words_with(connection, text, run, most) if len(text) >= LONGEST_PART else None
    if words is None:
        return [_quoted(token) for token in part_tokens(text)], False
    if not words:
        return [_quoted(NOTHING)], False
    return [_any_of(map(word_token, words))], len(run.text) <= WINDOW


def _any_of(tokens: Iterable[str]) -> str:
    return f"({' OR '.join(map(_quoted, tokens))})"


def _quoted(token: str) -> str:
    return f'"{token}"'
