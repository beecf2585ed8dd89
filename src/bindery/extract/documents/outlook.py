"""Messages that Outlook saved (MSG): subject, sender, date, words, and the names of attachments.

Source: MS-OXMSG 2.1 to 2.4 (storages, streams and properties; 2.2.3: names of properties).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property

from bindery.extract.documents.compound_file import CompoundFile
from bindery.extract.documents.document import Document
from bindery.extract.documents.mail import read_inner_mail
from bindery.extract.documents.message_properties import (
    BINARY,
    CODED,
    MOST_KEYWORDS,
    MOST_NAMED,
    WIDE,
    Properties,
    add_body,
    attachment_name,
    decoded,
    tell_message,
    tell_recipients,
)
from bindery.extract.documents.signed_content import ContentKind, signed_content
from bindery.extract.notes import Note

_PROPERTIES = "__properties_version1.0"
_ATTACHMENTS, _RECIPIENTS = "__attach_version1.0_#", "__recip_version1.0_#"
_MAX_PROPERTY_BYTES = 64 * 1024
_MAX_NAME_BYTES = 1_024
_NAMES = "__nameid_version1.0"
_FIRST_NAMED = 0x8000
_CLASS, _DATA = 0x001A, 0x3701
_SIGNED_CLASS = "IPM.NOTE.SMIME"
_MAX_MAIL_BYTES = 64 * 1024 * 1024
_OF_TEXT = 1
_MANY = 0x1000
_MAX_NAMES_BYTES = 256 * 1024
_LENGTH_BYTES = 4
"""Of each value of a property of several texts, in a stream of its own."""


def read_message(compound: CompoundFile, document: Document) -> None:
    """Fill the document from the properties of a message."""
    message = _MessageProperties(compound, "")
    tell_message(message, document)
    recipients = _each(compound, _RECIPIENTS, message)
    tell_recipients(message, recipients, document)
    attachments = list(_each(compound, _ATTACHMENTS, message))
    if len(attachments) == 1 and (message.text(_CLASS) or "").upper().startswith(_SIGNED_CLASS):
        _read_signed(attachments[0], document)
        return
    names = [attachment_name(one) for one in attachments]
    document.tags.add("Attachment", *(name for name in names if name))
    count = len(compound.storages(_ATTACHMENTS)) - names.count(None)
    document.tags.add("AttachmentCount", str(count))
    if document.wants_text:
        add_body(message, document.text, document.zone)


def _read_signed(attachment: Properties, document: Document) -> None:
    """A message whose one attachment is the whole mail, signed or encrypted (MS-OXOSMIME 2.1)."""
    content = attachment.raw(_DATA, BINARY, _MAX_MAIL_BYTES)
    if not content[:64].lstrip().upper().startswith((b"CONTENT-", b"MIME-")):
        kind, content = signed_content(content, _MAX_MAIL_BYTES)
        if kind is ContentKind.ENCRYPTED:
            document.note(Note.ENCRYPTED, "the mail is encrypted")
            return
        if kind is not ContentKind.READ:
            document.note(Note.PART_SKIPPED, "a signed part was not read")
            return
    document.tags.add("AttachmentCount", str(read_inner_mail(content, document)))


def _each(compound: CompoundFile, start: str, message: Properties) -> Iterator[Properties]:
    for storage in compound.storages(start)[:MOST_NAMED]:
        yield _MessageProperties(compound, f"{storage}/", message.codepages)


class _MessageProperties(Properties):
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
        self.codepages = codepages or self.told_codepages()
        if at:
            self.field_bytes = _MAX_NAME_BYTES

    def number(self, number: int) -> int | None:
        """See ``Properties.number``."""
        found = self._numbers.get(number)
        if found is None or found >> 32 not in (0, 0xFFFFFFFF):
            return found
        return found & 0xFFFFFFFF

    def raw(self, number: int, kind: int, limit: int) -> bytes:
        """See ``Properties.raw``."""
        return self._stream(f"__substg1.0_{number:04X}{kind:04X}", limit)

    @cached_property
    def keywords(self) -> list[str]:
        """See ``Properties.keywords``."""
        number = self._named("Keywords")
        if number is None:
            return []
        for kind in (WIDE, CODED):
            stream = f"__substg1.0_{number:04X}{_MANY | kind:04X}"
            count = min(len(self._stream(stream, _MAX_NAME_BYTES)) // _LENGTH_BYTES, MOST_KEYWORDS)
            values = [self._stream(f"{stream}-{at:08X}", _MAX_NAME_BYTES) for at in range(count)]
            if values:
                return [self._value(value, kind) for value in values]
        return []

    def _value(self, data: bytes, kind: int) -> str:
        return (
            data.decode("utf-16-le", "replace") if kind == WIDE else decoded(data, self.codepages)
        ).rstrip("\0")

    def _named(self, name: str) -> int | None:
        """The number of a property with a name, by the entries that map them and the stream of their names."""
        entries = self._stream(f"{_NAMES}/__substg1.0_00030102", _MAX_NAMES_BYTES)
        texts = self._stream(f"{_NAMES}/__substg1.0_00040102", _MAX_NAMES_BYTES)
        wanted = name.encode("utf-16-le")
        wanted = struct.pack("<I", len(wanted)) + wanted
        for at in range(0, len(entries) - 7, 8):
            place, kind, index = struct.unpack_from("<IHH", entries, at)
            if kind & _OF_TEXT and texts.startswith(wanted, place):
                return _FIRST_NAMED + int(index)
        return None

    def _stream(self, name: str, limit: int) -> bytes:
        return self._compound.stream(self._at + name, limit)
