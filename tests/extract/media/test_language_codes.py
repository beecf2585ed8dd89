"""ISO 639-2 codes as BCP 47 tags; the pairs are from the code list of the Library of Congress."""

from __future__ import annotations

import pytest

from bindery.extract.media.language_codes import declared_language, language_tag


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("eng", "en"), ("ger", "de"), ("deu", "de"), ("fre", "fr"), ("fra", "fr"), ("chi", "zh"), ("zho", "zh"),
        ("jpn", "ja"), ("cze", "cs"), ("dut", "nl"), ("wel", "cy"), ("may", "ms"), ("ENG", "en"), ("en", "en"),
        ("eng-US", "en-US"), ("zh_Hans", "zh-Hans"), ("yue", "yue"), ("Klingon!", "Klingon!"),
        ("und", None), ("```", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_tags(code: str | None, tag: str | None) -> None:
    assert language_tag(code) == tag


def test_the_containers_own_code_stays() -> None:
    assert declared_language("ger") == "ger"
    assert declared_language("und") is None
