"""PDF: streams that are found by the file's own tables, what is drawn in annotations, and streams that are bombs."""

from __future__ import annotations

import base64
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes, make_pdf
from tests.extract.documents.test_pdf import FONT, PACKET, PAGE, pdf_of, stream
from tests.extract.picture_samples import Bytes

from bindery.buckets.store import ObjectInfo
from bindery.extract.documents.pdf_objects import PdfObjects, reference
from bindery.extract.documents.pdf_weight import weight
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader

ROOT = Path(__file__).parents[3]
PACKED = PACKET.format(title="A contract", date="2023-05-31T16:51:22+02:00").encode()
PAGES = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
WORDS = stream(b"BT /F1 12 Tf 50 700 Td (Words) Tj ET")


def up(rows: list[bytes]) -> bytes:
    """Rows as the predictor "Up" of PNG writes them."""
    before = bytes(len(rows[0]))
    told = bytearray()
    for row in rows:
        told += b"\2" + bytes((new - old) & 0xFF for new, old in zip(row, before, strict=True))
        before = row
    return bytes(told)


def modern_pdf(*, hole: int = 0, predictor: bool = True, length: bytes = b"") -> bytes:
    """A PDF 1.5 whose catalog is in a stream of objects, whose packet is packed, and whose table is a stream."""
    body = bytearray(b"%PDF-1.5\n")
    places: dict[int, int] = {}

    def add(number: int, content: bytes) -> None:
        places[number] = len(body)
        body.extend(b"%d 0 obj\n%b\nendobj\n" % (number, content))

    add(2, PAGES)
    add(3, PAGE % b"")
    add(4, FONT)
    add(5, WORDS)
    body.extend(b"%" + b"x" * hole + b"\n")
    packed = zlib.compress(PACKED)
    add(9, b"%d" % len(packed))
    add(
        7,
        b"<</Type/Metadata/Filter[/FlateDecode]/Length %b>>stream\r\n%b\nendstream"
        % (length or b"%d" % len(packed), packed),
    )
    body.extend(b"%" + b"x" * hole + b"\n")
    inner = b"10 0 1 11 [/Ignored] <</Type/Catalog/Pages 2 0 R/Metadata 7 0 R>>"
    first = inner.index(b"[")
    add(
        8,
        stream(zlib.compress(inner), b"/Type/ObjStm/N 2/First %d/Filter/FlateDecode" % first),
    )
    table = len(body)
    kinds = {1: (2, 8, 1), **{number: (1, place, 0) for number, place in places.items()}, 6: (1, table, 0)}
    rows = [
        b"%c%b%c" % (kind, place.to_bytes(4), third)
        for kind, place, third in (kinds.get(number, (0, 0, 0)) for number in range(10))
    ]
    data = up(rows) if predictor else b"".join(rows)
    entries = b"/DecodeParms<</Columns 6/Predictor 12>>" if predictor else b""
    head = b"/Type/XRef/W[1 4 1]/Index[0 10]/Size 10/Root 1 0 R/Filter/FlateDecode%b" % entries
    body.extend(
        b"6 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(zlib.compress(data), head), table)
    )
    return bytes(body)


@pytest.mark.parametrize(
    "content",
    [
        modern_pdf(),
        modern_pdf(predictor=False),
        modern_pdf(length=b"9 0 R"),
        modern_pdf(hole=1_500_000),
        b"\xef\xbb\xbf" + modern_pdf(hole=10),
    ],
    ids=["predicted", "plain table", "length elsewhere", "in the middle of 3 MB", "behind a mark"],
)
def test_a_packed_packet_of_a_document_without_information(tmp_path: Path, content: bytes) -> None:
    found = extract_bytes(tmp_path, "a.pdf", content)
    assert (found.failure, found.text) == (None, "Words")
    assert (found.file.title, found.file.produce_time) == ("A contract", "2023-05-31T16:51:22+02:00")
    assert (found.file.tags or {})["Keywords"] == ("tax", "2023")
    assert found.bytes_read < 700_000


def test_a_packet_in_the_middle_of_a_large_file_with_a_table_of_text(tmp_path: Path) -> None:
    filler = b"% " + b"x" * 800_000
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/Metadata 7 0 R>>", PAGES, PAGE % b"", FONT, WORDS, filler,
        stream(PACKED, b"/Type/Metadata/Subtype/XML"), filler,
    )  # fmt: skip
    file = extract_bytes(tmp_path, "a.pdf", content).file
    assert (file.title, file.artist) == ("A contract", "Ann Lee, Bo Li")


