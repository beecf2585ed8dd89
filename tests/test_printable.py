"""Escaping of strangers' text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.printable import printable, printable_json

_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|\\)")
_TEXTS = st.text(st.characters()) | st.text("\\xuU0123456789abcdef\x1b\r\n\u202e")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain.txt", "plain.txt"),
        ("größer 影像 😀", "größer 影像 😀"),
        ("n\x1b[2J", r"n\x1b[2J"),
        ("bell\x07 return\r back\b", r"bell\x07 return\x0d back\x08"),
        ("two\nlines\ttab", r"two\x0alines\x09tab"),
        ("c1 \x9b31m \x85", r"c1 \x9b31m \x85"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("hard\u00a0blank", r"hard\xa0blank"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("half \ud800", r"half \ud800"),
        (r"a\b", r"a\b"),
        (r"a\x1b", r"a\\x1b"),
        ("a\\\x1b", r"a\\\x1b"),
        (r"a\\b", r"a\\\b"),
    ],
)
def test_what_is_not_plainly_seen_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_line_breaks_stay_when_they_are_wanted() -> None:
    assert printable("first\nsecond\r", lines=True) == "first\nsecond\\x0d"


@given(_TEXTS)
def test_what_is_shown_stands_for_one_text_only(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert _ESCAPE.sub(_meant, shown) == text


@given(_TEXTS)
def test_json_is_escaped_and_reads_back(text: str) -> None:
    shown = printable_json({"Key": text})
    assert shown.isprintable()
    assert json.loads(shown) == {"Key": text}


def _meant(escape: re.Match[str]) -> str:
    return "\\" if escape[1] == "\\" else chr(int(escape[1][1:], 16))
