"""Office documents and books of every kind, protected and damaged ones, and bombs."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from tests.extract.document_samples import (
    ODT,
    SHEET,
    SLIDES,
    WORD,
    coded_text,
    count_value,
    extract_bytes,
    make_compound,
    make_doc_streams,
    make_docx,
    make_open_xml,
    make_property_set,
    make_zip,
    record,
    relations,
    word_body,
)
from tests.extract.picture_samples import reader_of

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.package import Package
from bindery.extract.extractor import Unreadable

SUMMARY = "\x05SummaryInformation"
# 2009-02-13T23:31:30Z, the 1,234,567,890th second since 1970, in steps of 100 ns since 1601.
INSTANT = (1_234_567_890 + 11_644_473_600) * 10_000_000
META = """<office:document-meta xmlns:office="o" xmlns:meta="m" xmlns:dc="d"><office:meta>
<dc:title>Ein Titel</dc:title><meta:initial-creator>Erste</meta:initial-creator><dc:creator>Zweite</dc:creator>
<meta:creation-date>2010-04-19T11:16:49.130000000</meta:creation-date><dc:language>de-DE</dc:language>
<meta:document-statistic meta:page-count="7" meta:table-count="3" meta:word-count="9"/></office:meta>
</office:document-meta>"""


# --- Open XML


def test_docx(tmp_path: Path) -> None:
    body = word_body("First paragraph", "second &amp; last")
    found = extract_bytes(tmp_path, "a.docx", make_docx(body, counts="<Pages>4</Pages>", language="en-GB"))
    assert found.failure is None
    assert (found.file.content_type, found.file.media_type) == (WORD, "document")
    assert (found.file.title, found.file.artist, found.file.language) == ("A title", "An author", "en-GB")
    assert (found.file.page_count, found.file.produce_time) == (4, "2012-05-14T08:00:00Z")
    assert found.text == "First paragraph second & last"


def test_words_split_over_runs_stay_whole_and_deleted_ones_go(tmp_path: Path) -> None:
    body = (
        '<w:document xmlns:w="w"><w:p><w:r><w:t>Hel</w:t></w:r><w:r><w:t>lo</w:t></w:r><w:r><w:tab/><w:t>there</w:t>'
        "</w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:instrText>PAGE</w:instrText></w:p></w:document>"
    )
    assert extract_bytes(tmp_path, "a.docx", make_docx(body)).text == "Hello there"


def test_notes_and_headers_of_a_docx_are_text_too(tmp_path: Path) -> None:
    parts = {
        "word/document.xml": word_body("Body"),
        "word/footnotes.xml": word_body("A note"),
        "word/header1.xml": word_body("Head"),
        "word/settings.xml": word_body("no words"),
    }
    text = extract_bytes(tmp_path, "a.docx", make_open_xml("word/document.xml", WORD, parts)).text
    assert text == "Body A note Head"


def test_xlsx_counts_sheets_and_reads_shared_strings(tmp_path: Path) -> None:
    parts = {
        "xl/workbook.xml": '<workbook xmlns="s"><sheets><sheet name="Kosten"/><sheet name="Erlös"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            ("worksheet", "worksheets/s1.xml"), ("sharedStrings", "strings.xml")
        ),
        "xl/strings.xml": "<sst><si><t>Miete</t></si><si><r><t>Str</t></r><r><t>om</t></r>"
        "<rPh><t>silent</t></rPh></si></sst>",
    }
    found = extract_bytes(tmp_path, "a.xlsx", make_open_xml("xl/workbook.xml", SHEET, parts))
    assert (found.file.page_count, found.file.content_type) == (2, SHEET)
    assert found.text == "Kosten Erlös Miete Strom"


def test_xlsx_with_strings_in_its_cells(tmp_path: Path) -> None:
    parts = {
        "xl/workbook.xml": '<workbook><sheets><sheet name="One"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/s1.xml")),
        "xl/worksheets/s1.xml": '<worksheet><c t="inlineStr"><is><t>Inside</t></is></c><c><v>5</v></c></worksheet>',
    }
    found = extract_bytes(tmp_path, "a.xlsx", make_open_xml("xl/workbook.xml", SHEET, parts))
    assert found.text == "One Inside"


def test_xlsb_counts_the_sheets_of_its_binary_workbook(tmp_path: Path) -> None:
    kind = "application/vnd.ms-excel.sheet.binary.macroEnabled"
    parts = {
        "xl/workbook.bin": b"\x83\x01\x00",
        "xl/_rels/workbook.bin.rels": relations(
            ("worksheet", "a.bin"), ("worksheet", "b.bin"), ("styles", "c.bin")
        ),
    }
    content = make_open_xml("xl/workbook.bin", kind, parts).replace(b".main+xml", b".main+xml")
    found = extract_bytes(tmp_path, "a.xlsb", content)
    assert (found.file.page_count, found.file.content_type) == (2, f"{kind}.12")


def test_pptx_counts_slides_and_reads_them_in_their_order(tmp_path: Path) -> None:
    slide = '<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:sld>'
    parts = {
        "ppt/presentation.xml": '<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="1" r:id="r2"/>'
        '<p:sldId id="2" r:id="r1"/></p:sldIdLst></p:presentation>',
        "ppt/_rels/presentation.xml.rels": relations(
            ("slide", "slides/s1.xml"), ("slide", "slides/s2.xml")
        ),
        "ppt/slides/s1.xml": slide.format("last"),
        "ppt/slides/s2.xml": slide.format("first"),
    }
    found = extract_bytes(
        tmp_path,
        "a.pptx",
        make_open_xml("ppt/presentation.xml", SLIDES, parts, counts="<Slides>9</Slides>"),
    )
    assert (found.file.page_count, found.file.content_type, found.text) == (2, SLIDES, "first last")


def test_notes_comments_and_diagrams_of_slides_are_text(tmp_path: Path) -> None:
    shown = '<p:x xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:x>'
    parts = {
        "ppt/presentation.xml": '<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="1" r:id="r1"/>'
        "</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(("slide", "slides/s1.xml")),
        "ppt/slides/s1.xml": shown.format("Slide"),
        "ppt/slides/_rels/s1.xml.rels": relations(
            ("slideLayout", "../l.xml"),
            ("diagramData", "../d.xml"),
            ("notesSlide", "../n.xml"),
            ("comments", "../c.xml"),
            ("comments", "../m.xml"),
        ),
        "ppt/l.xml": shown.format("Layout"),
        "ppt/d.xml": shown.format("Diagram"),
        "ppt/n.xml": shown.format("Spoken"),
        "ppt/c.xml": '<p:cmLst xmlns:p="p"><p:cm><p:pos x="1"/><p:text>Remark</p:text></p:cm></p:cmLst>',
        "ppt/m.xml": shown.format("Modern"),
    }
    found = extract_bytes(tmp_path, "a.pptx", make_open_xml("ppt/presentation.xml", SLIDES, parts))
    assert found.text == "Slide Diagram Spoken Remark Modern"


def test_text_boxes_and_moved_words_are_read_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>Boxed</w:t></w:r></w:p></w:txbxContent>"
    body = (
        f'<w:document xmlns:w="w" xmlns:mc="m"><w:p><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>'
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "<w:moveFrom><w:r><w:t>Moved</w:t></w:r></w:moveFrom><w:p/><w:moveTo><w:r><w:t>Moved</w:t></w:r></w:moveTo>"
        "</w:document>"
    )
    parts = {
        "word/document.xml": body,
        "word/_rels/document.xml.rels": relations(
            ("footnotes", "notes/a.xml"), ("header", "header1.xml"), ("chart", "c.xml")
        ),
        "word/notes/a.xml": word_body("Note"),
        "word/header1.xml": word_body("Head"),
        "word/c.xml": '<c:c xmlns:c="c" xmlns:a="a"><a:t>Chart</a:t></c:c>',
    }
    found = extract_bytes(tmp_path, "a.docx", make_open_xml("word/document.xml", WORD, parts))
    assert found.text == "Boxed Moved Head Note Chart"


@pytest.mark.parametrize("name", ["a", "a.zip", "a.doc", "a.xlsx", "photo.jpg"])
def test_the_content_tells_the_type_not_the_name(tmp_path: Path, name: str) -> None:
    found = extract_bytes(tmp_path, name, make_docx(word_body("Words")))
    assert (found.file.content_type, found.file.media_type, found.text) == (WORD, "document", "Words")


def test_macro_documents_and_templates_have_their_own_types(tmp_path: Path) -> None:
    kind = "application/vnd.ms-word.document.macroEnabled"
    content = make_open_xml("word/document.xml", kind, {"word/document.xml": word_body("x")})
    assert extract_bytes(tmp_path, "a.docx", content).file.content_type == f"{kind}.12"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.template"
    content = make_open_xml("word/document.xml", kind, {"word/document.xml": word_body("x")})
    assert extract_bytes(tmp_path, "a.docx", content).file.content_type == kind
    # What Word writes and what is registered with IANA differ.
    kind = "application/vnd.ms-word.template.macroEnabled"
    content = make_open_xml("word/document.xml", f"{kind}Template", {"word/document.xml": word_body("x")})
    assert extract_bytes(tmp_path, "a.dotm", content).file.content_type == f"{kind}.12"


def test_a_part_named_as_an_extension_has_its_own_type(tmp_path: Path) -> None:
    parts = {
        "[Content_Types].xml": '<Types><Default Extension="xml" ContentType="'
        f'{WORD}.main+xml"/><Override PartName="/.xml" ContentType="application/xml"/></Types>',
        "word/document.xml": word_body("Words"),
    }
    found = extract_bytes(tmp_path, "a.docx", make_open_xml("word/document.xml", WORD, parts))
    assert (found.file.content_type, found.text) == (WORD, "Words")


# --- OpenDocument and EPUB


def make_open_document(kind: str, content: str, *, meta: str = META, manifest: str = "<m/>") -> bytes:
    stored = {"mimetype": f"application/vnd.oasis.opendocument.{kind}"}
    parts = {"meta.xml": meta, "content.xml": content, "META-INF/manifest.xml": manifest}
    return make_zip(stored | parts, zipfile.ZIP_STORED)


def test_odt(tmp_path: Path) -> None:
    content = (
        '<o:document-content xmlns:o="o" xmlns:t="t"><o:font-face-decls>no</o:font-face-decls><o:body><o:text>'
        "<t:tracked-changes><t:p>deleted</t:p></t:tracked-changes><t:h>Kopf</t:h><t:p>Ein<t:s/>Satz<t:span>teil</t:span>"
        "</t:p></o:text></o:body></o:document-content>"
    )
    found = extract_bytes(tmp_path, "a.odt", make_open_document("text", content))
    assert found.failure is None
    assert (found.file.content_type, found.file.title, found.file.artist) == (ODT, "Ein Titel", "Erste")
    assert (found.file.page_count, found.file.language) == (7, "de-DE")
    assert found.file.produce_time == "2010-04-19T11:16:49.13+08:00"
    assert found.text == "Kopf Ein Satzteil"


@pytest.mark.parametrize(
    ("kind", "meta", "pages"),
    [
        ("spreadsheet", META, 3),
        ("presentation", META, 7),
        ("presentation", "<m/>", 2),
        ("text", "<m/>", None),
    ],
)
def test_what_counts_as_a_page(tmp_path: Path, kind: str, meta: str, pages: int | None) -> None:
    content = '<c xmlns:d="d"><body><d:page><p>a</p></d:page><d:page/></body></c>'
    found = extract_bytes(tmp_path, "a.odp", make_open_document(kind, content, meta=meta))
    assert found.file.page_count == pages


def test_encrypted_open_document(tmp_path: Path) -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    found = extract_bytes(tmp_path, "a.odt", make_open_document("text", "\x93\x07", manifest=manifest))
    assert found.failure == "ParseFailed: the document is protected by a password"
    assert (found.file.content_type, found.file.media_type) == (ODT, "document")


BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>',
    "OPS/book.opf": '<package xmlns:dc="d"><metadata><dc:title>The Book</dc:title><dc:creator>Ann</dc:creator>'
    "<dc:creator>Ben</dc:creator><dc:language>en</dc:language><dc:date>2009-10-07</dc:date></metadata><manifest>"
    '<item id="b" href="two.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="a" href="one%20.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="s" href="style.css" media-type="text/css"/></manifest>'
    '<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="missing"/></spine></package>',
    "OPS/one .xhtml": "<html><head><title>x</title></head><body><p>It was&nbsp;a</p><p>bright day</p></body></html>",
    "OPS/two.xhtml": "<html><body>in April</body></html>",
}


def test_epub(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "book", make_zip(BOOK, zipfile.ZIP_STORED))
    assert found.failure is None
    assert (found.file.content_type, found.file.media_type) == ("application/epub+zip", "document")
    assert (found.file.title, found.file.artist, found.file.language) == ("The Book", "Ann, Ben", "en")
    assert found.file.produce_time == "2009-10-07T00:00:00+08:00"
    assert found.text == "It was a bright day in April"


def test_a_book_whose_chapters_need_a_key(tmp_path: Path) -> None:
    chapters = "".join(f'<CipherReference URI="OPS/{name}"/>' for name in ("one%20.xhtml", "two.xhtml"))
    parts = BOOK | {"META-INF/encryption.xml": f"<encryption>{chapters}</encryption>"}
    found = extract_bytes(tmp_path, "a.epub", make_zip(parts))
    assert found.failure == "ParseFailed: the document is protected by a password"
    assert found.file.title == "The Book"


# --- compound files


def summary(**extra: bytes) -> bytes:
    values = {
        1: struct.pack("<Ih", 2, 1251),
        2: coded_text("Отчёт".encode("cp1251")),
        4: coded_text(b"Ivan"),
    }
    values[12] = struct.pack("<IQ", 64, INSTANT)
    return make_property_set(values | {int(name.strip("_")): value for name, value in extra.items()})


def test_doc(tmp_path: Path) -> None:
    text = 'Straße\r\x13 HYPERLINK "x" \x14link\x15 end\x07'
    content = make_compound({SUMMARY: summary(_14=count_value(3)), **make_doc_streams(text, pages=9)})
    found = extract_bytes(tmp_path, "a.doc", content)
    assert found.failure is None
    assert (found.file.content_type, found.file.media_type) == ("application/msword", "document")
    assert (found.file.title, found.file.artist, found.file.page_count) == ("Отчёт", "Ivan", 3)
    assert found.file.produce_time == "2009-02-13T23:31:30Z"
    assert found.text == "Straße link end"


def test_pages_of_a_doc_without_a_summary(tmp_path: Path) -> None:
    assert (
        extract_bytes(tmp_path, "a.doc", make_compound(make_doc_streams("x", pages=9))).file.page_count == 9
    )


def test_protected_doc(tmp_path: Path) -> None:
    content = make_compound({SUMMARY: summary(), **make_doc_streams("x" * 9, flags=0x0100)})
    found = extract_bytes(tmp_path, "a.doc", content)
    assert found.failure == "ParseFailed: the document is protected by a password"
    assert (found.file.content_type, found.file.title) == ("application/msword", "Отчёт")


def test_xls_with_a_string_that_runs_over_records(tmp_path: Path) -> None:
    sheet = struct.pack("<IBBBB", 0, 0, 0, 4, 0) + b"Cost"
    long = "x" * 10 + "я" * 5
    table = (
        struct.pack("<II", 3, 3)
        + struct.pack("<HB", 5, 0)
        + b"First"
        + struct.pack("<HB", 15, 0)
        + b"x" * 10
    )
    # The rest of the string comes in wide characters; then one with formatting runs and an extension.
    more = (
        b"\x01" + ("я" * 5).encode("utf-16-le") + struct.pack("<HBHI", 4, 0x0C, 1, 2) + b"Last" + bytes(6)
    )
    stream = (
        record(0x0809, bytes(16)) + record(0x0085, sheet) * 2 + record(0xFC, table) + record(0x3C, more)
    )
    content = make_compound({"Workbook": (stream + record(0x0A, b"")).ljust(5000, b"\0")})
    found = extract_bytes(tmp_path, "a.xls", content)
    assert (found.failure, found.file.page_count) == (None, 2)
    assert found.text == f"Cost Cost First {long} Last"


def test_protected_xls(tmp_path: Path) -> None:
    stream = record(0x0809, bytes(16)) + record(0x2F, bytes(6))
    found = extract_bytes(tmp_path, "a.xls", make_compound({"Workbook": stream.ljust(5000, b"\0")}))
    assert found.failure == "ParseFailed: the document is protected by a password"


def ppt_streams(token: int) -> dict[str, bytes]:
    def atom(kind: int, body: bytes, version: int = 0) -> bytes:
        return struct.pack("<HHI", version, kind, len(body)) + body

    master = atom(0x03F8, atom(0x0FA8, b"Click to edit"), 0xF)
    slides = atom(0x03EE, atom(0x0FA0, "Größe".encode("utf-16-le")) + atom(0x0FA8, b"plain"), 0xF)
    user = struct.pack("<HHIII", 0, 0x0FF6, 20, 20, token)
    return {
        "PowerPoint Document": (master + slides).ljust(4096, b"\0"),
        "Current User": user.ljust(64, b"\0"),
    }


def test_ppt(tmp_path: Path) -> None:
    more = make_property_set({7: count_value(12)})
    content = make_compound({"\x05DocumentSummaryInformation": more, **ppt_streams(0xE391C05F)})
    found = extract_bytes(tmp_path, "a.ppt", content)
    assert (found.failure, found.file.content_type) == (None, "application/vnd.ms-powerpoint")
    assert (found.file.page_count, found.text) == (12, "Größe plain")


def test_protected_ppt(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.ppt", make_compound(ppt_streams(0xF3D1C4DF)))
    assert found.failure == "ParseFailed: the document is protected by a password"


def test_msg(tmp_path: Path) -> None:
    streams = {
        "__properties_version1.0": bytes(64),
        "__substg1.0_0037001F": "Hello".encode("utf-16-le"),
        "__substg1.0_0C1A001E": b"Ann",
        "__substg1.0_1000001F": "How are you?".encode("utf-16-le"),
    }
    found = extract_bytes(tmp_path, "mail", make_compound(streams))
    assert (found.file.content_type, found.file.media_type) == ("application/vnd.ms-outlook", "document")
    assert (found.file.title, found.file.artist, found.text) == ("Hello", "Ann", "Hello How are you?")


@pytest.mark.parametrize(
    ("name", "kind"), [("a.docx", WORD), ("a.xlsx", SHEET), ("a", "application/x-ole-storage")]
)
def test_protected_open_xml(tmp_path: Path, name: str, kind: str) -> None:
    found = extract_bytes(
        tmp_path, name, make_compound({"EncryptedPackage": bytes(5000), "EncryptionInfo": b"x"})
    )
    assert found.failure == "ParseFailed: the document is protected by a password"
    assert found.file.content_type == kind


def test_a_compound_file_of_an_unknown_program_is_indexed(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "Thumbs.db", make_compound({"Catalog": b"x"}))
    assert (found.failure, found.file.media_type) == (None, "other")


def test_a_large_compound_file_costs_few_reads() -> None:
    """Forty megabytes of pictures before the streams that are asked for."""
    content = make_compound({"Pictures": bytes(40_000_000), SUMMARY: summary(), **make_doc_streams("x")})
    reader = reader_of(content)
    compound = CompoundFile(reader)
    assert len(compound.stream(SUMMARY, 10_000)) > 48
    assert reader.bytes_read < 1_000_000


def test_a_circle_of_sectors_ends() -> None:
    content = bytearray(make_compound({"WordDocument": bytes(9000)}))
    at = content.rindex(struct.pack("<II", 1, 2))
    content[at : at + 4] = struct.pack("<I", 0)
    assert len(CompoundFile(reader_of(bytes(content))).stream("WordDocument", 10**9)) == 9000


# --- damaged and hostile


@pytest.mark.parametrize("cut", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("name", ["a.docx", "a.doc", "a.odt", "a.epub"])
def test_a_document_cut_off_fails_with_a_reason(tmp_path: Path, name: str, cut: float) -> None:
    whole = {
        "a.docx": make_docx(word_body("Words")),
        "a.doc": make_compound(make_doc_streams("Words " * 2_000)),
        "a.odt": make_open_document("text", "<c/>"),
        "a.epub": make_zip(BOOK),
    }[name]
    found = extract_bytes(tmp_path, name, whole[: int(len(whole) * cut)])
    assert (found.failure or "").startswith("ParseFailed: ")
    assert found.file.media_type in ("document", "other")


@pytest.mark.parametrize("name", ["a.docx", "a.doc", "a.odt", "a.epub", "a.xls"])
def test_an_empty_document_fails(tmp_path: Path, name: str) -> None:
    found = extract_bytes(tmp_path, name, b"")
    assert found.failure == "ParseFailed: the file is empty"
    assert found.file.media_type == "document"


def test_a_damaged_part_keeps_what_was_found_before(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.docx", make_docx("<w:document><w:t>never closed"))
    assert (found.failure or "").startswith("ParseFailed: ParseError")
    assert found.file.title == "A title"


BILLION = (
    '<!DOCTYPE l [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True)
    )
    + "]><document><t>&j;</t></document>"
)
OUTSIDE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><document><t>&a;</t></document>'


@pytest.mark.parametrize("body", [BILLION, OUTSIDE])
def test_entities_are_refused(tmp_path: Path, body: str) -> None:
    found = extract_bytes(tmp_path, "a.docx", make_docx(body))
    assert "EntitiesForbidden" in (found.failure or "")
    assert found.text is None


class Counting:
    """A parser target that counts characters."""

    def __init__(self) -> None:
        self.characters = 0
        self.done = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        pass

    def end(self, tag: str) -> None:
        pass

    def data(self, text: str) -> None:
        self.characters += len(text)

    def close(self) -> None:
        pass


def test_an_entry_that_unpacks_to_gigabytes_is_cut() -> None:
    part = b"<a>" + b" " * 100_000_000
    package = Package(reader_of(make_zip({"big.xml": part})))
    target = Counting()
    assert package.stream("big.xml", target) is False
    assert target.characters <= 32 * 1024 * 1024
    with pytest.raises(Unreadable, match="larger"):
        package.tree("big.xml")


def test_many_large_parts_are_cut_in_sum() -> None:
    parts = {f"{number}.xml": b"<a>" + b" " * 31_000_000 + b"</a>" for number in range(4)}
    package = Package(reader_of(make_zip(parts)))
    target = Counting()
    for name in parts:
        package.stream(name, target)
    assert target.characters <= 64 * 1024 * 1024


def test_a_size_that_lies_does_no_harm(tmp_path: Path) -> None:
    """The directory claims ten bytes for a part of many more."""
    body = word_body("Words " * 5_000)
    content = make_docx(body)
    told = struct.pack("<I", len(body.encode()))
    assert content.count(told) >= 1
    found = extract_bytes(tmp_path, "a.docx", content.replace(told, struct.pack("<I", 10)))
    assert (found.failure or "").startswith("ParseFailed: ")


def test_thousands_of_entries_are_refused(tmp_path: Path) -> None:
    parts = {f"x{number}": "" for number in range(50_001)}
    content = make_zip({"[Content_Types].xml": "<Types/>", **parts}, zipfile.ZIP_STORED)
    found = extract_bytes(tmp_path, "a.docx", content)
    assert found.failure == "ParseFailed: the package has 50002 parts"


@pytest.mark.parametrize(
    "body",
    [
        b"<a>" * 90_000,
        b"<a " + b"x" * 5_000_000,
        b"<!--" + b"x" * 5_000_000,
        b"\0" * 5_000_000,
        b"<w><p/>" * 99_999,
    ],
)
def test_endless_markup_ends(tmp_path: Path, body: bytes) -> None:
    found = extract_bytes(tmp_path, "a.docx", make_docx(body))
    assert (found.failure or "").startswith("ParseFailed: ParseError")


def test_text_ends_at_its_limit(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.docx", make_docx(word_body("häufig " * 500_000)))
    assert found.failure is None
    assert 1_700_000 < len((found.text or "").encode()) <= 2_000_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_no_document_uses_are_refused(tmp_path: Path, method: int) -> None:
    content = make_zip({"[Content_Types].xml": "<Types/>", "_rels/.rels": "<r/>"}, method)
    assert "compression method" in (extract_bytes(tmp_path, "a.docx", content).failure or "")


def test_a_plain_zip_named_as_a_document_is_an_archive(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.docx", make_zip({"readme.txt": "hi"}))
    assert (found.file.content_type, found.file.archive_entry_count) == ("application/zip", 1)


def test_markup_saved_under_the_name_of_a_workbook_is_markup(tmp_path: Path) -> None:
    found = extract_bytes(
        tmp_path, "report.xls", b"<html><body><table><tr><td>Cost</td></tr></table></body></html>"
    )
    assert (found.file.content_type, found.text) == ("text/html", "Cost")


def test_text_that_stands_in_a_docx_in_another_format(tmp_path: Path) -> None:
    page = "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
    page += "Content-Type: text/html\r\n\r\n<p>Saved <b>page</b></p>\r\n--x--"
    parts = {
        "word/document.xml": word_body("Body"),
        "word/_rels/document.xml.rels": relations(
            ("aFChunk", "a.mht"), ("aFChunk", "/word/a.htm"), ("aFChunk", "a.bin"), ("aFChunk", "missing")
        ),
        "word/a.mht": page,
        "word/a.htm": "<html><body>Größe".encode(),
        "word/a.bin": b"\0\1\2",
    }
    found = extract_bytes(tmp_path, "a.docx", make_open_xml("word/document.xml", WORD, parts))
    assert (found.failure, found.text) == (None, "Body Saved page Größe")
    assert found.file.extraction_notes is not None
    assert found.file.extraction_notes[0].startswith("PartSkipped")


# --- Formats before Office 97


def old_word(
    text: bytes,
    *,
    flags: int = 0,
    language: int = 1033,
    system: int = 0,
    clx: bytes = b"",
    codepage: int = 0,
) -> bytes:
    information = bytearray(768)
    struct.pack_into("<HH2xHxxH6xB", information, 0, 0xA5DC, 0x0065, language, flags, system)
    struct.pack_into("<II", information, 0x18, 768, 768 + len(text))
    struct.pack_into("<II", information, 0x160, 768 + len(text), len(clx))
    told = make_property_set({1: struct.pack("<Ih", 2, codepage), 2: coded_text(b"T")})
    return make_compound(
        {SUMMARY: told, "WordDocument": (bytes(information) + text + clx).ljust(4096, b"\0")}
    )


@pytest.mark.parametrize(
    ("text", "charset", "options"),
    [
        ("Größe", "cp1252", {}),
        ("Привет", "cp1251", {"language": 1049}),
        ("日本語", "cp932", {"language": 1041}),
        ("Привет", "cp1251", {"codepage": 1251}),
        ("Größe", "mac-roman", {"system": 1}),
        ("日本語", "utf-16-le", {"flags": 0x1000}),
    ],
)
def test_texts_of_word_6(tmp_path: Path, text: str, charset: str, options: dict[str, int]) -> None:
    found = extract_bytes(tmp_path, "a.doc", old_word(text.encode(charset), **options))
    assert (found.failure, found.text) == (None, text)


def test_word_6_saved_fast(tmp_path: Path) -> None:
    """Its pieces are put in order: the second half of the stream comes first."""
    pieces = struct.pack("<III", 0, 6, 12) + struct.pack("<HIHHIH", 0, 774, 0, 0, 768, 0)
    clx = b"\x01\x02\x00xx\x02" + struct.pack("<I", len(pieces)) + pieces
    found = extract_bytes(tmp_path, "a.doc", old_word(b"words.Other ", flags=4, clx=clx))
    assert (found.failure, found.text) == (None, "Other words.")


def test_powerpoint_95(tmp_path: Path) -> None:
    old = {"PowerPoint Document": bytes(5000), "Text_Content": "Folie eins: Größe\r\rUnd".encode("cp1252")}
    assert extract_bytes(tmp_path, "a.ppt", make_compound(old)).text == "Folie eins: Größe Und"
    slides = struct.pack("<HHI", 0, 0x0FA8, 5) + b"Slide"
    both = old | {"PP97_DUALSTORAGE/PowerPoint Document": slides.ljust(5000, b"\0")}
    assert extract_bytes(tmp_path, "a.ppt", make_compound(both)).text == "Slide"


def test_part_names_with_backslashes_as_windows_programs_write_them(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(make_docx(word_body("The harbour at dawn")))) as package:
        parts = {name.replace("/", "\\"): package.read(name) for name in package.namelist()}
    content = make_zip(parts)
    assert b"word\\document.xml" in content
    for name in ("a.docx", "a"):
        found = extract_bytes(tmp_path, name, content)
        assert (found.failure, found.file.content_type) == (None, WORD), name
        assert found.text == "The harbour at dawn"


def test_damaged_properties_harm_only_themselves_and_are_told(tmp_path: Path) -> None:
    odt = make_zip(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "meta.xml": "<office:document-meta><broken></office:document-meta>",
            "content.xml": '<d xmlns:office="o"><office:body><p>Gulls</p></office:body></d>',
        },
        zipfile.ZIP_STORED,
    )
    with zipfile.ZipFile(io.BytesIO(make_docx(word_body("Gulls")))) as package:
        docx = make_zip(
            {name: package.read(name) for name in package.namelist()} | {"p/core.xml": "<a><b></a>"}
        )
    for name, content, part in (("a.odt", odt, "meta.xml"), ("a.docx", docx, "p/core.xml")):
        found = extract_bytes(tmp_path, name, content)
        assert (found.failure, found.text) == (None, "Gulls"), name
        assert found.file.extraction_notes == (f"PartSkipped: the part {part} is damaged",)
