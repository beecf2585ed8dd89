"""What a text is held by does not depend on the strides in which it is gone through."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bindery.catalog.index import tokens
from bindery.catalog.index.tokens import content_of

TEXTS = st.text(alphabet=st.sampled_from("abc9é中文 _-\n"), max_size=300)


@given(TEXTS, st.integers(1, 40))
@settings(max_examples=200)
def test_strides_cut_no_word_and_no_meeting(text: str, stride: int) -> None:
    whole = content_of(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tokens, "_STRIDE", stride)
        found = content_of(text)
    assert whole is not None
    assert found is not None
    assert found.words == whole.words
    assert set(found.tokens.split(" ")) == set(whole.tokens.split(" "))


def test_a_text_of_many_meetings_holds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_MEETINGS", 100)
    text = " ".join(f"{number:05}x {number:05}y" for number in range(1_000))
    found = content_of(text)
    assert found is not None
    assert "\ue004" in found.tokens.split(" ")
    assert not any(token.startswith("\ue003") for token in found.tokens.split(" "))
