"""Messages by their MAPI properties, as Outlook's files and ``winmail.dat`` hold them: who wrote what to whom.

Source: MS-OXPROPS (numbers of properties), MS-OXCMSG 2.2.1, MS-OXCDATA 2.11.1 (kinds of values), MS-OXPROTO.
"""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from collections.abc import Iterable

from bindery.extract.documents.compressed_rtf import unpacked_rtf
from bindery.extract.documents.document import Document, Text
from bindery.extract.documents.html import declared_charset, read_html
from bindery.extract.documents.mail_words import shown_address
from bindery.extract.documents.property_set import codepage_of_language, decode_codepage, file_time
from bindery.extract.documents.rtf import read_rtf
from bindery.extract.extractor import Unreadable
from bindery.extract.text.decode import decode_text

MOST_NAMED = 200
"""Recipients and attachments whose names are read."""
MOST_KEYWORDS = 200
CODED, WIDE, BINARY = 0x001E, 0x001F, 0x0102
"""Kinds of properties: text in a code page, text in UTF-16, bytes."""
_MAX_TEXT_BYTES = 4 * 1024 * 1024
_MAX_MARKUP_BYTES = 1024 * 1024
_MAX_FIELD_BYTES = 16 * 1024
_SUBJECT, _SENT, _DELIVERED, _CREATED = 0x0037, 0x0039, 0x0E06, 0x3007
_SENDERS = ((0x0C1A, 0x5D01, 0x0C1F), (0x0042, 0x5D02, 0x0065))
"""Name, address of the Internet and address of whatever kind: of the sender, and of whom that one stands for."""
_TEXT, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_MESSAGE_CODEPAGE, _MESSAGE_LANGUAGE, _INTERNET_CODEPAGE = 0x3FFD, 0x3FF1, 0x3FDE
_LISTED = {0x0E04: "To", 0x0E03: "Cc", 0x0E02: "Bcc"}
_KINDS = {1: "To", 2: "Cc", 3: "Bcc"}
_RECIPIENT_KIND, _RECIPIENT_NAME, _RECIPIENT_ADDRESSES = 0x0C15, 0x3001, (0x39FE, 0x3003)
_FIELDS = {0x1035: "MessageId", 0x1042: "InReplyTo", 0x0070: "Topic"}
_FILE_NAMES = (0x3707, 0x3704, 0x3001)
_HIDDEN, _ATTACHMENT_FLAGS, _SHOWN = 0x7FFE, 0x3714, 4


class Properties(ABC):
    """The properties of a message, of a recipient or of an attachment."""

    codepages: tuple[int, ...] = ()
    """In which code pages its texts may be, the likely first."""
    field_bytes = _MAX_FIELD_BYTES
    """Read of a text that is no body."""

    @abstractmethod
    def number(self, number: int) -> int | None:
        """A number, or a time in steps of 100 ns since 1601."""

    @abstractmethod
    def raw(self, number: int, kind: int, limit: int) -> bytes:
        """Up to ``limit`` bytes of a property of that kind; nothing when there is none."""

    @property
    def keywords(self) -> list[str]:
        """Outlook's categories, a property with a name (MS-OXCMSG 2.2.1.17)."""
        return []

    def told_codepages(self) -> tuple[int, ...]:
        """Its own, that of its language, that of its HTML."""
        language = self.number(_MESSAGE_LANGUAGE)
        told = (
            self.number(_MESSAGE_CODEPAGE),
            codepage_of_language(language) if language else None,
            self.number(_INTERNET_CODEPAGE),
        )
        return tuple(page for page in told if page)

    def text(self, number: int, limit: int | None = None) -> str | None:
        """A text in UTF-16, or in the code page of the message."""
        limit = limit or self.field_bytes
        wide = self.raw(number, WIDE, limit)
        if wide:
            return wide.decode("utf-16-le", "replace").removesuffix("\0")
        narrow = self.raw(number, CODED, limit).removesuffix(b"\0")
        return decoded(narrow, self.codepages) if narrow else None

    def binary(self, number: int, limit: int) -> bytes:
        """Bytes, or the bytes of a text in the code page of the message."""
        for kind in (BINARY, CODED):
            found = self.raw(number, kind, limit)
            if found:
                return found
        wide = self.raw(number, WIDE, limit)
        return codecs.BOM_UTF16_LE + wide if wide else b""

    def person(self, numbers: Iterable[int]) -> tuple[str, str]:
        """A name, and the first address that is one."""
        name, *addresses = (self.text(number) or "" for number in numbers)
        return name, next((address for address in addresses if "@" in address), "")


def tell_message(message: Properties, document: Document) -> None:
    """Subject, sender, dates and tags of a message."""
    subject = message.text(_SUBJECT)
    document.title = subject
    sender = next((found for found in map(message.person, _SENDERS) if any(found)), ("", ""))
    document.author = sender[0] or sender[1]
    for name, number in (("Sent", _SENT), ("Delivered", _DELIVERED), ("Created", _CREATED)):
        document.add_created(f"MSG:{name}", file_time(message.number(number)), utc=True)
    tags = document.tags
    tags.add("Subject", subject or "")
    tags.add("From", shown_address(*sender))
    for number, name in _FIELDS.items():
        tags.add(name, (message.text(number) or "").strip("<>"))
    tags.add("Keywords", *message.keywords)
    document.text.add(f"{subject or ''}\n")


def tell_recipients(message: Properties, recipients: Iterable[Properties], document: Document) -> None:
    """One by one, else as the message lists them."""
    told = False
    for one in recipients:
        told = True
        address = next(
            (text for number in _RECIPIENT_ADDRESSES if "@" in (text := one.text(number) or "")), ""
        )
        kind = _KINDS.get((one.number(_RECIPIENT_KIND) or 1) & 0xF, "To")
        document.tags.add(kind, shown_address(one.text(_RECIPIENT_NAME) or "", address))
    for number, name in _LISTED.items() if not told else ():
        document.tags.add(name, *(message.text(number) or "").split(";")[:MOST_NAMED])


def attachment_name(attachment: Properties) -> str | None:
    """The name of an attachment, which may be empty; None for what the message shows within its text."""
    if (attachment.number(_HIDDEN) or 0) & 1 or (attachment.number(_ATTACHMENT_FLAGS) or 0) & _SHOWN:
        return None
    return next(filter(None, map(attachment.text, _FILE_NAMES)), "")


def add_body(message: Properties, text: Text, zone: str) -> None:
    """The words as text, else as HTML, else as RTF: a message may have all three."""
    told = message.text(_TEXT, _MAX_TEXT_BYTES)
    if told and told.strip():
        text.add(told)
        return
    page = message.binary(_HTML, _MAX_MARKUP_BYTES)
    words = Text(text.left)
    if page:
        codepage = message.number(_INTERNET_CODEPAGE)
        known = codepage and not declared_charset(page) and not page.startswith(codecs.BOM_UTF16_LE)
        read_html(decoded(page, (codepage,) if codepage and known else (), declared_charset(page)), words)
    if not str(words):
        packed = message.binary(_RTF, _MAX_TEXT_BYTES)
        read_rtf(unpacked_rtf(packed, _MAX_MARKUP_BYTES), Document(text=words, zone=zone))
    text.add(str(words))


def decoded(data: bytes, codepages: Iterable[int], charset: str | None = None) -> str:
    """Text in the first code page that all of it is in, else in what is declared or likely."""
    for codepage in codepages:
        text = decode_codepage(data, codepage)
        if "\ufffd" not in text:
            return text
    try:
        return decode_text(data, charset).text
    except Unreadable:
        return data.decode("cp1252", "replace")
