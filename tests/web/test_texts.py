"""Every language says everything."""

from __future__ import annotations

import re
import string
from importlib.resources import files
from pathlib import Path

import pytest

from bindery.web.texts import DEFAULT, LANGUAGES, choose_language, load_texts

WEB = Path(str(files("bindery.web")))
ASKED = re.compile(r"""\bt\(\s*['\"]([a-z_]+\.[a-z_A-Z0-9.-]+)['\"]\s*[,)]""")
ERRORS = re.compile(r"""PageError\([^,]+,\s*["']([a-z_]+\.[a-z_A-Z0-9.-]+)["']""")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language: str) -> None:
    assert load_texts(language).keys == load_texts(DEFAULT).keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_have_the_same_braces(language: str) -> None:
    texts, known = load_texts(language), load_texts(DEFAULT)

    def braces(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    for key in known.keys:
        assert braces(texts._texts[key]) == braces(known._texts[key]), key


def test_one_of_something_is_told_in_the_singular() -> None:
    known = load_texts("en")
    assert known("console.projects", count=1) == "project"
    assert known("console.projects", count=0) == known("console.projects", count=2) == "projects"
    assert known("console.held_back", count=1).startswith("1 removal waits")
    assert load_texts("zh")("console.projects", count=1) == load_texts("zh")("console.projects", count=2)


def test_every_text_that_is_asked_for_is_there() -> None:
    sources = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    asked = {
        key for source in sources for form in (ASKED, ERRORS) for key in form.findall(source.read_text())
    }
    assert asked - load_texts(DEFAULT).keys == set()
    assert len(asked) > 20


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("", "", "en"),
        ("zh", "en", "zh"),
        ("fr", "zh-CN,zh;q=0.9", "zh"),
        ("", "fr, de;q=0.9, zh;q=0.2", "zh"),
        ("", "zh;q=0.1, en-US;q=0.8", "en"),
        ("", "zh;q=1..2, " + "," * 5_000, "zh"),
        ("../../etc", "*", "en"),
    ],
)
def test_choosing(chosen: str, accepted: str, language: str) -> None:
    assert choose_language(chosen, accepted) == language
