"""Percent-encoding of long texts, against the standard library."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bindery.api.gateway import percent as module
from bindery.api.gateway.percent import percent_decode, percent_encode

PARTS = st.sampled_from(
    ["%41", "%E4%B8%AD", "a", "=", "\n", "\r\n", "%3D", "%0a", "%", "%%41", "%4", "%zz", "+", "文", "é"]
)


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(PARTS, max_size=60), piece=st.integers(3, 30))
@example(parts=["=", "41"], piece=3)
@example(parts=["%E4%B8", "文"], piece=5)
def test_decoding(parts: list[str], piece: int) -> None:
    text = "".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_LONG", 0)
        patch.setattr(module, "_PIECE", piece)
        try:
            expected = unquote(text.replace("+", " "), errors="strict")
        except UnicodeDecodeError:
            with pytest.raises(UnicodeDecodeError):
                percent_decode(text)
        else:
            assert percent_decode(text) == expected


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60), piece=st.integers(1, 30), few=st.integers(0, 30))
def test_encoding(text: str, piece: int, few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SHORT", 0)
        patch.setattr(module, "_LONG", 0)
        patch.setattr(module, "_PIECE", piece)
        patch.setattr(module, "_FEW", few)
        assert percent_encode(text) == quote(text, safe="~")


def test_megabytes() -> None:
    text = "中 %" * 400_000
    assert percent_decode(percent_encode(text)) == text
