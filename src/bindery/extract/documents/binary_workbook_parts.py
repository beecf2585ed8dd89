"""The words in the parts of an XLSB workbook.

Source: MS-XLSB 2.1.4 (records), 2.4 (BrtCellSt, BrtFmlaString, BrtShortSt, BrtCellRString, BrtSSTItem, BrtBundleSh,
BrtCommentText), 2.5 (XLWideString).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import islice

from bindery.extract.documents.document import Document
from bindery.extract.documents.open_xml_parts import further_relationships, targets_of
from bindery.extract.documents.package import Package

_CELL, _FORMULA, _NEXT_CELL, _SHARED, _RICH_CELL, _SHEET, _COMMENT = 6, 8, 17, 19, 62, 156, 637
_TEXT_AT = {_CELL: 8, _FORMULA: 8, _NEXT_CELL: 4, _RICH_CELL: 9, _SHARED: 1, _COMMENT: 1}
"""What stands before a record's string: the cell's column, which the next to a cell lacks, and format, or flags."""
_MOST_RECORDS = 500_000
"""Of all parts."""
_COST = 15.0
"""Times as costly as a streaming parse of so many bytes: records are short."""


def read_binary_workbook_parts(
    package: Package, main: str, strings: str | None, sheets: list[str], document: Document
) -> None:
    """Names of sheets, shared strings, strings in the cells themselves, and comments."""
    for kind, body in _records(package.beginning(main, cost=_COST)):
        if kind == _SHEET:
            document.text.add(_string(body, 12 + _string_bytes(body, 8) - 4) + "\n")
    comments = [
        part for sheet in sheets for part in targets_of(further_relationships(package, sheet), "/comments")
    ]
    left = _MOST_RECORDS
    for part in dict.fromkeys([*([strings] if strings else []), *sheets, *comments]):
        for kind, body in islice(_records(package.beginning(part, cost=_COST)), left):
            left -= 1
            at = _TEXT_AT.get(kind)
            if at is not None:
                document.text.add(_string(body, at) + "\n")
        if document.text.full or left <= 0:
            return


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kinds and bodies; both kind and length are numbers of seven bits a byte."""
    at = 0
    while at + 2 <= len(data):
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind = kind & 0x7F | (data[at] & 0x7F) << 7
            at += 1
        length = 0
        for shift in (0, 7, 14, 21):
            if at >= len(data):
                return
            part = data[at]
            at += 1
            length |= (part & 0x7F) << shift
            if not part & 0x80:
                break
        yield kind, data[at : at + length]
        at += length


def _string_bytes(body: bytes, at: int) -> int:
    """How long a string is with its count; a missing one has the count -1 and nothing else."""
    count = struct.unpack_from("<I", body, at)[0] if at + 4 <= len(body) else 0
    return 4 if count == 0xFFFFFFFF else 4 + 2 * count


def _string(body: bytes, at: int) -> str:
    return body[at + 4 : at + _string_bytes(body, at)].decode("utf-16-le", "replace")
