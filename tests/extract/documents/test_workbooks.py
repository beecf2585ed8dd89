"""Where programs put the words of a workbook: shared strings, the cells themselves, comments, shapes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.extract.document_samples import (
    SHEET,
    extract_bytes,
    make_compound,
    make_open_xml,
    record,
    relations,
)

SHARED = "<sst><si><t>Shared</t></si></sst>"
RESULT = '<c r="A1" t="str"><f>A2&amp;"x"</f><v>Result</v></c>'
INLINE = '<c r="A2" t="inlineStr"><is><r><t>In</t></r><r><t>line</t></r><rPh><t>silent</t></rPh></is></c>'
NUMBERS = '<c r="A3"><v>4711</v></c><c r="A4" t="s"><v>0</v></c><c r="A5" t="e"><v>#REF!</v></c>'
COMMENTS = (
    "<comments><authors><author>Ann</author><author>tc={1}</author></authors><commentList>"
    '<comment ref="A1" authorId="0"><text><r><t>Check</t></r><r><t>ed</t></r></text></comment>'
    '<comment ref="A2" authorId="1"><text><t>[Threaded comment] Agreed</t></text></comment>'
    "</commentList></comments>"
)
THREADED = (
    '<ThreadedComments xmlns="t"><threadedComment ref="A2"><text>Agreed</text></threadedComment>'
    "</ThreadedComments>"
)
DRAWING = (
    '<xdr:wsDr xmlns:xdr="x" xmlns:a="a" xmlns:mc="m"><mc:AlternateContent><mc:Choice><xdr:sp><a:p><a:r><a:t>Boxed'
    "</a:t></a:r></a:p></xdr:sp></mc:Choice><mc:Fallback><a:t>Boxed</a:t></mc:Fallback></mc:AlternateContent></xdr:wsDr>"
)
CHART = (
    '<c:chart xmlns:c="c" xmlns:a="a"><c:title><a:p><a:r><a:t>Profit</a:t></a:r></a:p></c:title></c:chart>'
)


def workbook(cells: str, shared: str | None, beside: Mapping[str, str] | None = None) -> bytes:
    """An XLSX file of one sheet; ``beside`` holds what the sheet refers to by the kind of relationship."""
    beside = beside or {}
    book = [("worksheet", "worksheets/s1.xml"), *([("sharedStrings", "strings.xml")] if shared else [])]
    parts = {
        "xl/workbook.xml": '<workbook><sheets><sheet name="One"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(*book),
        "xl/worksheets/s1.xml": f'<worksheet xmlns="w"><sheetData><row>{cells}</row></sheetData></worksheet>',
        "xl/worksheets/_rels/s1.xml.rels": relations(*((kind, f"../{kind}.xml") for kind in beside)),
        "xl/_rels/drawing.xml.rels": relations(("chart", "chart.xml")),
        "xl/chart.xml": CHART,
        **({"xl/strings.xml": shared} if shared else {}),
        **{f"xl/{kind}.xml": content for kind, content in beside.items()},
    }
    return make_open_xml("xl/workbook.xml", SHEET, parts)


@pytest.mark.parametrize(
    ("cells", "shared", "beside", "text"),
    [
        (RESULT + NUMBERS, None, {}, "One Result"),
        (INLINE + INLINE, None, {}, "One Inline"),
        (RESULT + INLINE + NUMBERS, SHARED, {}, "One Shared Result Inline"),
        (RESULT.replace('t="str"', "t='str'"), '<sst count="0"/>', {}, "One Result"),
        (f'<x:c xmlns:x="w"><x:is><x:t>Named</x:t></x:is></x:c>{NUMBERS}', SHARED, {}, "One Shared Named"),
        (NUMBERS, SHARED, {"comments": COMMENTS, "threadedComment": THREADED}, "One Shared Agreed Checked"),
        (NUMBERS, SHARED, {"drawing": DRAWING}, "One Shared Boxed Profit"),
        (NUMBERS, SHARED, {"comments": "<comments><t>"}, "One Shared"),
    ],
)
def test_xlsx(tmp_path: Path, cells: str, shared: str | None, beside: dict[str, str], text: str) -> None:
    found = extract_bytes(tmp_path, "a.xlsx", workbook(cells, shared, beside))
    assert (found.failure, found.text) == (None, text)


def test_a_large_sheet_of_numbers_is_looked_through_only(tmp_path: Path) -> None:
    """A string at its end is found although it stands across the pieces that are read at once."""
    for padding in (65_500, 65_530, 200_000):
        cells = "<c><v>1</v></c>" * 4_000 + "<!--" + "x" * (padding - 60_000) + "-->" + RESULT
        assert extract_bytes(tmp_path, "a.xlsx", workbook(cells, SHARED)).text == "One Shared Result"


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary(kind: int, body: bytes) -> bytes:
    """A record of an XLSB part."""
    coded = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return coded + bytes([len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def test_xlsb(tmp_path: Path) -> None:
    kind = "application/vnd.ms-excel.sheet.binary.macroEnabled"
    cell = struct.pack("<II", 0, 0)
    sheet = (
        binary(6, cell + wide("Inside"))
        + binary(5, bytes(16))
        + binary(17, bytes(4) + wide("Next"))
        + binary(62, cell + b"\0" + wide("Rich"))
        + binary(8, cell + wide("Formel") + bytes(9))
    )
    parts = {
        "xl/workbook.bin": binary(156, bytes(8) + wide("rId1") + wide("Blatt")),
        "xl/_rels/workbook.bin.rels": relations(("worksheet", "a.bin"), ("sharedStrings", "s.bin")),
        "xl/_rels/a.bin.rels": relations(("comments", "c.bin")),
        "xl/a.bin": sheet,
        "xl/s.bin": binary(159, bytes(8)) + binary(19, b"\0" + wide("Geteilt")) + binary(160, b""),
        "xl/c.bin": binary(637, b"\0" + wide("Notiz")) + b"\x80",
    }
    found = extract_bytes(tmp_path, "a.xlsb", make_open_xml("xl/workbook.bin", kind, parts))
    assert (found.failure, found.text) == (None, "Blatt Geteilt Inside Next Rich Formel Notiz")


def counted(text: str, *, size: str = "H") -> bytes:
    """A string of BIFF8 whose characters take one byte each."""
    return struct.pack(f"<{size}B", len(text), 0) + text.encode("latin-1")


def shape(text: str, *pieces: bytes) -> bytes:
    head = record(0x1B6, struct.pack("<10xHH4x", len(text), 16))
    return head + b"".join(record(0x3C, piece) for piece in pieces) + record(0x3C, bytes(16))


CELL = bytes(6)
BIFF8 = record(0x809, struct.pack("<HH12x", 0x0600, 5))
BIFF5 = record(0x809, struct.pack("<HH4x", 0x0500, 5)) + record(0x42, struct.pack("<H", 1251))
CYRILLIC = "Отчёт".encode("cp1251")


@pytest.mark.parametrize(
    ("stream", "records", "text"),
    [
        ("Workbook", BIFF8 + record(0x204, CELL + counted("Label")), "Label"),
        ("Workbook", BIFF8 + record(0x204, CELL + b"\2\0\1" + "日本".encode("utf-16-le")), "日本"),
        ("Workbook", BIFF8 + record(0xD6, CELL + counted("Rich") + bytes(6)), "Rich"),
        ("Workbook", BIFF8 + record(6, bytes(22)) + record(0x207, counted("Result")), "Result"),
        ("Workbook", BIFF8 + shape("Comment", b"\0Com", b"\1" + "ment".encode("utf-16-le")), "Comment"),
        ("Workbook", BIFF8 + record(0x1C, bytes(8) + counted("Ann")), "Ann"),
        ("Workbook", BIFF8 + record(0x100D, bytes(2) + counted("Chart", size="B")), "Chart"),
        ("WORKBOOK", BIFF8 + record(0x204, CELL + counted("Capitals")), "Capitals"),
        ("Book", BIFF5 + record(0x204, CELL + b"\5\0" + CYRILLIC), "Отчёт"),
        ("Book", BIFF5 + record(0x207, b"\5\0" + CYRILLIC), "Отчёт"),
        ("Book", BIFF5 + record(0x1C, bytes(4) + b"\5\0" + CYRILLIC), "Отчёт"),
        ("Workbook", BIFF8 + record(0x204, b"\0") + record(0x1B6, b"") + record(0x207, b""), None),
    ],
)
def test_xls(tmp_path: Path, stream: str, records: bytes, text: str | None) -> None:
    content = make_compound({stream: (records + record(0x0A, b"")).ljust(5000, b"\0")})
    found = extract_bytes(tmp_path, "a.xls", content)
    assert (found.failure, found.text) == (None, text)
    assert found.file.content_type == "application/vnd.ms-excel"


def cell_2(text: bytes) -> bytes:
    """A LABEL of Excel 2: row, column, three bytes of format, one of length."""
    return record(0x0004, bytes(7) + bytes((len(text),)) + text)


def cell_3(text: bytes) -> bytes:
    """A LABEL of Excel 3 to 5."""
    return record(0x0204, bytes(6) + struct.pack("<H", len(text)) + text)


def begun(kind: int, version: int, size: int, content: int = 0x10) -> bytes:
    return record(kind, struct.pack("<HH", version, content) + bytes(size - 4))


OLD_WORKBOOKS: dict[str, tuple[bytes, int, str]] = {
    "2.xls": (begun(0x0009, 2, 4) + cell_2(b"Umsatz f\xfcr Mai") + record(0x0007, b"\3abc"), 1, "Umsatz für Mai abc"),
    "2 of a Macintosh.xls": (
        begun(0x0009, 2, 4) + record(0x42, b"\0\x80") + cell_2(b"Umsatz f\x9fr Mai"), 1, "Umsatz für Mai"),
    "3 in Russian.xls": (
        begun(0x0209, 3, 6) + record(0x42, struct.pack("<H", 1251)) + cell_3("Отчёт за май".encode("cp1251"))
        + record(0x0207, b"\3\0abc"), 1, "Отчёт за май abc"),
    "4 with a comment.xls": (
        begun(0x0409, 4, 6) + cell_3(b"words") + record(0x1C, bytes(4) + b"\6\0remark"), 1, "words remark"),
    "4 of two sheets.xlw": (
        begun(0x0409, 4, 6, 0x100) + record(0x8F, bytes(4) + b"\3May") + begun(0x0409, 4, 6) + cell_3(b"one")
        + record(0x8F, bytes(4) + b"\4June") + begun(0x0409, 4, 6) + cell_3(b"two"), 2, "May one June two"),
    "5 without a compound file.xls": (
        begun(0x0809, 0x0500, 8, 5) + record(0x85, bytes(6) + b"\3May") + cell_3(b"five"), 1, "May five"),
}  # fmt: skip


def test_workbooks_older_than_compound_files(tmp_path: Path) -> None:
    for name, (content, sheets, text) in OLD_WORKBOOKS.items():
        found = extract_bytes(tmp_path, name, content)
        assert (found.failure, found.file.page_count, found.text) == (None, sheets, text), name
        assert (found.file.content_type, found.file.extraction_notes) == (
            "application/vnd.ms-excel",
            None,
        ), name
    locked = extract_bytes(tmp_path, "a.xls", begun(0x0409, 4, 6) + record(0x2F, b"\1\2\3\4"))
    assert locked.failure == "ParseFailed: the document is protected by a password"


def test_the_version_is_that_of_the_workbook(tmp_path: Path) -> None:
    """Some writers of Excel 5 tell a later version at each sheet."""
    book = begun(0x0809, 0x0500, 8, 5) + begun(0x0809, 0x0600, 16) + cell_3(b"default")
    found = extract_bytes(tmp_path, "a.xls", make_compound({"Book": book + bytes(4096)}))
    assert found.text == "default"
