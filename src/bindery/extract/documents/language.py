"""The language of a document: the one it declares, or the one its text is in.

Source: RFC 5646 (BCP 47). Detection is offline, by the neural network of CLD3.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_SAMPLE = 4_000
"""Characters looked at; more does not change the answer, but takes time."""
_MIN_LETTERS = 20
_MIN_PROBABILITY = 0.9
_FEW_LETTERS = 100
_MIN_PROBABILITY_OF_FEW = 0.97
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_RENAMED = {"iw": "he"}


def declared_tag(text: str | None) -> str | None:
    """A tag such as ``en-US`` in its usual spelling; None when the text is no tag."""
    text = (text or "").strip()
    if _TAG.fullmatch(text) is None:
        return None
    primary, *rest = re.split("[-_]", text)
    return "-".join([primary.lower(), *(_subtag(part) for part in rest)])


def _subtag(text: str) -> str:
    """A region in capitals, a script with one, everything else small."""
    if len(text) == 2:
        return text.upper()
    return text.title() if len(text) == 4 and text.isalpha() else text.lower()


def detect_language(text: str) -> str | None:
    """The tag of the main language of a text; None when the text is short or the answer doubtful."""
    sample = text[:_SAMPLE]
    letters = sum(character.isalpha() for character in sample)
    if letters < _MIN_LETTERS:
        return None
    answer = _identifier().FindLanguage(sample)
    least = _MIN_PROBABILITY if letters >= _FEW_LETTERS else _MIN_PROBABILITY_OF_FEW
    if not answer.is_reliable or answer.probability < least:
        return None
    language = str(answer.language)
    return _chinese(sample) if language == "zh" else _RENAMED.get(language, language)


def _chinese(text: str) -> str:
    """The script: which of the two national character sets covers more of the text."""
    simplified, traditional = (len(text.encode(charset, "ignore")) for charset in ("gb2312", "big5"))
    return "zh-Hans" if simplified >= traditional else "zh-Hant"


@lru_cache(maxsize=1)
def _identifier() -> Any:
    import gcld3  # noqa: PLC0415  (only workers that read documents need it)

    return gcld3.NNetLanguageIdentifier(0, _SAMPLE * 4)
