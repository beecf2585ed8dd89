"""Tokens, lower case, points and numbers as the language defines them; and that DuckDB agrees."""

from __future__ import annotations

import sys

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bindery.catalog.query.folding import FoldedSearch, fold_text
from bindery.catalog.query.values import fuzzy_text, lower_text, parse_point, tokens_of

from . import reference


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("2021/Photo-01.jpg", ["2021", "photo", "01", "jpg"]),
        ("中国浙江省", ["中", "国", "浙", "江", "省"]),
        ("iPhone15 Pro", ["iphone15", "pro"]),
        ("a_b", ["a", "b"]),
        ("杭州、上海。「x」", ["杭", "州", "上", "海", "x"]),
        ("カメラ・ア", ["カ", "メ", "ラ", "ア"]),
        ("한국어", ["한", "국", "어"]),
        ("cafe\u0301", ["caf\u00e9"]),
        ("Straße", ["strasse"]),
        ("ΟΔΟΣ οδος", ["οδοσ", "οδοσ"]),
        ("\u1112\u1161\u11ab", ["한"]),
        ("ÉCOLE", ["école"]),
        ("x²", ["x²"]),
        (" -_! ", []),
        ("", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert tokens_of(text) == tokens == reference.tokens(text)


def test_lower_case_is_that_of_duckdb_for_every_character() -> None:
    every = [chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    rows = duckdb.execute("SELECT v, lower(v) FROM (SELECT unnest(?::VARCHAR[]) AS v)", [every]).fetchall()
    assert len(rows) == len(every)
    assert [value for value, lower in rows if lower_text(value) != lower] == []


def test_lower_case_looks_at_no_neighbours() -> None:
    assert lower_text("ΟΔΟΣ") == "οδοσ"
    assert lower_text("İI") == "ii"
    assert lower_text("AbC") == "abc"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Ha\u0308nsel", "HÄNSEL"),
        ("STRASSE", "straße"),
        ("ΟΔΟΣ", "οδος"),
        ("ﬁsh", "FISH"),
        ("Å", "a\u030a"),
    ],
)
def test_texts_that_fold_to_the_same(left: str, right: str) -> None:
    assert fold_text(left) == fold_text(right) == reference.folded(left)


def test_folding_again_changes_nothing() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    assert [char for char in every if fold_text(fold_text(char)) != fold_text(char)] == []


def test_long_texts_fold_as_a_whole() -> None:
    text = "Ha\u0308nsel, ΟΔΟΣ. " * 200
    assert fold_text(text) == reference.folded(text)


def test_accents_without_end_are_folded_in_time() -> None:
    """Putting half a million accents in order at once would take hours."""
    assert fold_text("a" + "\u0301\u0323" * 250_000)


def test_fuzzy_texts_do_not_run_into_each_other() -> None:
    assert fuzzy_text("A", "b\x1ec") == "a\x1eb c"
    assert "\x1e" not in fuzzy_text("a\x1eb")


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("30.134390,120.074997", (30.13439, 120.074997)),
        (" -90 , +180 ", (-90.0, 180.0)),
        ("1e1,.5", (10.0, 0.5)),
        ("91,0", None),
        ("0,180.1", None),
        ("0", None),
        ("0,0,0", None),
        ("nan,0", None),
        ("", None),
        ("1" * 100 + ",0", None),
    ],
)
def test_points(text: str, point: tuple[float, float] | None) -> None:
    assert parse_point(text) == point


# Characters of which folding makes others, or that join those before them.
_PIECES = st.text(
    "aefikns ;?`\u00e9\u0301\u0323\u0307\u00df\u0130\u0149\u017f\u037e\u1e9a\u1fef\u212a\ufb03\ufb05\u676d\ud800EK"
)


@settings(max_examples=300, deadline=None)
@given(_PIECES, _PIECES, _PIECES)
@example("", "e", "\u0301")
@example("\u676d", "k", "\u212a")
@example("\u00e9", "?", "")
def test_a_text_is_searched_without_being_folded(before: str, piece: str, behind: str) -> None:
    wanted = fold_text(piece)
    for text in (before + piece + behind, before + behind):
        assert FoldedSearch(wanted).holds(text) in (None, wanted in fold_text(text))


def test_most_texts_need_no_folding() -> None:
    text = "eta oin shr " * 1_000 + "\u676d\u5dde" * 500 + " the END, then"
    assert FoldedSearch("the end").holds(text) is True
    assert FoldedSearch("not there").holds(text) is False


def test_what_folding_makes_ascii_of_is_folded() -> None:
    every = [chr(code) for code in range(0x80, 0x30000) if not 0xD800 <= code < 0xE000]
    for char in every:
        folded = fold_text(char)
        if not folded.isascii() and not any(part.isascii() for part in folded):
            continue
        ascii_part = next(part for part in folded if part.isascii())
        assert FoldedSearch(ascii_part).holds(f"\u676d{char}") is None, hex(ord(char))
