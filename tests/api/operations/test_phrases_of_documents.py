"""FuzzyQuery and SimpleQuery find phrases from the middle of documents in a bound bucket, as people type them."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.extract.document_samples import make_docx, make_zip, word_body
from tests.extract.documents.test_pdf import FONT, PAGE, pdf_of, stream
from tests.extract.documents.test_phrases import FORMATS, SENTENCES, book, middle
from tests.extract.documents.test_wrapped_mail import INNER, mail, streamed, tnef
from tests.extract.documents.test_wrapped_mail import attribute as tnef_attribute

if TYPE_CHECKING:
    from conftest import RunningServer

LANGUAGES = {language for language, _, _ in SENTENCES}
CHARSETS = {charset for _, charset, _ in SENTENCES}
VIETNAMESE = ("vi", "utf-8", "Sáng nay chúng tôi đi dạo dọc bờ sông rất lâu và trời thật đẹp.")
HINTED = "own charset, declared.html"
CHOSEN = ("own charset.txt", "utf-16.txt", "utf-8.md", HINTED, "word.docx", "rich.rtf")
CATALOG = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DA(/Helv 0 Tf 0 g)>>>>"
PAGES = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"


def form() -> bytes:
    name = "\ufeffFräulein Jörg Müllerová".encode("utf-16-be").hex().encode()
    return pdf_of(
        CATALOG, PAGES, PAGE % b"/Annots[6 0 R 7 0 R]", FONT, stream(b"BT /F1 12 Tf 50 700 Td (Tenant) Tj ET"),
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V<%b>/Rect[50 600 200 620]/P 3 0 R>>" % name,
        b"<</Type/Annot/Subtype/Text/Contents(please see the second clause of it)/Rect[300 600 320 620]>>",
    )  # fmt: skip


def hyphenated() -> bytes:
    lines = b"BT /F1 12 Tf 14 TL 50 700 Td (all of the recom-) Tj T* (mendations were unam-) Tj T* (biguous) Tj ET"
    return pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", PAGES, PAGE % b"", FONT, stream(lines))


def ruby_book() -> bytes:
    ruby = "<ruby>智<rp>(</rp><rt>ち</rt><rp>)</rp></ruby>に<ruby>働<rt>はたら</rt></ruby>けば角が立つ"
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": "<c><rootfile full-path='b.opf'/></c>",
        "b.opf": "<package><manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/></manifest>"
        "<spine><itemref idref='a'/></spine></package>",
        "a.xhtml": f"<html><body><p>山路を登りながら、こう考えた。{ruby}。</p></body></html>",
    }
    return make_zip(parts)


SPECIAL: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "special/form.pdf": (form(), ("Jörg Müllerová", "the second clause")),
    "special/hyphens.pdf": (hyphenated(), ("the recommendations were", "unambiguous")),
    "special/ruby.epub": (ruby_book(), ("智に働けば角が立つ", "考えた。智に")),
    "special/notes.docx": (
        make_docx(word_body("Words of an entirely usual contract about gardens")),
        ("entirely usual contract",),
    ),
    "special/signed.eml": (mail(streamed(INNER)), ("Grüße aus Köln",)),
    "special/winmail.dat": (
        tnef(
            tnef_attribute(1, 0x8004, b"The title of the winmail\0"),
            tnef_attribute(1, 0x800C, b"the inner most words\0"),
        ),
        ("inner most words",),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def bucket(server: RunningServer, new_name: Callable[[str], str]) -> dict[str, Any]:
    """Names for queries, and which files hold which sentence (``held``)."""
    names = {"ProjectName": new_name("phrases"), "DatasetName": "dataset"}
    folder = server.bucket_root / new_name("phrases-bucket")
    held: dict[str, set[str]] = defaultdict(set)

    def put(key: str, content: bytes) -> None:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    for number, (language, charset, sentence) in enumerate((*SENTENCES, VIETNAMESE)):
        text, at = f"{sentence} {sentence}", f"{number:02d}-{language}-{charset}"
        for name in CHOSEN:
            put(f"{at}/{name}", FORMATS[name](text, charset))
            held[sentence].add(f"{at}/{name}")
        for form_name in ("NFC", "NFD"):
            key = f"{at}/{form_name}.txt"
            put(key, unicodedata.normalize(form_name, text).encode())
            held[sentence].add(key)
        put(f"{at}/book.epub", book(text))
        held[sentence].add(f"{at}/book.epub")
    for key, (content, _) in SPECIAL.items():
        put(key, content)
    server.make_dataset(project=names["ProjectName"], dataset=names["DatasetName"])
    binding = {**names, "URI": f"oss://{folder.name}"}
    server.call("CreateBinding", **binding)
    server.wait(
        "GetBinding",
        lambda body: (
            body["Binding"]["Phase"] == "IncrementalScanning"
            and not body["Binding"].get("Progress", {}).get("Pending")
        ),
        **binding,
    )
    return {"names": names, "held": held}


def found(server: RunningServer, names: dict[str, str], query: str) -> set[str]:
    answer = server.call("FuzzyQuery", **names, Query=query, MaxResults=100, WithFields=["Filename"])
    return {file["Filename"] for file in answer["Files"]}


def test_many_languages_and_charsets_are_tried() -> None:
    assert len(LANGUAGES) >= 20
    assert len(CHARSETS) >= 12


def test_phrases_from_the_middle_of_documents(server: RunningServer, bucket: dict[str, Any]) -> None:
    for sentence, keys in bucket["held"].items():
        for form_name in ("NFC", "NFD"):
            query = unicodedata.normalize(form_name, middle(sentence))
            assert found(server, bucket["names"], query) == keys, (sentence, form_name, query)


def test_forms_notes_hyphens_and_ruby(server: RunningServer, bucket: dict[str, Any]) -> None:
    for key, (_, phrases) in SPECIAL.items():
        for phrase in phrases:
            for form_name in ("NFC", "NFD"):
                query = unicodedata.normalize(form_name, phrase)
                assert key in found(server, bucket["names"], query), (key, query)


def test_a_title_by_some_of_its_words(server: RunningServer, bucket: dict[str, Any]) -> None:
    query = {"Field": "Title", "Operation": "match-phrase", "Value": "title of the WINMAIL"}
    answer = server.call("SimpleQuery", **bucket["names"], Query=query)
    assert [file["Filename"] for file in answer["Files"]] == ["special/winmail.dat"]
