"""JSON that is too deep or too large is told by its text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bindery.api.gateway import json_shape as module
from bindery.api.gateway.json_shape import MAX_DEPTH, MAX_VALUES, find_excess, holds_nul

TEXTS = st.text(st.sampled_from('[]{}",\\\0a中'), max_size=8)
VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=20,
)


def texts_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts_of(part)]
    if isinstance(value, list):
        return [text for entry in value for text in texts_of(entry)]
    return [value] if isinstance(value, str) else []


def deeper(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = {"[": value} if level % 2 else [value, "]"]
    return value


@settings(max_examples=300, deadline=None)
@given(value=VALUES, levels=st.integers(0, 40), piece=st.integers(2, 40), ascii_only=st.booleans())
def test_depth_and_nul_are_those_of_the_decoded_value(
    value: Any, levels: int, piece: int, ascii_only: bool
) -> None:
    whole = deeper(value, levels)
    text = json.dumps(whole, ensure_ascii=ascii_only)
    with pytest.MonkeyPatch.context() as patch:
        assert (find_excess(text) is not None) == (depth_of(whole) > MAX_DEPTH)
        patch.setattr(module, "_SHORT", 0)
        patch.setattr(module, "_PIECE", piece)  # cut wherever it may be
        assert (find_excess(text) is not None) == (depth_of(whole) > MAX_DEPTH)
    assert holds_nul(text) == any("\0" in part for part in texts_of(whole))


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((depth_of(entry) for entry in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth_of(entry) for entry in value), default=0)
    return 0


@pytest.mark.parametrize("depth", [390, 1_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_texts(depth: int, opening: str, closing: str) -> None:
    assert find_excess(opening * depth + "1" + closing * depth) == "it is nested more than 32 levels deep"
    assert find_excess(opening * depth) is not None, "not even closed"


def test_many_values() -> None:
    assert find_excess("[" + "1," * (MAX_VALUES - 1)) is None
    assert find_excess("[" + "1," * MAX_VALUES) == "it holds more than 100000 values"
    assert find_excess("[" + "{}," * MAX_VALUES) is not None


def test_brackets_in_texts_are_no_levels() -> None:
    assert find_excess(json.dumps({"Title": "[" * 10_000})) is None
