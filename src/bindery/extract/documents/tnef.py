"""What Outlook sends as ``winmail.dat``, with which other programs can do nothing: a message and its attachments.

Source: MS-OXTNEF 2.1 (attributes and their values), MS-OXCDATA 2.11 (kinds of MAPI properties).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from bindery.extract.documents.document import Document, Text
from bindery.extract.documents.message_properties import (
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
from bindery.extract.extractor import Unreadable
from bindery.extract.types.mail_types import TNEF_SIGN

MOST_BYTES = 64 * 1024 * 1024
_MOST_ATTRIBUTES = 20_000
_MOST_PROPERTIES = 4_000
"""Of all objects in all."""
_MOST_VALUES = 10_000
_LONGEST_VALUE = 4 * 1024 * 1024
_HEADER_BYTES = 6
_SUBJECT, _DATE_SENT, _BODY, _MESSAGE_PROPERTIES, _RECIPIENTS, _CODEPAGE = (
    0x8004, 0x8005, 0x800C, 0x9003, 0x9004, 0x9007,
)  # fmt: skip
_RENDERING, _FILE_NAME, _ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x9005
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Bytes of values by their kind, filled up to four."""
_NUMBERS = {2: "<h", 3: "<I", 0xB: "<H", 0x14: "<q", 0x40: "<Q"}
_LONG = frozenset({CODED, WIDE, 0x0102, 0x000D})
_MANY, _FIRST_NAMED, _BY_TEXT = 0x1000, 0x8000, 1
_TEXT_NUMBER, _SUBJECT_NUMBER, _NAME_NUMBER = 0x1000, 0x0037, 0x3707


class Tnef(msgspec.Struct):
    """A message with its recipients and attachments."""

    message: TnefProperties
    recipients: list[TnefProperties]
    attachments: list[TnefProperties]
    sent: str | None = None
    """The date in the sender's own time, when the properties have none."""
    cut: bool = False
    """It ends too early, or has more than is read."""


class TnefProperties(Properties):
    """Values by number and kind; of those that have several, the first, and all of Keywords."""

    def __init__(self, codepages: tuple[int, ...] = ()) -> None:
        self.codepages = codepages
        self.numbers: dict[int, int] = {}
        self.values: dict[tuple[int, int], bytes] = {}
        self.named: dict[str, list[tuple[int, bytes]]] = {}

    def take(self, number: int, kind: int, name: str, value: bytes) -> None:
        """Keep a text or bytes."""
        self.values.setdefault((number, kind), value)
        if name and len(self.named) < MOST_KEYWORDS:
            self.named.setdefault(name, [])
        if len(self.named.get(name, ())) < MOST_KEYWORDS and name in self.named:
            self.named[name].append((kind, value))

    def number(self, number: int) -> int | None:
        """See ``Properties.number``."""
        return self.numbers.get(number)

    def raw(self, number: int, kind: int, limit: int) -> bytes:
        """See ``Properties.raw``."""
        return self.values.get((number, kind), b"")[:limit]

    @property
    def keywords(self) -> list[str]:
        """See ``Properties.keywords``."""
        return [
            (
                value.decode("utf-16-le", "replace") if kind == WIDE else decoded(value, self.codepages)
            ).rstrip("\0")
            for kind, value in self.named.get("Keywords", [])[:MOST_KEYWORDS]
        ]


def read_tnef(data: bytes, document: Document) -> bool:
    """Fill the document from a file of its own; tells whether all of it was read. Raises Unreadable."""
    found = parse_tnef(data)
    tell_message(found.message, document)
    document.add_created("TNEF:DateSent", found.sent)
    tell_recipients(found.message, found.recipients, document)
    names = attachment_names(found)
    document.tags.add("Attachment", *names)
    if not found.cut:
        document.tags.add("AttachmentCount", str(len(names)))
    if document.wants_text:
        add_tnef_body(found, document.text, document.zone)
    return not found.cut


def attachment_names(found: Tnef) -> list[str]:
    """Of what the message shows not within its text; an unknown name is empty."""
    names = (attachment_name(one) for one in found.attachments)
    return [name for name in names if name is not None]


def add_tnef_body(found: Tnef, text: Text, zone: str) -> None:
    """The words of the message."""
    add_body(found.message, text, zone)