def test_the_newest_table_counts(tmp_path: Path) -> None:
    """An incremental update (ISO 32000-1, 7.5.6) replaces the packet; the earlier one still stands in the file."""
    old = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>", PAGES, PAGE % b"", FONT, WORDS,
        stream(PACKED.replace(b"A contract", b"A draft"), b"/Type/Metadata"),
    )  # fmt: skip
    before = int(old.rsplit(b"startxref", 1)[1].split()[0])
    update = b"6 0 obj\n%b\nendobj\n" % stream(PACKED, b"/Type/Metadata")
    table = len(old) + len(update)
    content = (
        old
        + update
        + b"xref\n6 1\n%010d 00000 n \ntrailer\n<</Root 1 0 R/Size 7/Prev %d>>\n"
        % (
            len(old),
            before,
        )
    )
    found = extract_bytes(tmp_path, "a.pdf", content + b"startxref\n%d\n%%%%EOF\n" % table)
    assert found.file.title == "A contract"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"/W[1 4 1]", b"/W[9 9 9]"),
        lambda data: data.replace(b"/Index[0 10]", b"/Index[0 9999999999]"),
        lambda data: data.replace(b"/Prev", b"/Prev 0"),
        lambda data: data.replace(b"7 0 obj", b"7 0 abj"),
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"startxref\n", b"startxref\n9"),
        lambda data: data.replace(b"/First ", b"/First 99"),
    ],
)
def test_damaged_tables_find_nothing_and_harm_nothing(spoil: Callable[[bytes], bytes]) -> None:
    content = spoil(modern_pdf())
    reader = RangeReader(Bytes(content), ObjectInfo("a", len(content), "e", 0), ExtractionLimits())
    objects = PdfObjects(reader)
    assert objects.stream(7) in (PACKED, None)
    assert objects.catalog is None or reference(objects.catalog, b"Metadata") in (7, None)
    assert objects.stream(99_999) is None


def test_tables_that_lead_to_each_other_end() -> None:
    content = (
        b"%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Prev 9/Root 1 0 R>>\nstartxref\n9\n%%EOF"
    )
    reader = RangeReader(Bytes(content), ObjectInfo("a", len(content), "e", 0), ExtractionLimits())
    assert PdfObjects(reader).catalog is None


def test_words_that_stamps_buttons_and_signatures_draw(tmp_path: Path) -> None:
    drawn = b"/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F1 4 0 R>>>>"
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[7 0 R 11 0 R]/DA(/F1 0 Tf 0 g)>>>>", PAGES,
        PAGE % b"/Annots[6 0 R 7 0 R 10 0 R 11 0 R]", FONT, WORDS,
        b"<</Type/Annot/Subtype/Stamp/Contents(by Ann)/Rect[50 600 150 620]/F 4/AP<</N 8 0 R>>>>",
        b"<</Type/Annot/Subtype/Widget/FT/Btn/Ff 65536/T(send)/MK<</CA(Send form)>>/F 4/Rect[50 500 150 520]"
        b"/AP<</N 9 0 R>>/P 3 0 R>>",
        stream(b"BT /F1 10 Tf 5 5 Td (APPROVED TWICE) Tj ET", drawn),
        stream(b"BT /F1 10 Tf 5 5 Td (Send form) Tj ET", drawn),
        b"<</Type/Annot/Subtype/Text/Contents(a note)/Rect[300 600 320 620]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(s)/V<</Type/Sig>>/F 132/Rect[50 400 150 420]/AP<</N 12 0 R>>/P 3 0 R>>",
        stream(b"BT /F1 10 Tf 5 5 Td (Signed by Ann) Tj ET", drawn),
    )  # fmt: skip
    found = extract_bytes(tmp_path, "a.pdf", content)
    assert found.text == "Words by Ann a note APPROVED TWICE Send form Signed by Ann"


def packed(unit: bytes, size: int) -> bytes:
    packing = zlib.compressobj(1)
    piece = unit * (1_000_000 // len(unit))
    return b"".join([*(packing.compress(piece) for _ in range(size // 1_000_000)), packing.flush()])


MANY = packed(b"q ", 4_000_000)
BOMBS: dict[str, Callable[[], bytes]] = {
    "commands": lambda: MANY,
    "commands packed twice": lambda: zlib.compress(MANY),
    "commands as letters": lambda: base64.a85encode(MANY) + b"~>",
    "commands in hex": lambda: MANY.hex().encode() + b">",
    "zeros": lambda: packed(b"\0", 140_000_000),
    "letters": lambda: packed(b"(a)Tj ", 4_000_000),
}
_MEASURED = """
import sys
from pathlib import Path
from tests.extract.picture_samples import extract_path
found = extract_path(Path(sys.argv[1]))
print(found.failure, found.file.page_count, found.text, found.file.extraction_notes)
# Not getrusage: its maximum is inherited from the process that started this one.
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_take_hundreds_of_megabytes_is_told_before(name: str) -> None:
    """What such a page does to a process is tried with one of them, below."""
    assert weight(BOMBS[name](), 2**28, drawn=True) > 2**28


def test_a_bomb_in_a_large_file_stays_within_its_memory(tmp_path: Path) -> None:
    """Twelve megabytes of pictures lie beside a page that would take 1.3 GB; the other page is read."""
    many = packed(b"q ", 16_000_000)
    content = make_pdf(["Words", "More"], hole=12_000_000)
    at = content.index(b"11 0 obj")
    end = content.index(b"endobj", at)
    path = tmp_path / "a.pdf"
    path.write_bytes(
        content[:at] + b"11 0 obj\n" + stream(many, b"/Filter/FlateDecode") + b"\n" + content[end:]
    )
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(path)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told, kilobytes = done.stdout.strip().splitlines()
    assert told.startswith("None 2 More ('PartSkipped:")
    assert int(kilobytes) < 400_000


@pytest.mark.parametrize(
    "data",
    [b"BT (Words of a page) Tj ET\n" * 20_000, zlib.compress(bytes(range(256)) * 4_000), b"\xff\xd8" + bytes(300_000)],
)  # fmt: skip
def test_honest_streams_weigh_little(data: bytes) -> None:
    assert weight(data, 2**28, drawn=True) < 2**26
