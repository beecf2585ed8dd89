"""Mails, mailboxes and saved pages: golden values by the RFCs' own examples, and by Python's email package."""

from __future__ import annotations

import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes

from bindery.extract.documents.mail_words import addresses_of_field, words_of_field
from bindery.extract.types.media_types import detect_media_type

HEADER = (
    "From: Ann Example <ann@example.com>\r\nTo: b@example.com\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
)
MIXED = f"{HEADER}Subject: Mixed\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\nno words\r\n"


def make_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = "Prüfbericht für März"
    mail["From"] = "Jürgen Müller <jm@example.com>"
    mail["To"] = "Ann <ann@example.com>, bob@example.com"
    mail["Cc"] = "李明 <li@example.cn>"
    mail["Date"] = "Fri, 21 Nov 1997 09:55:06 -0600"
    mail["Message-ID"] = "<1234@local.machine.example>"
    mail.set_content("Guten Tag, im Anhang der Bericht.\n")
    mail.add_alternative("<p>Guten <b>Tag</b>, im Anhang der Bericht.</p>", subtype="html")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="Größe.pdf")
    return mail


def test_a_mail(tmp_path: Path) -> None:
    found = extract_bytes(tmp_path, "a", bytes(make_mail()))
    assert (found.failure, found.file.content_type, found.file.media_type) == (
        None,
        "message/rfc822",
        "document",
    )
    assert (found.file.title, found.file.artist) == ("Prüfbericht für März", "Jürgen Müller")
    assert found.file.produce_time == "1997-11-21T09:55:06-06:00"
    assert found.text == "Prüfbericht für März Guten Tag , im Anhang der Bericht.".replace(" ,", ",")
    assert found.file.tags == {
        "From": ("Jürgen Müller <jm@example.com>",),
        "To": ("Ann <ann@example.com>", "bob@example.com"),
        "Cc": ("李明 <li@example.cn>",),
        "Subject": ("Prüfbericht für März",),
        "MessageId": ("1234@local.machine.example",),
        "Attachment": ("Größe.pdf",),
        "AttachmentCount": ("1",),
    }


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        # RFC 2047 section 8.
        ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        # A character cut in two by a line, as many programs do it.
        ("=?UTF-8?B?5pel5g==?= =?UTF-8?B?nKw=?=", "日本"),
        ("=?gb2312?B?1tC5+g==?=", "中国"),
        ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?x-unknown?Q?plain?= words", "plain words"),
        ("=?UTF-8?B?broken", "=?UTF-8?B?broken"),
        ("=?UTF-8?B?!?= x", " x"),
    ],
)
def test_words_of_header_fields(raw: str, words: str) -> None:
    assert words_of_field(raw.encode()) == words


def test_raw_bytes_in_header_fields() -> None:
    assert words_of_field("Größe".encode()) == "Größe"
    assert addresses_of_field('"Müller, Jan" <j@x.example>'.encode()) == [("Müller, Jan", "j@x.example")]
    assert addresses_of_field(b"=?utf-8?Q?M=C3=BCller=2C_J?= <j@x.example>") == [
        ("Müller, J", "j@x.example")
    ]
    assert addresses_of_field(b"undisclosed") == [("", "undisclosed")]
    assert addresses_of_field(b"") == []


def part(body: str, *fields: str) -> str:
    return "--x\r\n" + "".join(f"{field}\r\n" for field in fields) + f"\r\n{body}\r\n"


@pytest.mark.parametrize(
    ("parts", "text", "attached"),
    [
        (part("Plain"), "Plain", 0),
        (part("Last, without an end"), "Last, without an end", 0),
        (part("x") + part("R0lG", "Content-Type: image/gif", "Content-Transfer-Encoding: base64"), "x", 1),
        (part("=C3=A9t=\r\n=C3=A9", "Content-Transfer-Encoding: quoted-printable"), "été", 0),
        (
            part(
                "6ek=", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: base64"
            ),
            "éé",
            0,
        ),
        (
            part(
                "6ek", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: base64"
            ),
            None,
            0,
        ),
        (part("v", "Content-Type: text/plain; name=a.txt"), None, 1),
        (part("Text\r\nbegin 644 a.jpg\r\n#0V%T\r\n`\r\nend\r\nrest"), "Text rest", 1),
        (part("x") + part("s", "Content-Type: application/pgp-signature; name=s.asc"), "x", 0),
        (part("Subject: Inner\r\n\r\nnot opened", "Content-Type: message/rfc822"), None, 1),
    ],
)
def test_parts(tmp_path: Path, parts: str, text: str | None, attached: int) -> None:
    end = "" if "without" in parts else "--x--\r\nepilogue"
    found = extract_bytes(tmp_path, "a.eml", f"{MIXED}{parts}{end}".encode())
    assert (found.failure, found.text) == (None, f"Mixed {text}" if text else "Mixed")
    assert found.file.tags is not None
    assert found.file.tags["AttachmentCount"] == (str(attached),)


