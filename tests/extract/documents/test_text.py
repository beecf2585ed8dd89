"""Text files: encodings, languages, HTML, RTF and PostScript, and input made to take forever."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes

from bindery.extract.documents.document import Text, clean
from bindery.extract.documents.html import read_html
from bindery.extract.extractor import Unreadable
from bindery.extract.text.decode import decode_text

GERMAN = "Die Größe der Straße überrascht alle Gäste. Schöne Äpfel fallen früh, und die Bäume müssen ruhen."
RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах, они наделены разумом."
CHINESE = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"


# --- plain text


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (b"", "utf-8"),
        (b"", "utf-16-le"), (b"", "utf-16-be"),
    ],
)  # fmt: skip
def test_marks_and_wide_encodings(mark: bytes, encoding: str) -> None:
    assert decode_text(mark + GERMAN.encode(encoding)).text == GERMAN


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(GERMAN, "latin-1"), (RUSSIAN, "cp1251"), (CHINESE, "gb18030"), (CHINESE, "gbk")],
)
def test_encodings_that_nothing_declares(text: str, encoding: str) -> None:
    assert decode_text((text * 5).encode(encoding)).text == text * 5


def test_the_declared_encoding_wins_over_a_guess_but_not_over_utf_8() -> None:
    assert decode_text("Łódź".encode("iso-8859-2"), "iso-8859-2").text == "Łódź"
    assert decode_text("Łódź".encode(), "iso-8859-2").text == "Łódź"
    assert decode_text(GERMAN.encode("latin-1"), "no such encoding").text == GERMAN


@pytest.mark.parametrize(
    "name", ["hex", "zlib", "bz2", "base64", "rot13", "uu", "quopri", "idna", "punycode", "undefined", "\0"]
)
def test_what_is_no_encoding_of_texts_is_guessed(name: str) -> None:
    assert decode_text(GERMAN.encode("latin-1"), name).text == GERMAN


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 50, bytes(range(256)) * 9, b"\x07" * 100])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_text(data)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.txt", "text/plain"), ("a.md", "text/markdown"), ("a.log", "text/plain"), ("README", "text/plain")],
)
def test_prose(tmp_path: Path, name: str, content_type: str) -> None:
    found = extract_bytes(tmp_path, name, GERMAN.encode())
    assert found.failure is None
    assert (found.file.content_type, found.file.media_type) == (content_type, "document")
    assert (found.file.language, found.text) == ("de", GERMAN)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.py", "text/x-python"), ("a.json", "application/json"), ("a.csv", "text/csv"), ("a.xml", "text/xml"),
     ("a.java", "text/x-java"), ("a.ts", "text/x-typescript"), ("a.yaml", "application/yaml")],
)  # fmt: skip
def test_code_and_data_are_text_without_a_language(tmp_path: Path, name: str, content_type: str) -> None:
    content = f"value = '{GERMAN}'"
    found = extract_bytes(tmp_path, name, content.encode())
    assert (found.file.content_type, found.file.media_type) == (content_type, "document")
    assert (found.file.language, found.text) == (None, content)


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.rtf", "a.json", "a.csv"])
def test_an_empty_text_is_indexed(tmp_path: Path, name: str) -> None:
    found = extract_bytes(tmp_path, name, b"")
    assert (found.failure, found.text, found.file.media_type) == (None, None, "document")


def test_an_empty_file_of_no_kind_is_indexed(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "nothing", b"")
    assert (found.failure, found.file.media_type) == (None, "other")


def test_bytes_under_the_name_of_a_text_fail_with_a_reason(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.txt", bytes(range(256)) * 20)
    assert found.failure == "ParseFailed: the file is not text"
    assert found.file.content_type == "text/plain"


@pytest.mark.parametrize(
    "start", ["MAC addresses of all cards", "BM is a shop", "GIF89a is a format", "ID3 tags, explained"]
)
def test_words_that_begin_like_a_sign_are_still_text(tmp_path: Path, start: str) -> None:
    found = extract_bytes(tmp_path, "notes.txt", start.encode() * 100)
    assert (found.file.content_type, found.file.media_type) == ("text/plain", "document")


def test_text_is_one_line_and_ends_at_its_limit(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.txt", ("größer\r\n\tals " * 400_000).encode())
    assert (found.text or "").startswith("größer als größer als")
    assert len((found.text or "").encode()) <= 2_000_000
    assert found.bytes_read < 4_200_000


def test_wrapped_lines_of_chinese_join() -> None:
    text = Text()
    text.add("尊严和权利上\n一律平等 free\nwords")
    assert str(text) == "尊严和权利上一律平等 free words"


def test_text_counts_bytes_and_never_splits_a_character() -> None:
    text = Text(5)
    text.add("äöü")
    assert (str(text), text.full, text.left) == ("äö", True, 0)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("  a\n\tb\0c ", "a b c"),
        ("\ud800x", "?x"),
        ("", None),
        (" \0 ", None),
        (None, None),
        ("身 分", "身 分"),
    ],
)
def test_clean(text: str | None, field: str | None) -> None:
    assert clean(text) == field


# --- HTML


def html_of(page: str) -> tuple[str, str | None, str | None, str | None]:
    text = Text()
    head = read_html(page, text)
    return str(text), head.title, head.author, head.language


def test_visible_text_of_a_page() -> None:
    page = """<!DOCTYPE html><html lang="en-GB"><head><title>A &amp; B</title><META NAME=author content='Ann "A" Lee'>
    <style>p {color: red}</style><script>if (a < b) { document.write("<p>no</p>") }</script></head>
    <body><!-- no --><p>Hel<b>lo</b> w&ouml;rld</p><p>next<br>line</p><noscript>no</noscript>
    <img alt="a > b" src=x>1 < 2 &lt;3</body></html>"""
    assert html_of(page) == ("Hello wörld next line 1 < 2 <3", "A & B", 'Ann "A" Lee', "en-GB")


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("plain", "plain"), ("<p>a</p>b", "a b"), ("a<br/>b", "a b"), ("a<wbr>b", "ab"), ("<script>never closed", ""),
        ("<!-- never closed", ""), ("<p", "<p"), ("a & b", "a & b"), ("&#x41;&#66;", "AB"),
        ("<td>1</td><td>2</td>", "1 2"),
        ("<SCRIPT>x</SCRIPT>y", "y"), ("<svg><title>t</title></svg>z", "z"), ("<![CDATA[x]]>y", "y"),
        ("<title>one</title><title>two</title>", "two"),
    ],
)  # fmt: skip
def test_odd_pages(page: str, text: str) -> None:
    assert html_of(page)[0] == text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<ruby>智<rt>ち</rt></ruby>に<ruby>働<rp>(</rp><rt>はたら</rt><rp>)</rp></ruby>けば", "智に働けば"),
        ("<ruby>漢<rp>(<rt>kan<rp>)<rt>字</ruby>字", "漢字"),
        ("<ruby><rb>東</rb><rb>京</rb><rt>とう</rt><rt>きょう</rt></ruby>へ", "東京へ"),
        ("<p>a<svg><title>t</title><style>x</style><text>drawn <tspan>wo</tspan>rds</text></svg>b", "a drawn words b"),
        ("<rt>never closed", "never closed"),
    ],
)  # fmt: skip
def test_readings_are_left_out_and_drawings_read(page: str, text: str) -> None:
    assert html_of(page)[0] == text


def test_what_a_page_says_of_itself(tmp_path: Path) -> None:
    page = """<html><head><meta name="keywords" content="tea, green tea"><meta name=description content="On tea">
    <meta name="Author" content="Ann"><meta property="og:type" content="article"><meta name="viewport" content="x">
    <meta name="generator" content="Site 2"><meta property="article:published_time" content="2021-05-04T10:00:00Z">
    </head><body>Tea</body></html>"""
    file = extract_bytes(tmp_path, "a.html", page.encode()).file
    assert (file.artist, file.produce_time) == ("Ann", "2021-05-04T10:00:00Z")
    assert file.tags == {
        "Creator": ("Ann",), "Description": ("On tea",), "HTML:article:published_time": ("2021-05-04T10:00:00Z",),
        "HTML:og:type": ("article",), "Keywords": ("tea", "green tea"), "Software": ("Site 2",),
    }  # fmt: skip


def test_a_page_in_the_encoding_it_declares(tmp_path: Path) -> None:
    page = (
        f'<html><head><meta charset="windows-1251"><title>Отчёт</title></head><body>{RUSSIAN}</body></html>'
    )
    found = extract_bytes(tmp_path, "a.html", page.encode("cp1251"))
    assert (found.file.title, found.file.language, found.text) == ("Отчёт", "ru", RUSSIAN)


@pytest.mark.parametrize("name", ["page.html", "page", "page.xls", "page.pdf"])
def test_pages_are_known_by_their_content(tmp_path: Path, name: str) -> None:
    found = extract_bytes(tmp_path, name, b"\xef\xbb\xbf<!-- x -->\n<!doctype html><title>T</title>Words")
    assert (found.file.content_type, found.file.title) == ("text/html", "T")


@pytest.mark.parametrize(
    "part",
    [
        "<a ",
        '<a b="',
        "<a =",
        "<!--",
        "</",
        "&",
        "<script>",
        "<title>",
        '<a "',
        "<",
        "<a b",
        "<!",
        "&#",
        "<a/",
    ],
)
def test_a_page_of_nothing_but_one_broken_tag(part: str) -> None:
    """Half a megabyte; a parser that looks ahead to the end from every tag would not come back."""
    text = Text()
    read_html(part * (500_000 // len(part)), text)
    assert len(str(text)) <= 500_000


# --- RTF


RTF = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Times;}}"
    r"{\info{\title B\'fccher}{\author Ann}{\creatim\yr2004\mo10\dy28\hr10\min19}{\nofpages3}}"
    r"{\*\generator nothing;}\f0 Gr\'f6\'dfe \b fett\b0\par{\f1 \'cc\'e8\'f0} \u20013?\u25991?\line"
    r" a\~b {\pict\pngblip 89504e47}{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}\'7b\{ \}}"
)


def test_rtf(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.rtf", RTF.encode("ascii"))
    assert found.failure is None
    assert (found.file.content_type, found.file.title, found.file.artist) == (
        "application/rtf",
        "Bücher",
        "Ann",
    )
    assert (found.file.page_count, found.file.produce_time) == (3, "2004-10-28T10:19:00+08:00")
    assert found.text == "Größe fett Мир 中文 a b link{{ }"


def test_a_title_repeated_in_unicode_wins(tmp_path: Path) -> None:
    content = rb"{\rtf1{\info{\upr{\title ??}{\*\ud{\title \u20013?\u25991?}}}{\author A}{\author B}}Text}"
    found = extract_bytes(tmp_path, "letter.doc", content)
    assert (found.file.content_type, found.file.title, found.file.artist) == (
        "application/rtf",
        "中文",
        "A",
    )


@pytest.mark.parametrize("part", ["{}", "\\a", "\\'41", "\\u65?", "{\\pict 00", "\\", "\\bin99 "])
def test_endless_rtf_ends(tmp_path: Path, part: str) -> None:
    content = "{\\rtf1 " + part * (500_000 // len(part))
    assert extract_bytes(tmp_path, "a.rtf", content.encode()).file.content_type == "application/rtf"


def test_rtf_nested_without_end(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.rtf", b"{\\rtf1 Words" + b"{" * 100_000)
    assert found.failure == "ParseFailed: groups are nested more than 1000 deep"
    assert found.text == "Words"


# --- PostScript


@pytest.mark.parametrize(
    ("comments", "size"),
    [
        (b"%%BoundingBox: 10 20 50 50\n", (40, 30)),
        (b"%%BoundingBox: (atend)\nshowpage\n%%Trailer\n%%BoundingBox: -10 0 30 30\n", (40, 30)),
        (b'%%BoundingBox: 0 0 72 48\r%ImageData: 40 30 8 3 0 1 2 "begin"\r', (40, 30)),
        (b"%%BoundingBox: 50 50 10 10\n", (None, None)),
        (b"", (None, None)),
    ],
)
def test_the_size_of_encapsulated_postscript(
    comments: bytes, size: tuple[int | None, int | None], tmp_path: Path
) -> None:
    file = extract_bytes(tmp_path, "file.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n" + comments).file
    assert (file.media_type, file.image_width, file.image_height) == ("document", *size)
    assert extract_bytes(tmp_path, "file.ps", b"%!PS-Adobe-3.0\n" + comments).file.image_width is None


def test_postscript(tmp_path: Path) -> None:
    content = (
        b"%!PS-Adobe-3.0\r%%Title: (A (nested) title)\r%%For: Ann Lee\r%%Pages: (atend)\r%%CreationDate: "
        b"D:20120514120000Z\r%%EndComments\rshowpage\r"
        + b"% x\r" * 9000
        + b"%%Trailer\r%%Pages: 12 1\r%%EOF\r"
    )
    found = extract_bytes(tmp_path, "a.ps", content)
    assert (found.failure, found.file.content_type) == (None, "application/postscript")
    assert (found.file.title, found.file.artist) == ("A (nested) title", "Ann Lee")
    assert (found.file.page_count, found.file.produce_time) == (12, "2012-05-14T12:00:00Z")


def test_characters_beyond_16_bits_in_rtf(tmp_path: Path) -> None:
    """They are two numbers, with stand-ins between them, of which there may be several or none."""
    content = rb"{\rtf1 a\u-10179?\u-9138?b {\uc0\u-10179\u-8704}{\uc2\u-10179??\u-8704\'3f\'3f}}"
    assert extract_bytes(tmp_path, "a.rtf", content).text == "a\U0001f44eb \U0001f600\U0001f600"


def test_groups_that_are_not_shown_in_rtf(tmp_path: Path) -> None:
    content = (
        rb"{\rtf1\f1\b1 seen{\*\foo\b not}{\* \b1 not}{\b\*\bar not}\b0 {\pict\b ff}{\rtlch\fcs1  too}}"
    )
    assert extract_bytes(tmp_path, "a.rtf", content).text == "seen too"


def test_rtf_of_many_words_is_cut_and_told(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.rtf", b"{\\rtf1 " + b"{a}" * 200_000 + b"}")
    assert 100_000 < len(found.text or "") < 200_000
    assert [note.split(":")[0] for note in found.file.extraction_notes or ()] == ["TextCut"]


def test_gaps_between_wide_characters(tmp_path: Path) -> None:
    """Where a line of Chinese was wrapped nothing stays; words in letters of full width stand apart."""
    text = "今天早上我们沿着\n河边散步了。 ｗａｔｅｒ ｅｘｔｒａｃｔｉｏｎ １\n２ 한국어 문장"
    expected = "今天早上我们沿着河边散步了。ｗａｔｅｒ ｅｘｔｒａｃｔｉｏｎ１２ 한국어 문장"
    assert extract_bytes(tmp_path, "a.txt", text.encode()).text == expected
