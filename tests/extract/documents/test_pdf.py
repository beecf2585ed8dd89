"""PDF: document information, pages, languages, text, and the cost of huge and broken files."""

from __future__ import annotations

import zlib
from pathlib import Path

import msgspec
import pytest
from tests.extract.document_samples import extract_bytes, make_pdf
from tests.extract.picture_samples import ALL, ZONE, Bytes

from bindery.buckets.store import ObjectInfo, StoreAddress, StoreUnavailable
from bindery.extract.documents.pdf import extract_pdf
from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader

INFORMATION = "/Title(The \\350tudes)/Author(Jane Doe)/CreationDate(D:20120514120000+02'00')"


def read(reader: RangeReader) -> Extracted:
    request = ExtractionRequest(
        address=StoreAddress(bucket="b", url="/"), object=reader.info, operators=ALL, zone=ZONE
    )
    return extract_pdf(reader, request)


def test_information_pages_and_text(tmp_path: Path) -> None:
    content = make_pdf(["Words of the first page", "and of the second"], information=INFORMATION)
    found = extract_bytes(tmp_path, "study.pdf", content)
    assert found.failure is None
    assert (found.file.content_type, found.file.media_type) == ("application/pdf", "document")
    assert (found.file.title, found.file.artist) == ("The ètudes", "Jane Doe")
    assert (found.file.page_count, found.file.produce_time) == (2, "2012-05-14T12:00:00+02:00")
    assert found.text == "Words of the first page and of the second"


@pytest.mark.parametrize(
    ("declared", "language"),
    [("(fr-CA)", "fr-CA"), ("(EN_us)", "en-US"), ("(English)", None), ("()", None), ("(x)", None)],
)
def test_the_declared_language_counts_when_it_is_a_tag(
    tmp_path: Path, declared: str, language: str | None
) -> None:
    found = extract_bytes(tmp_path, "a.pdf", make_pdf(["Hi"], catalog=f"/Lang{declared}"))
    assert found.file.language == language


def test_a_language_that_is_not_declared_is_detected(tmp_path: Path) -> None:
    line = "Der schnelle braune Fuchs springt ueber den faulen Hund und laeuft dann in den Wald zurueck"
    assert extract_bytes(tmp_path, "a.pdf", make_pdf([line])).file.language == "de"


def test_a_huge_file_costs_its_table_and_its_pages_only() -> None:
    """Fifty million bytes of a picture lie between the first page and the table at the end."""
    content = make_pdf(
        [f"Page {number}" for number in range(20)], hole=50_000_000, information="/Title(Huge)"
    )
    reader = RangeReader(
        Bytes(content), ObjectInfo("a", len(content), "e", 0), ExtractionLimits(read_bytes=2**26)
    )
    found = read(reader)
    assert (found.file.page_count, found.file.title) == (20, "Huge")
    assert reader.bytes_read < 1_000_000
    assert "Page 1 Page 2" in (found.text or "")


def test_a_very_large_file_is_described_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    content = make_pdf(["Words"], information="/Title(Huge)")
    monkeypatch.setattr("bindery.extract.documents.document.MAX_FILE_BYTES", len(content) - 1)
    found = read(RangeReader(Bytes(content), ObjectInfo("a", len(content), "e", 0), ExtractionLimits()))
    assert (found.file.page_count, found.file.title, found.text) == (1, "Huge", None)


