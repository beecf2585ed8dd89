"""Phrases from the middle of documents stand in their text as people type them: languages, encodings, formats."""

from __future__ import annotations

import codecs
import html
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes, make_docx, make_zip, word_body
from tests.extract.text.test_decode import UNLABELLED

HINDI = ("hi", "utf-8", "आज सुबह हम नदी के किनारे बहुत देर तक टहलते रहे।")
UKRAINIAN = ("uk", "cp1251", "Сьогодні вранці ми довго гуляли берегом річки, і було дуже гарно.")
ROMANIAN = ("ro", "iso8859-2", "Astăzi dimineaţă ne-am plimbat mult timp pe malul râului.")
SENTENCES = (*UNLABELLED, HINDI, UKRAINIAN, ROMANIAN)


def middle(text: str) -> str:
    """A phrase that begins and ends within the sentence."""
    words = text.split()
    return " ".join(words[len(words) // 3 : -1]) if len(words) > 3 else text[4:-3]


def page(text: str, charset: str) -> bytes:
    return f'<html><head><meta charset="{charset}"></head><body><p>{html.escape(text)}</p></body></html>'.encode(
        charset
    )


def book(text: str) -> bytes:
    return make_zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<c><rootfile full-path='b.opf'/></c>",
            "b.opf": "<package><manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>"
            "<spine><itemref idref='a'/></spine></package>",
            "a.xhtml": f"<html><body><p>{html.escape(text)}</p></body></html>",
        }
    )


def rich(text: str) -> bytes:
    units = text.encode("utf-16-le")
    numbers = [int.from_bytes(units[at : at + 2], "little", signed=True) for at in range(0, len(units), 2)]
    return b"{\\rtf1\\ansi\\uc1 " + b"".join(b"\\u%d?" % number for number in numbers) + b"}"


FORMATS: dict[str, Callable[[str, str], bytes]] = {
    "own charset.txt": lambda text, charset: text.encode(charset),
    "own charset.csv": lambda text, charset: f"1;{text};2\r\n3;{text};4\r\n".encode(charset),
    "utf-8.md": lambda text, _: text.encode(),
    "utf-8 with a mark.txt": lambda text, _: codecs.BOM_UTF8 + text.encode(),
    "utf-16.txt": lambda text, _: text.encode("utf-16"),
    "utf-16 of the other order.txt": lambda text, _: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-16 without a mark.txt": lambda text, _: text.encode("utf-16-le"),
    "utf-32.txt": lambda text, _: text.encode("utf-32"),
    "own charset, declared.html": page,
    "word.docx": lambda text, _: make_docx(word_body(text)),
    "book.epub": lambda text, _: book(text),
    "rich.rtf": lambda text, _: rich(text),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_phrase_in_many_languages(tmp_path: Path, name: str) -> None:
    for language, charset, sentence in SENTENCES:
        found = extract_bytes(tmp_path, name, FORMATS[name](f"{sentence} {sentence}", charset))
        assert (found.failure, middle(sentence) in (found.text or "")) == (None, True), (
            language,
            charset,
            found.text,
        )
