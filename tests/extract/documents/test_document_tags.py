"""What documents say of themselves beside title and author is kept as tags, under one name in all formats."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.extract.document_samples import ODT, WORD, extract_bytes, make_zip, relations

CORE = (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>T</dc:title>'
    "<dc:creator>Ann</dc:creator><dc:subject>Rent</dc:subject><cp:keywords>flat; lease, 2023</cp:keywords>"
    "<dc:description>A draft</dc:description><cp:category>Contracts</cp:category>"
    "<cp:lastModifiedBy>Bo</cp:lastModifiedBy></cp:coreProperties>"
)
DOCX = make_zip(
    {
        "[Content_Types].xml": '<Types xmlns="ct"><Override PartName="/w/d.xml" '
        f'ContentType="{WORD}.main+xml"/></Types>',
        "_rels/.rels": relations(
            ("officeDocument", "w/d.xml"), ("core-properties", "core.xml"), ("extended-properties", "app.xml"),
            ("custom-properties", "custom.xml"),
        ),
        "w/d.xml": "<w:document xmlns:w='w'><w:t>Words</w:t></w:document>",
        "core.xml": CORE,
        "app.xml": "<Properties><Company>ACME</Company><Application>Writer</Application><Pages>3</Pages></Properties>",
        "custom.xml": '<Properties xmlns:vt="v"><property name="Client no."><vt:lpwstr>47-11</vt:lpwstr></property>'
        "</Properties>",
    }
)  # fmt: skip
OPEN_DOCUMENT = make_zip(
    {
        "mimetype": ODT,
        "META-INF/manifest.xml": "<m/>",
        "content.xml": "<d xmlns:o='o'><o:body><o:p>Words<o:annotation><o:p>a remark</o:p></o:annotation></o:p>"
        "</o:body></d>",
        "styles.xml": "<d xmlns:s='s'><s:header><s:p>the head</s:p></s:header><s:style>no</s:style></d>",
        "meta.xml": "<m xmlns:dc='d' xmlns:meta='m'><dc:title>T</dc:title>"
        "<meta:initial-creator>Ann</meta:initial-creator>"
        "<dc:subject>Rent</dc:subject><meta:keyword>flat</meta:keyword><meta:keyword>lease</meta:keyword>"
        "<meta:keyword>2023</meta:keyword><dc:description>A draft</dc:description>"
        "<meta:generator>Writer</meta:generator>"
        "<meta:user-defined meta:name='Client no.'>47-11</meta:user-defined></m>",
    }
)
RTF = (
    rb"{\rtf1\ansi{\info{\title T}{\author Ann}{\subject Rent}{\keywords flat, lease, 2023}{\doccomm A draft}"
    rb"{\*\company ACME}{\category Contracts}}Words}"
)
EPUB = make_zip(
    {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": "<c><rootfile full-path='b.opf'/></c>",
        "b.opf": "<package xmlns:dc='d'><metadata><dc:title>T</dc:title><dc:creator>Ann</dc:creator>"
        "<dc:creator>Bo</dc:creator>"
        "<dc:identifier>urn:isbn:9780141439600</dc:identifier><dc:publisher>Penguin</dc:publisher>"
        "<dc:subject>flat</dc:subject><dc:subject>lease</dc:subject><dc:subject>2023</dc:subject>"
        "<meta name='calibre:series' content='Tales'/></metadata></package>",
    }
)


@pytest.mark.parametrize(
    ("name", "content", "tags"),
    [
        ("a.docx", DOCX, {"Creator": ("Ann",), "Subject": ("Rent",), "Description": ("A draft",),
                          "Category": ("Contracts",), "Company": ("ACME",), "Software": ("Writer",),
                          "Custom:Client no.": ("47-11",), "OOXML:lastModifiedBy": ("Bo",)}),
        ("a.odt", OPEN_DOCUMENT, {"Creator": ("Ann",), "Subject": ("Rent",), "Description": ("A draft",),
                                  "Software": ("Writer",), "Custom:Client no.": ("47-11",)}),
        ("a.rtf", RTF, {"Creator": ("Ann",), "Subject": ("Rent",), "Description": ("A draft",),
                        "Category": ("Contracts",)}),
        ("a.epub", EPUB, {"Creator": ("Ann", "Bo"), "Identifier": ("urn:isbn:9780141439600",),
                          "Publisher": ("Penguin",), "Series": ("Tales",)}),
    ],
)  # fmt: skip
def test_tags_of_documents(
    tmp_path: Path, name: str, content: bytes, tags: Mapping[str, tuple[str, ...]]
) -> None:
    found = extract_bytes(tmp_path, name, content)
    assert (found.failure, found.file.title) == (None, "T")
    told = found.file.tags or {}
    assert {key: told.get(key) for key in tags} == tags
    assert told["Keywords"] == ("flat", "lease", "2023")


def test_remarks_and_headers_of_open_documents_are_searched(tmp_path: Path) -> None:
    text = extract_bytes(tmp_path, "a.odt", OPEN_DOCUMENT).text or ""
    assert text.split() == ["Words", "a", "remark", "the", "head"]
