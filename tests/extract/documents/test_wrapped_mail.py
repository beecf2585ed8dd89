"""Mails within something: signatures that hold them, and what Outlook sends as ``winmail.dat``."""

from __future__ import annotations

import base64
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from tests.extract.document_samples import extract_bytes, make_compound

from bindery.extract.documents.signed_content import ContentKind, signed_content

INNER = (
    b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe aus K\xc3\xb6ln\r\n--i\r\n"
    b"Content-Type: application/pdf; name=plan.pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\n"
    b"%PDF\r\n"
    b"--i--\r\n"
)
SIGNED, ENVELOPED, DATA = "2a864886f70d010702", "2a864886f70d010703", "2a864886f70d010701"
COMPRESSED = "2a864886f70d0109100109"


@cache
def identity() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ann")])
    now = datetime(2024, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
    return key, builder.sign(key, hashes.SHA256())


def mail(content: bytes, kind: str = "signed-data", name: str = "smime.p7m") -> bytes:
    return (
        "From: Ann <ann@x.example>\r\nTo: bob@x.example\r\nSubject: Signed\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: application/pkcs7-mime; smime-type={kind}; name={name}\r\n"
        f"Content-Disposition: attachment; filename={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.encodebytes(content).decode()}"
    ).encode()


def opaque() -> bytes:
    """A real signature that holds the mail, in DER."""
    key, certificate = identity()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def enveloped() -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(INNER).add_recipient(identity()[1])
    return builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def endless(tag: int, *parts: bytes) -> bytes:
    """An element without a length, as writers of streams make them (X.690, 8.1.3.6)."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def short(tag: int, body: bytes) -> bytes:
    return bytes((tag, 0x82)) + len(body).to_bytes(2) + body


def identifier(digits: str) -> bytes:
    return short(0x06, bytes.fromhex(digits))


def streamed(content: bytes, outer: str = SIGNED, *, inner: str = DATA) -> bytes:
    """A message in BER whose content stands in parts of 40 bytes."""
    parts = [short(0x04, content[at : at + 40]) for at in range(0, len(content), 40)]
    held = endless(0x30, identifier(inner), endless(0xA0, endless(0x24, *parts)))
    algorithms = endless(0x30 if outer == COMPRESSED else 0x31, identifier(DATA))
    return endless(
        0x30, identifier(outer), endless(0xA0, endless(0x30, short(0x02, b"\1"), algorithms, held))
    )


@pytest.mark.parametrize(
    "make",
    [opaque, lambda: streamed(INNER), lambda: streamed(zlib.compress(INNER), COMPRESSED),
     lambda: streamed(b"Content-Type: application/pkcs7-mime\r\n\r\n" + streamed(INNER))],
    ids=["signed", "in parts", "compressed", "signed twice"],
)  # fmt: skip
def test_a_mail_within_its_signature(tmp_path: Path, make: Callable[[], bytes]) -> None:
    found = extract_bytes(tmp_path, "a.eml", mail(make()))
    assert (found.failure, found.file.title, found.text) == (None, "Signed", "Signed Grüße aus Köln")
    tags = found.file.tags or {}
    assert (tags["AttachmentCount"], tags["Attachment"]) == (("1",), ("plan.pdf",))
    assert found.file.extraction_notes is None


def test_an_encrypted_mail_is_told_whatever_it_says(tmp_path: Path) -> None:
    for kind in ("enveloped-data", "signed-data"):
        found = extract_bytes(tmp_path, "a.eml", mail(enveloped(), kind))
        assert (found.failure, found.text) == (None, "Signed")
        assert found.file.extraction_notes == ("Encrypted: the mail is encrypted",)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x30", b"\x30\x80" * 100_000, b"\x30\x84\xff\xff\xff\xff", bytes(10_000), streamed(b"x", DATA),
     b"\x30\x80" + identifier(SIGNED) + b"\xa0\x80\x30\x80" * 5_000, b"\x30\x80" + b"\x04\0" * 300_000],
)  # fmt: skip
def test_hostile_signatures_hold_nothing(content: bytes) -> None:
    before = time.thread_time()
    assert signed_content(content, 1000) == (ContentKind.UNKNOWN, b"")
    assert time.thread_time() - before < 10


def test_what_is_cut_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    content = opaque()
    at = content.index("aus Köln".encode())
    assert extract_bytes(tmp_path, "a.eml", mail(content[:at])).text == "Signed Grüße"


def attribute(level: int, number: int, value: bytes) -> bytes:
    """Level, number, kind, length, value and checksum (MS-OXTNEF 2.1.3)."""
    return (
        struct.pack("<BHHI", level, number, 6, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
    )


def padded(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value + bytes(-len(value) % 4)


def mapi(values: Sequence[tuple[int, int, bytes]], named: bytes = b"") -> bytes:
    """Properties by number and kind; texts and bytes get their count and length."""
    body = b"".join(
        struct.pack("<HH", kind, number)
        + (struct.pack("<I", 1) + padded(value) if kind in (0x1E, 0x1F, 0x102) else value)
        for number, kind, value in values
    )
    return struct.pack("<I", len(values) + bool(named)) + body + named


def keywords(*words: str) -> bytes:
    """A property with a name and several texts."""
    name = "Keywords\0".encode("utf-16-le")
    texts = b"".join(padded(f"{word}\0".encode("utf-16-le")) for word in words)
    return (
        struct.pack("<HH16sI", 0x101F, 0x8000, bytes(16), 1)
        + padded(name)
        + struct.pack("<I", len(words))
        + texts
    )


def tnef(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\1\0" + b"".join(attributes)


def wide(text: str) -> bytes:
    return f"{text}\0".encode("utf-16-le")


SENT = struct.pack("<Q", (1_234_567_890 + 11_644_473_600) * 10_000_000)
MESSAGE = tnef(
    attribute(1, 0x9007, struct.pack("<II", 1251, 0)),
    attribute(1, 0x8004, "Отчёт\0".encode("cp1251")),
    attribute(1, 0x9003, mapi([(0x0C1A, 0x1F, wide("Ann")), (0x5D01, 0x1F, wide("ann@x.example")),
                               (0x0039, 0x40, SENT)], keywords("urgent", "год"))),
    attribute(1, 0x9004, struct.pack("<I", 1) + mapi([(0x3001, 0x1E, "Борис\0".encode("cp1251")),
                                                      (0x39FE, 0x1E, b"b@x.example\0"),
                                                      (0x0C15, 3, b"\2\0\0\0")])),
    attribute(1, 0x800C, "Слова письма\0".encode("cp1251")),
    attribute(2, 0x9002, bytes(14)),
    attribute(2, 0x8010, b"SHORT~1.PDF\0"),
    attribute(2, 0x800F, b"%PDF"),
    attribute(2, 0x9005, mapi([(0x3707, 0x1F, wide("Der lange Name.pdf"))])),
    attribute(2, 0x9002, bytes(14)),
    attribute(2, 0x9005, mapi([(0x7FFE, 0xB, b"\1\0\0\0"), (0x3707, 0x1F, wide("logo.png"))])),
)  # fmt: skip


def test_what_outlook_sends_to_others(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "winmail.dat", MESSAGE)
    assert (found.failure, found.file.content_type, found.file.media_type) == (
        None,
        "application/ms-tnef",
        "document",
    )
    assert (found.file.title, found.file.artist, found.file.produce_time) == (
        "Отчёт",
        "Ann",
        "2009-02-13T23:31:30Z",
    )
    assert found.text == "Отчёт Слова письма"
    tags = found.file.tags or {}
    assert (tags["From"], tags["Cc"]) == (("Ann <ann@x.example>",), ("Борис <b@x.example>",))
    assert (tags["Attachment"], tags["AttachmentCount"]) == (("Der lange Name.pdf",), ("1",))
    assert tags["Keywords"] == ("urgent", "год")


@pytest.mark.parametrize("own", ["", "Words of the mail"])
def test_the_same_within_a_mail(tmp_path: Path, own: str) -> None:
    """Its words count where the mail has none of its own; its attachments always."""
    content = (
        "From: a@x.example\r\nSubject: S\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        f"--x\r\nContent-Type: text/plain\r\n\r\n{own}\r\n--x\r\n"
        "Content-Type: application/ms-tnef; name=winmail.dat\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(MESSAGE).decode()}\r\n--x--\r\n"
    )
    found = extract_bytes(tmp_path, "a.eml", content.encode())
    assert found.text == f"S {own or 'Слова письма'}"
    tags = found.file.tags or {}
    assert (tags["Attachment"], tags["AttachmentCount"]) == (("Der lange Name.pdf",), ("1",))


@pytest.mark.parametrize(
    "content",
    [
        tnef(attribute(1, 0x9003, struct.pack("<I", 2**32 - 1) + b"\x1f\x10\x37\0" * 9)),
        tnef(attribute(1, 0x9003, struct.pack("<IHHI", 1, 0x101F, 0x37, 2**32 - 1) + bytes(4_000_000))),
        tnef(attribute(1, 0x9004, struct.pack("<I", 2**32 - 1) + struct.pack("<I", 0) * 100)),
        tnef(attribute(1, 0x9003, struct.pack("<I", 1) + b"\x03\x10\x37\0" + struct.pack("<I", 2**32 - 1))),
        tnef(*[attribute(2, 0x9002, b"")] * 30_000),
        tnef(attribute(1, 0x9003, b"\1")),
        MESSAGE[:200],
    ],
)
def test_hostile_and_cut_ones(tmp_path: Path, content: bytes) -> None:
    before = time.thread_time()
    found = extract_bytes(tmp_path, "winmail.dat", content)
    assert time.thread_time() - before < 10, "it takes less than a second where nothing else runs"
    assert found.failure is None
    assert [note.split(":")[0] for note in found.file.extraction_notes or ()] == ["CountCut"]
    assert "AttachmentCount" not in (found.file.tags or {})


@pytest.mark.parametrize(
    ("make", "text", "notes"),
    [
        (lambda: INNER, "Signed Grüße aus Köln", None),
        (opaque, "Signed Grüße aus Köln", None),
        (enveloped, "Signed", ("Encrypted: the mail is encrypted",)),
    ],
    ids=["beside its signature", "within its signature", "encrypted"],
)
def test_a_signed_message_of_outlook(
    tmp_path: Path, make: Callable[[], bytes], text: str, notes: tuple[str, ...] | None
) -> None:
    """Its one attachment is the mail (MS-OXOSMIME 2.1)."""
    streams = {
        "__properties_version1.0": bytes(32),
        "__substg1.0_0037001F": "Signed".encode("utf-16-le"),
        "__substg1.0_001A001F": "IPM.Note.SMIME".encode("utf-16-le"),
        "__attach_version1.0_#00000000/__properties_version1.0": bytes(8),
        "__attach_version1.0_#00000000/__substg1.0_37010102": make(),
    }
    found = extract_bytes(tmp_path, "a.msg", make_compound(streams))
    assert (found.failure, found.text, found.file.extraction_notes) == (None, text, notes)
    assert (found.file.tags or {}).get("Attachment") == (None if notes else ("plan.pdf",))


def test_a_part_that_is_no_text_leaves_the_others(tmp_path: Path) -> None:
    content = (
        b"From: a@x.example\r\nSubject: S\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\n"
        + bytes(range(32)) * 20
        + b"\r\n--x\r\n\r\nWords\r\n--x--\r\n"
    )
    found = extract_bytes(tmp_path, "a.eml", content)
    assert (found.failure, found.text) == (None, "S Words")
    assert found.file.extraction_notes == ("PartSkipped: a part was not read: the file is not text",)
