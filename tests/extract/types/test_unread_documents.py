"""Documents that are known and not read: by their signs, with a note, and never as what they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes, make_zip

SIGNS = (
    ("note.bin", bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(64), "application/onenote"),
    ("help.dat", b"ITSF\x03\0\0\0" + bytes(64), "application/vnd.ms-htmlhelp"),
    ("letter.doc", b"\xffWPC\x10\0\0\0" + bytes(64), "application/vnd.wordperfect"),
    ("novel", bytes(60) + b"BOOKMOBI" + bytes(64), "application/x-mobipocket-ebook"),
    ("old.doc", b"\xdb\xa5\x2d\0" + bytes(64), "application/msword"),
    ("talk.key", make_zip({"Index/Document.iwa": b"x", "Metadata/Properties.plist": b"x"}),
     "application/vnd.apple.keynote"),
    ("talk.zip", make_zip({"index.apxl": b"<x/>"}), "application/vnd.apple.keynote"),
    ("tour.kmz", make_zip({"doc.kml": b"<kml/>"}), "application/vnd.google-earth.kmz"),
    ("data.odb", make_zip({"mimetype": "application/vnd.oasis.opendocument.base", "content.xml": "<x/>"}),
     "application/vnd.oasis.opendocument.base"),
    ("page.idml", make_zip({"mimetype": "application/vnd.adobe.indesign-idml-package",
                            "META-INF/container.xml": "<x/>"}), "application/vnd.adobe.indesign-idml-package"),
)  # fmt: skip


def test_known_and_not_read(tmp_path: Path) -> None:
    for name, content, kind in SIGNS:
        found = extract_bytes(tmp_path, name, content)
        assert (found.failure, found.file.content_type, found.file.media_type) == (
            None,
            kind,
            "document",
        ), name
        assert [note.split(":")[0] for note in found.file.extraction_notes or ()] == ["NotRead"], name


@pytest.mark.parametrize("name", ["a.epub", "a.odt", "a.sxw", "a.kmz", "a.pages", "a.docx"])
def test_a_plain_archive_under_the_name_of_a_package(tmp_path: Path, name: str) -> None:
    found = extract_bytes(tmp_path, name, make_zip({"readme.txt": b"words"}))
    assert (found.failure, found.file.content_type, found.file.media_type) == (
        None,
        "application/zip",
        "archive",
    )


def test_a_key_is_no_presentation(tmp_path: Path) -> None:
    assert extract_bytes(tmp_path, "server.key", b"\x30\x82\x04\xa4" + bytes(99)).file.media_type == "other"
    assert extract_bytes(tmp_path, "server.key", b"-----BEGIN KEY-----\n").file.content_type == "text/plain"


def test_the_predecessor_of_open_documents_is_read(tmp_path: Path) -> None:
    content = make_zip(
        {
            "mimetype": "application/vnd.sun.xml.writer",
            "META-INF/manifest.xml": "<m/>",
            "content.xml": "<o:d xmlns:o='o'><o:body><o:p>Old words</o:p></o:body></o:d>",
            "meta.xml": "<m xmlns:dc='d'><dc:title>T</dc:title></m>",
        }
    )
    found = extract_bytes(tmp_path, "a.sxw", content)
    assert (found.failure, found.file.content_type) == (None, "application/vnd.sun.xml.writer")
    assert (found.file.title, found.text) == ("T", "Old words")