def test_what_a_mail_shows_in_its_text_is_no_attachment(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "a@example.com", "Shown", "<1@x>"
    mail.set_content("")
    mail.add_alternative("<img src='cid:1'>Seen", subtype="html")
    html = mail.get_body(("html",))
    assert html is not None
    html.add_related(b"GIF89a", "image", "gif", cid="<1>")
    found = extract_bytes(tmp_path, "a", bytes(mail))
    assert found.text == "Shown Seen"
    assert found.file.tags is not None
    assert found.file.tags["AttachmentCount"] == ("0",)


def test_a_mail_without_date_or_in_ciphers(tmp_path: Path) -> None:
    mail = (
        "Received: from a by b; Fri, 21 Nov 1997 10:01:10 -0600\r\nReceived: from c by a;\r\n"
        " Fri, 21 Nov 1997 10:01:05 -0600\r\nFrom: a@x.example\r\nMIME-Version: 1.0\r\n"
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIIB"
    )
    found = extract_bytes(tmp_path, "a", mail.encode())
    assert (found.file.produce_time, found.text) == ("1997-11-21T10:01:05-06:00", None)
    assert found.file.extraction_notes == ("Encrypted: the mail is encrypted",)


def test_a_mailbox(tmp_path: Path) -> None:
    mails = [
        f"From a@x.example Fri Nov 21 10:01:0{n} 1997\n{HEADER}Subject: S{n}\n\nBody {n}\n\n"
        for n in range(3)
    ]
    found = extract_bytes(tmp_path, "Inbox", "".join(mails).replace("\r\n", "\n").encode())
    assert (found.file.content_type, found.file.media_type) == ("application/mbox", "document")
    assert found.file.tags == {"MessageCount": ("3",)}
    assert found.text == "S0 Body 0 S1 Body 1 S2 Body 2"


def test_a_page_saved_as_a_mail(tmp_path: Path) -> None:
    page = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.com/\r\n"
        "Subject: =?utf-8?Q?Caf=C3=A9?=\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="x"\r\n\r\n'
        + part("<title>Caf=C3=A9</title><p>W=\r\northy</p>", "Content-Type: text/html; charset=utf-8",
               "Content-Transfer-Encoding: quoted-printable")
        + part("p {}", "Content-Type: text/css") + part("R0lG", "Content-Type: image/gif") + "--x--"
    )  # fmt: skip
    found = extract_bytes(tmp_path, "a.html.txt", page.encode())
    assert (found.file.content_type, found.file.title, found.file.artist) == (
        "multipart/related",
        "Café",
        None,
    )
    assert found.text == "Worthy"
    assert found.file.tags is not None
    assert found.file.tags["Source"] == ("https://example.com/",)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (f"{HEADER}\r\nx", "a.txt", "message/rfc822"),
        (f"1234\n{HEADER}\r\nx", "a.emlx", "message/rfc822"),
        ("Subject: x\nFrom: a@b\n\n", "a.eml", "message/rfc822"),
        ("Subject: x\nFrom: a@b\n\n", "a.txt", "text/plain"),
        (f"{HEADER}\r\nx", "a.py", "text/x-python"),
        (f"{HEADER}this is no field\nx", "a.txt", "text/plain"),
        ("From here to eternity\nNote: x\n", "a.txt", "text/plain"),
        ("From a@b Fri Nov 21 10:01:00 1997\nFrom: a\n", "a", "application/mbox"),
        ("HTTP/1.1 200 OK\nDate: x\nFrom: y\n\n", "a", "text/plain"),
        ("key: value\nfrom: x\nto: y\n\n", "a", "text/plain"),
        ("nothing", "a.eml", "text/plain"),
    ],
)
def test_types(head: str, name: str, kind: str) -> None:
    assert detect_media_type(head.encode(), name).content_type == kind
    assert detect_media_type(b"\x78\x9f\x3e\x22\0\0", "winmail.dat").content_type == "application/ms-tnef"


def nested(depth: int, inside: bytes) -> bytes:
    """Multiparts within multiparts, whose boundaries begin alike."""
    start = HEADER.encode() + b"Subject: x\r\n"
    for number in range(depth):
        start += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number)
    return start + inside


HOSTILE = {
    "depth": nested(5_000, b"\r\ntext"),
    "deep boundaries": nested(15, b"\n--b" * 1_000_000),
    "parts": nested(1, b"\r\n\r\n--b0" * 300_000),
    "fields": HEADER.encode() + b"a:b\r\n" * 400_000,
    "parameters": HEADER.encode() + b'Content-Type: multipart/mixed; a="' + b";\\" * 500_000,
    "many parameters": nested(
        1, (b'\r\nContent-Type: text/plain; a="' + b";" * 2_000 + b"\r\n\r\n--b0") * 900
    ),
    "words": HEADER.encode() + b"Subject: " + b"=?utf-8?Q?=20?= " * 100_000,
    "addresses": b"To: " + b"a <b@c>, (" * 300_000 + b"\r\n" + HEADER.encode(),
    "quoted": HEADER.encode() + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 4_000_000,
    "base64": HEADER.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"AAA=" * 2_000_000,
    "markup": HEADER.encode() + b"Content-Type: text/html\r\n\r\n" + b"<a>&#1;" * 500_000,
    "uuencoded": HEADER.encode() + b"\r\n" + b"begin 644 a\r\nend\r\n" * 200_000,
    "unended": HEADER.encode() + b"\r\n" + b"begin 644 a\r\n" * 300_000,
    "mailbox": b"From a 10:00\nFrom: b\n" * 200_000,
    "folds": b"Subject:" + b"\r\n x" * 500_000 + b"\r\n" + HEADER.encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_little(tmp_path: Path, name: str) -> None:
    before = time.thread_time()
    found = extract_bytes(tmp_path, "a.eml", HOSTILE[name])
    assert time.thread_time() - before < 10, "it takes less than a second where nothing else runs"
    assert found.failure is None