def test_a_broken_table_is_mended(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.pdf", make_pdf(["Words"] * 3, start=7))
    assert (found.failure, found.file.page_count) == (None, 3)


def test_mending_a_huge_file_ends_at_the_read_limit() -> None:
    content = make_pdf(["Words"] * 3, start=7, hole=4_000_000)
    limits = ExtractionLimits(read_bytes=1_000_000)
    reader = RangeReader(Bytes(content), ObjectInfo("a", len(content), "e", 0), limits)
    with pytest.raises(Unreadable) as caught:
        read(reader)
    assert caught.value.code == "ReadLimit"
    assert reader.bytes_read <= limits.read_bytes


def test_an_encrypted_file_says_so(tmp_path: Path) -> None:
    """The user password is not the empty one, so nothing but the unencrypted structure can be read."""
    encrypt = (
        "/Encrypt<</Filter/Standard/V 1/R 2/Length 40/P -4"
        f"/O<{'28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A'}>"
        f"/U<{'00' * 32}>>>/ID[<0123><0123>]"
    )
    found = extract_bytes(
        tmp_path, "secret.pdf", make_pdf(["Words"], trailer=encrypt, information="/Title(x)")
    )
    assert found.failure == "ParseFailed: the document is protected by a password"
    assert (found.file.content_type, found.file.title, found.text) == ("application/pdf", None, None)


def test_the_pages_of_an_encrypted_linearized_file_are_told_by_its_head(tmp_path: Path) -> None:
    encrypt = f"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<{'11' * 32}>/U<{'22' * 32}>>>/ID[<01><01>]"
    content = make_pdf(["Words"], trailer=encrypt)
    head = b"%PDF-1.4\n%9 0 obj<</Linearized 1/L 1000/H[1 2]/O 3/E 4/N 12/T 5>>endobj\n"
    found = extract_bytes(tmp_path, "a.pdf", head + content[9:])
    assert found.file.page_count == 12
    assert found.failure is not None


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.4\n" + bytes(5000), b"%PDF-" + b"x" * 9000])
def test_what_is_no_pdf_fails_with_a_reason(tmp_path: Path, content: bytes) -> None:
    found = extract_bytes(tmp_path, "a.pdf", content)
    assert (found.failure or "").startswith("ParseFailed: ")


def test_text_ends_at_its_limit(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a.pdf", make_pdf(["many words " * 4_000] * 80))
    assert found.failure is None
    assert 500_000 < len((found.text or "").encode()) <= 2_000_000


def test_a_page_that_unpacks_to_100_megabytes_does_no_harm(tmp_path: Path) -> None:
    bomb = zlib.compress(b" " * 100_000_000)
    content = make_pdf(["Words"])
    at = content.index(b"11 0 obj")
    end = content.index(b"endobj", at)
    swollen = content[:at] + b"11 0 obj\n<</Filter/FlateDecode/Length %d>>stream\n" % len(bomb)
    found = extract_bytes(tmp_path, "a.pdf", swollen + bomb + b"\nendstream\n" + content[end:])
    assert found.file.page_count == 1


def test_a_count_of_pages_that_lies(tmp_path: Path) -> None:
    content = make_pdf(["Words"]).replace(b"/Count 1", b"/Count 2147483647")
    found = extract_bytes(tmp_path, "a.pdf", content)
    assert found.file.page_count == 1


class Failing(Bytes):
    """A store that stops answering after the first read."""

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        if self.reads:
            raise StoreUnavailable("gone")
        return super().read(key, offset, length, etag=etag)


def test_a_failing_store_is_not_taken_for_a_broken_file() -> None:
    content = make_pdf(["Words"], hole=500_000)
    reader = RangeReader(Failing(content), ObjectInfo("a", len(content), "e", 0), ExtractionLimits())
    with pytest.raises(StoreUnavailable):
        read(reader)


def test_a_result_crosses_process_borders(tmp_path: Path) -> None:
    """PDFium may hand out lone surrogates, which no encoder takes."""
    content = make_pdf(["Words"], information="/Title(\\376\\377\\330\\000\\000a\\000\\000\\000b)")
    found = extract_bytes(tmp_path, "a.pdf", content)
    assert msgspec.msgpack.encode(found)
    assert found.file.title is not None


def pdf_of(*objects: bytes, junk: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    body, places = bytearray(junk + b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(
        body + b"trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    )


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)


FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 4 0 R>>>>/Contents 5 0 R%b>>"


def test_hyphens_at_the_end_of_a_line_join_words(tmp_path: Path) -> None:
    lines = b"BT /F1 12 Tf 14 TL 50 700 Td (free soft-) Tj T* (ware is well-known) Tj ET"
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        PAGE % b"",
        FONT,
        stream(lines),
    )
    assert extract_bytes(tmp_path, "a.pdf", content).text == "free software is well-known"


def test_values_of_fields_and_texts_of_annotations(tmp_path: Path) -> None:
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R 7 0 R 10 0 R]/DA(/Helv 0 Tf 0 g)>>>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        PAGE % b"/Annots[6 0 R 7 0 R 8 0 R 9 0 R 11 0 R]",
        FONT,
        stream(b"BT /F1 12 Tf 50 700 Td (Name of the tenant) Tj ET"),
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V<FEFF004A00F6007200670020004D00FC006C006C00650072>"
        b"/Rect[50 600 200 620]/P 3 0 R>>",
        b"<</Type/Annot/Subtype/Widget/FT/Ch/Ff 131072/T(city)/V(b)/Opt[[(a)(Aachen)][(b)(Bremen)]]"
        b"/Rect[50 560 200 580]/P 3 0 R>>",
        b"<</Type/Annot/Subtype/Text/Contents(see the second clause)/Rect[300 600 320 620]>>",
        b"<</Type/Annot/Subtype/Link/Contents(a link)/Rect[300 500 320 520]>>",
        b"<</FT/Tx/T(street)/V(Hauptstrasse)/Kids[11 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/Parent 10 0 R/Rect[50 500 200 520]/P 3 0 R>>",
    )
    found = extract_bytes(tmp_path, "form.pdf", content)
    assert found.text == "Name of the tenant Jörg Müller Bremen b see the second clause Hauptstrasse"


PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" rdf:about="" xmp:CreateDate="{date}" pdf:Producer="Pages">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>Ann Lee</rdf:li><rdf:li>Bo Li</rdf:li></rdf:Seq></dc:creator>
<dc:subject><rdf:Bag><rdf:li>tax</rdf:li><rdf:li>2023</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def test_the_packet_of_the_document_stands_in_for_its_information(tmp_path: Path) -> None:
    """PDF 2.0 has XMP only; the packet of a picture on a page does not count."""
    packets = [
        stream(PACKET.format(title=title, date=date).encode(), b"/Type/Metadata/Subtype/XML")
        for title, date in (("A contract", "2023-05-31T16:51:22+02:00"), ("A photo", "1999-01-01"))
    ]
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", PAGE % b"", FONT,
        stream(b"BT /F1 12 Tf 50 700 Td (Words) Tj ET"), packets[0],
        stream(b"\0", b"/Type/XObject/Subtype/Image/Metadata 8 0 R/Width 1/Height 1/ColorSpace/DeviceGray"
               b"/BitsPerComponent 8"), packets[1],
    )  # fmt: skip
    file = extract_bytes(tmp_path, "a.pdf", content).file
    assert (file.title, file.artist, file.produce_time) == (
        "A contract",
        "Ann Lee, Bo Li",
        "2023-05-31T16:51:22+02:00",
    )
    tags = file.tags or {}
    assert (tags["Keywords"], tags["Creator"], tags["Producer"]) == (
        ("tax", "2023"),
        ("Ann Lee", "Bo Li"),
        ("Pages",),
    )