def parse_tnef(data: bytes) -> Tnef:
    """The message in such a file. What is damaged ends it. Raises Unreadable for anything else."""
    if not data.startswith(TNEF_SIGN):
        raise Unreadable("ParseFailed", "the file is not in Outlook's format of attachments")
    return _Reader(data).read()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MOST_PROPERTIES
        self._found = Tnef(TnefProperties(), [], [])

    def read(self) -> Tnef:
        found = self._found
        for number, value in self._attributes():
            try:
                self._attribute(number, value)
            except (struct.error, IndexError):
                found.cut = True
        found.cut |= self._left <= 0
        message = found.message
        message.codepages = tuple(dict.fromkeys((*message.codepages, *message.told_codepages())))
        for one in (*found.recipients, *found.attachments):
            one.codepages = message.codepages
        return found

    def _attributes(self) -> Iterator[tuple[int, bytes]]:
        """Number and value of each; level, checksum and kind tell nothing more."""
        at = _HEADER_BYTES
        for _ in range(_MOST_ATTRIBUTES):
            if at + 9 > len(self._data):
                self._found.cut |= at < len(self._data) and self._data[at] in (1, 2)
                return
            level, number, length = struct.unpack_from("<BH2xI", self._data, at)
            if level not in (1, 2):
                return
            at += 9
            self._found.cut |= at + length > len(self._data)
            yield number, self._data[at : at + min(length, MOST_BYTES)]
            at += length + 2
        self._found.cut = True

    def _attribute(self, number: int, value: bytes) -> None:
        message, attachments = self._found.message, self._found.attachments
        match number:
            case _ if number == _CODEPAGE and len(value) >= 4:
                message.codepages = (struct.unpack_from("<I", value)[0],)
            case _ if number == _SUBJECT:
                message.values.setdefault((_SUBJECT_NUMBER, CODED), value)
            case _ if number == _BODY:
                message.values.setdefault((_TEXT_NUMBER, CODED), value[:_LONGEST_VALUE])
            case _ if number == _DATE_SENT and len(value) >= 12:
                self._found.sent = "{:04d}-{:02d}-{:02d} {:02d}:{:02d}:{:02d}".format(
                    *struct.unpack_from("<6H", value)
                )
            case _ if number == _MESSAGE_PROPERTIES:
                self._properties(value, 0, message)
            case _ if number == _RECIPIENTS:
                self._recipients(value)
            case _ if number == _RENDERING:
                attachments.append(TnefProperties())
            case _ if number == _FILE_NAME and attachments:
                attachments[-1].values.setdefault((_NAME_NUMBER, CODED), value[:1024])
            case _ if number == _ATTACHMENT_PROPERTIES and attachments:
                self._properties(value, 0, attachments[-1])

    def _recipients(self, value: bytes) -> None:
        count, at = struct.unpack_from("<I", value)[0], 4
        for _ in range(min(count, MOST_NAMED)):
            one = TnefProperties()
            at = self._properties(value, at, one)
            self._found.recipients.append(one)

    def _properties(self, data: bytes, at: int, target: TnefProperties) -> int:
        """Read the properties that begin there; tells where they end. Raises struct.error where they are cut."""
        count, at = struct.unpack_from("<I", data, at)[0], at + 4
        for _ in range(count):
            self._left -= 1
            if self._left <= 0:
                raise struct.error("too many properties")
            kind, number = struct.unpack_from("<HH", data, at)
            at += 4
            name = ""
            if number >= _FIRST_NAMED:
                name, at = _name(data, at)
            at = _values(data, at, kind, number, name, target)
        return at


def _name(data: bytes, at: int) -> tuple[str, int]:
    """The name of a property behind that of its set, and where the name ends; empty when it is a number."""
    kind, length = struct.unpack_from("<II", data, at + 16)
    at += 24
    if kind != _BY_TEXT:
        return "", at
    return data[at : at + min(length, 256)].decode("utf-16-le", "replace").rstrip(
        "\0"
    ), at + length + -length % 4


def _values(data: bytes, at: int, kind: int, number: int, name: str, target: TnefProperties) -> int:
    """Take the values of a property; tells where they end."""
    base, count = kind & ~_MANY, 1
    if kind & _MANY or base in _LONG:
        count, at = struct.unpack_from("<I", data, at)[0], at + 4
    if base in _FIXED:
        if base in _NUMBERS and count:
            target.numbers.setdefault(number, struct.unpack_from(_NUMBERS[base], data, at)[0])
        at += _FIXED[base] * count
    elif base not in _LONG or count > _MOST_VALUES:
        raise struct.error("a kind of property that is not known, or too many values")
    else:
        for _ in range(count):
            length = struct.unpack_from("<I", data, at)[0]
            value = data[at + 4 : at + 4 + min(length, _LONGEST_VALUE)]
            target.take(number, base, name, value)
            at += 4 + length + -length % 4
    if at > len(data) + 3:
        raise struct.error("it is cut off")
    return at
