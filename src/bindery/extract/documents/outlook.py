"""Messages that Outlook saved (MSG): subject, sender, date, words, and the names of attachments.

Source: MS-OXMSG 2.1 to 2.4 (storages, streams and properties), MS-OXPROPS (numbers of properties), MS-OXCMSG 2.2.1.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterable

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.compressed_rtf import unpacked_rtf
from bindery.extract.documents.document import Document, Text
from bindery.extract.documents.html import declared_charset, read_html
from bindery.extract.documents.mail_words import shown_address
from bindery.extract.documents.property_set import codepage_of_language, decode_codepage, file_time
from bindery.extract.documents.rtf import read_rtf
from bindery.extract.extractor import Unreadable
from bindery.extract.text.decode import decode_text

_PROPERTIES = "__properties_version1.0"
_ATTACHMENTS, _RECIPIENTS = "__attach_version1.0_#", "__recip_version1.0_#"
_MAX_PROPERTY_BYTES = 64 * 1024
_MAX_TEXT_BYTES = 4 * 1024 * 1024
_MAX_MARKUP_BYTES = 1024 * 1024
_MAX_FIELD_BYTES = 16 * 1024
_MAX_NAME_BYTES = 1_024
_MOST_NAMED = 200
"""Recipients and attachments whose names are read."""
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


def read_message(compound: CompoundFile, document: Document) -> None:
    """Fill the document from the properties of a message."""
    message = _Properties(compound, "")
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
    _add_recipients(compound, message, document)
    _add_attachments(compound, message, document)
    document.text.add(f"{subject or ''}\n")
    if document.wants_text:
        _add_body(message, document)


def _add_recipients(compound: CompoundFile, message: _Properties, document: Document) -> None:
    storages = compound.storages(_RECIPIENTS)
    for storage in storages[:_MOST_NAMED]:
        one = _Properties(compound, f"{storage}/", message.codepages)
        address = next(
            (text for number in _RECIPIENT_ADDRESSES if "@" in (text := one.text(number) or "")), ""
        )
        kind = _KINDS.get((one.number(_RECIPIENT_KIND) or 1) & 0xF, "To")
        document.tags.add(kind, shown_address(one.text(_RECIPIENT_NAME) or "", address))
    for number, name in _LISTED.items() if not storages else ():
        document.tags.add(name, *(message.text(number) or "").split(";")[:_MOST_NAMED])


def _add_attachments(compound: CompoundFile, message: _Properties, document: Document) -> None:
    """Pictures that the message shows within its text are no attachments."""
    storages = compound.storages(_ATTACHMENTS)
    count = len(storages)
    for storage in storages[:_MOST_NAMED]:
        one = _Properties(compound, f"{storage}/", message.codepages)
        if (one.number(_HIDDEN) or 0) & 1 or (one.number(_ATTACHMENT_FLAGS) or 0) & _SHOWN:
            count -= 1
            continue
        document.tags.add("Attachment", next(filter(None, map(one.text, _FILE_NAMES)), ""))
    document.tags.add("AttachmentCount", str(count))


def _add_body(message: _Properties, document: Document) -> None:
    """The words as text, else as HTML, else as RTF: a message may have all three."""
    text = message.text(_TEXT, _MAX_TEXT_BYTES)
    if text and text.strip():
        document.text.add(text)
        return
    page = message.binary(_HTML, _MAX_MARKUP_BYTES)
    words = Text(document.text.left)
    if page:
        codepage = message.number(_INTERNET_CODEPAGE)
        told = codepage and not declared_charset(page) and not page.startswith(codecs.BOM_UTF16_LE)
        read_html(_decoded(page, (codepage,) if codepage and told else (), declared_charset(page)), words)
    if not str(words):
        packed = message.binary(_RTF, _MAX_TEXT_BYTES)
        read_rtf(unpacked_rtf(packed, _MAX_MARKUP_BYTES), Document(text=words, zone=document.zone))
    document.text.add(str(words))


class _Properties:
    """The properties of the message, of a recipient or of an attachment; ``at`` is its storage and a slash, or empty.

    Numbers and times stand in one stream, texts and bytes in one each, by number and kind.
    """

    def __init__(self, compound: CompoundFile, at: str, codepages: tuple[int, ...] = ()) -> None:
        self._compound = compound
        self._at = at
        data = self._stream(_PROPERTIES, _MAX_PROPERTY_BYTES)
        self._numbers: dict[int, int] = {}
        for place in range(8 if at else 32, len(data) - 15, 16):
            tag, value = struct.unpack_from("<I4xQ", data, place)
            self._numbers.setdefault(tag >> 16, value)
        self.codepages = codepages or self._told_codepages()

    def _told_codepages(self) -> tuple[int, ...]:
        """In which code pages its texts may be, the likely first: its own, that of its language, that of its HTML."""
        language = self.number(_MESSAGE_LANGUAGE)
        told = (
            self.number(_MESSAGE_CODEPAGE),
            codepage_of_language(language) if language else None,
            self.number(_INTERNET_CODEPAGE),
        )
        return tuple(page for page in told if page)

    def number(self, number: int) -> int | None:
        """A number, or a time in steps of 100 ns since 1601."""
        found = self._numbers.get(number)
        return found & 0xFFFFFFFF if found is not None and found >> 32 in (0, 0xFFFFFFFF) else found

    def text(self, number: int, limit: int | None = None) -> str | None:
        """A text in UTF-16, or in the code page of the message."""
        limit = limit or (_MAX_NAME_BYTES if self._at else _MAX_FIELD_BYTES)
        wide = self._stream(f"__substg1.0_{number:04X}001F", limit)
        if wide:
            return wide.decode("utf-16-le", "replace")
        narrow = self._stream(f"__substg1.0_{number:04X}001E", limit)
        if not narrow:
            return None
        return _decoded(narrow, self.codepages)

    def binary(self, number: int, limit: int) -> bytes:
        """Bytes, or the bytes of a text in the code page of the message."""
        for kind in ("0102", "001E"):
            found = self._stream(f"__substg1.0_{number:04X}{kind}", limit)
            if found:
                return found
        wide = self._stream(f"__substg1.0_{number:04X}001F", limit)
        return codecs.BOM_UTF16_LE + wide if wide else b""

    def person(self, numbers: Iterable[int]) -> tuple[str, str]:
        """A name, and the first address that is one."""
        name, *addresses = (self.text(number) or "" for number in numbers)
        return name, next((address for address in addresses if "@" in address), "")

    def _stream(self, name: str, limit: int) -> bytes:
        return self._compound.stream(self._at + name, limit)


def _decoded(data: bytes, codepages: Iterable[int], charset: str | None = None) -> str:
    """Text in the first code page that all of it is in, else in what is declared or likely."""
    for codepage in codepages:
        text = decode_codepage(data, codepage)
        if "\ufffd" not in text:
            return text
    try:
        return decode_text(data, charset).text
    except Unreadable:
        return data.decode("cp1252", "replace")