def test_information_is_kept_as_tags(tmp_path: Path) -> None:
    information = (
        "/Keywords(one, two)/Subject(Things)/Creator(Writer)/Producer(PDF maker 1.0)/Trapped/False"
    )
    tags = extract_bytes(tmp_path, "a.pdf", make_pdf(["x"], information=information)).file.tags or {}
    assert tags["Keywords"] == ("one", "two")
    assert (tags["Subject"], tags["Software"], tags["Producer"]) == (
        ("Things",),
        ("Writer",),
        ("PDF maker 1.0",),
    )


@pytest.mark.parametrize(
    "junk", [b"\xef\xbb\xbf", b"\r\n", b"junk in a line\n", b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_a_header_behind_something_else(tmp_path: Path, junk: bytes) -> None:
    """Readers take it within the first 1,024 bytes."""
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", PAGE % b"", FONT,
        stream(b"BT /F1 12 Tf 50 700 Td (Words) Tj ET"), junk=junk,
    )  # fmt: skip
    found = extract_bytes(tmp_path, "a.pdf", content)
    assert (found.file.content_type, found.text) == ("application/pdf", "Words")


def test_a_page_that_unpacks_to_more_than_a_worker_may_hold(tmp_path: Path) -> None:
    packing = zlib.compressobj(9)
    packed = b"".join([*(packing.compress(bytes(1_000_000)) for _ in range(200)), packing.flush()])
    content = pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", PAGE % b"", FONT,
        stream(packed, b"/Filter/FlateDecode"),
    )  # fmt: skip
    found = extract_bytes(tmp_path, "a.pdf", content)
    assert (found.failure, found.file.page_count, found.text) == (None, 1, None)
    assert [note.split(":")[0] for note in found.file.extraction_notes or ()] == ["PartSkipped"]
