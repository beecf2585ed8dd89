"""What pages say, in each language: a folder a language, in it a file a group of pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT = "en"
_ACCEPTED = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?(?:\s*;\s*q=([0-9.]+))?")


class Texts:
    """The texts of one language; a key is ``group.name``."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """The text with the values in its braces; of ``one|more`` the first for a ``count`` of 1. Raises KeyError."""
        text = self._texts[key]
        if "count" in values:
            one, _, more = text.partition("|")
            text = one if values["count"] == 1 or not more else more
        return text.format(**values) if values else text

    def group(self, name: str) -> dict[str, str]:
        """All texts of a group, without its name: what a script of its pages needs."""
        start = name + "."
        return {key.removeprefix(start): text for key, text in self._texts.items() if key.startswith(start)}

    @property
    def keys(self) -> frozenset[str]:
        """Of all texts."""
        return frozenset(self._texts)


@cache
def load_texts(language: str) -> Texts:
    """Raises KeyError for a language that pages do not speak."""
    if language not in LANGUAGES:
        raise KeyError(language)
    texts: dict[str, str] = {}
    for file in (files("bindery.web") / "texts" / language).iterdir():
        group = file.name.removesuffix(".json")
        content = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
        texts |= {f"{group}.{name}": text for name, text in content.items()}
    return Texts(language, texts)


def choose_language(chosen: str, accepted: str) -> str:
    """The language that somebody has chosen, else the first that his browser asks for and pages speak."""
    if chosen in LANGUAGES:
        return chosen
    wanted = []
    for place, part in enumerate(accepted[:1_000].split(",")):
        match = _ACCEPTED.fullmatch(part.strip())
        if match is not None and match[1].lower() in LANGUAGES:
            wanted.append((-_weight(match[2]), place, match[1].lower()))
    return min(wanted)[2] if wanted else DEFAULT


def _weight(text: str | None) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
