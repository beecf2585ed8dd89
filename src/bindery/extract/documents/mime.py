"""The parts of a mail: walked in place, each byte a bounded number of times.

The standard library's parser holds every line of a mail by itself and takes time by lines times depth; this one looks
for boundaries only. Source: RFC 2045 (headers of parts, encodings), RFC 2046 (multipart), RFC 2231 (parameters).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from email.message import Message

import msgspec

from bindery.extract.documents.mail_words import LONGEST_FIELD, words_of_field

_MOST_PARTS = 1_000
_MOST_DEPTH = 16
_MOST_CANDIDATES = 20_000
"""Lines that begin as a boundary does."""
_LONGEST_HEADER = 64 * 1024
_MOST_HEADER_BYTES = 1024 * 1024
"""Of all parts in all."""
_MOST_BODY_BYTES = 4 * 1024 * 1024
"""Unpacked of all texts in all."""
_MOST_OPAQUE_BYTES = 64 * 1024 * 1024
"""Unpacked of all mails within parts in all."""
_LONGEST_PARAMETERS, _MOST_PARAMETERS = 2_048, 32
"""The library takes time by their number times their length."""
_FOLD = re.compile(rb"\r?\n[ \t]+")
_LINE = re.compile(rb"\r?\n|\r")
_HEADER_END = re.compile(rb"\r?\n\r?\n|\r\r")
_BOUNDARY_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\r|\Z)")
_UUENCODED = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)


class MimePart(msgspec.Struct):
    """A part: its header fields by name in small letters (the first of each), and where its body is."""

    fields: dict[str, list[bytes]]
    start: int
    end: int
    head: Message

    @property
    def kind(self) -> str:
        """Content type in small letters, text/plain when it tells none."""
        return self.head.get_content_type()

    @property
    def name(self) -> str | None:
        """The file name of an attachment."""
        found = self.head.get_filename()
        return words_of_field(found.encode("latin-1", "ignore")) if found and found.isascii() else found

    @property
    def is_attached(self) -> bool:
        """It has a name, or says that it is an attachment, or is nothing to be read."""
        if self.kind.startswith("multipart/"):
            return False
        disposition = self.head.get_content_disposition()
        return disposition == "attachment" or bool(self.name) or not self.kind.startswith("text/")

    def first(self, name: str) -> bytes:
        """The first value of a field; empty when there is none."""
        return self.fields.get(name, [b""])[0]


class MimeReader:
    """Walks the parts of a mail in memory. Limits hold for all parts; ``cut`` tells that one was reached."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts = _MOST_PARTS
        self._candidates = _MOST_CANDIDATES
        self._header_bytes = _MOST_HEADER_BYTES
        self._body_bytes = _MOST_BODY_BYTES
        self._opaque_bytes = _MOST_OPAQUE_BYTES
        self.cut = False

    def part(self, start: int, end: int) -> MimePart:
        """The part that begins with its header at ``start``."""
        ended = None
        if self._data[start : start + 1] not in (b"\r", b"\n"):
            ended = _HEADER_END.search(self._data, start, min(end, start + _LONGEST_HEADER))
            body = ended.end() if ended else end
            header = self._data[start : min(ended.start() if ended else end, start + _LONGEST_HEADER)]
        else:
            header, body = b"", start + (2 if self._data.startswith(b"\r\n", start) else 1)
        self._header_bytes -= len(header)
        fields = _fields(header) if self._header_bytes > 0 else {}
        return MimePart(fields, min(body, end), end, _head(fields))

    def children(self, part: MimePart, depth: int) -> Iterator[MimePart]:
        """The parts of a multipart one."""
        boundary = part.head.get_boundary()
        if not boundary or depth >= _MOST_DEPTH:
            self.cut |= bool(boundary)
            return
        begun: int | None = None
        for before, after, last in self._boundaries(
            boundary.encode("latin-1", "replace"), part.start, part.end
        ):
            if begun is not None:
                if self._parts <= 0:
                    self.cut = True
                    return
                self._parts -= 1
                yield self.part(begun, max(before, begun))
            begun = None if last else after
            if last:
                break
        if begun is not None and begun < part.end:
            yield self.part(begun, part.end)

    def _boundaries(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Where each line of a boundary begins with the line break before it, where it ends, and if it is the last."""
        sign = b"--" + boundary
        at = self._data.find(sign, start, end)
        while at >= 0:
            if self._candidates <= 0:
                self.cut = True
                return
            self._candidates -= 1
            ended = _BOUNDARY_END.match(self._data, at + len(sign), end)
            if ended and (at == start or self._data[at - 1 : at] in (b"\n", b"\r")):
                before = at - (2 if self._data[at - 2 : at] == b"\r\n" else 1)
                yield before, ended.end(), ended[1] is not None
            at = self._data.find(sign, at + len(sign), end)

    def body(self, part: MimePart, most: int = 0) -> bytes:
        """What a part holds, unpacked, up to what is left of the limit for texts, or up to ``most``, once for all."""
        encoding = part.first("content-transfer-encoding").strip().lower()
        limit = max(min(most, self._opaque_bytes) if most else self._body_bytes, 0)
        # Encoded bytes take up to three for each of their own, and line breaks.
        data = self._data[part.start : min(part.end, part.start + limit * (4 if encoding else 1))]
        if encoding == b"base64":
            data = _from_base64(data)
        elif encoding == b"quoted-printable":
            data = binascii.a2b_qp(data)
        data = data[:limit]
        self.cut |= len(data) == limit
        if most:
            self._opaque_bytes -= len(data)
        else:
            self._body_bytes -= len(data)
        return data


def uuencoded(data: bytes) -> tuple[bytes, list[str]]:
    """A text without the files that stand in it as programs before MIME put them, and their names."""
    names: list[str] = []
    kept: list[bytes] = []
    at = 0
    while len(names) < _MOST_PARTS and (found := _UUENCODED.search(data, at)) is not None:
        end = data.find(b"\nend", found.end())
        if end < 0:
            break
        names.append(found[1].decode("utf-8", "replace").strip())
        kept.append(data[at : found.start()])
        at = end + 4
    return b"".join([*kept, data[at:]]), names


def _from_base64(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except ValueError:
        # Cut within a group of four, or with a group too few.
        sound = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return binascii.a2b_base64(sound[: len(sound) // 4 * 4])


def _fields(header: bytes) -> dict[str, list[bytes]]:
    """Fields by name; those that come often (Received) with all values."""
    fields: dict[str, list[bytes]] = {}
    for line in _LINE.split(_FOLD.sub(b" ", header)):
        name, colon, value = line.partition(b":")
        if colon and len(fields) < _MOST_PARTS:
            fields.setdefault(name.strip().lower().decode("latin-1"), []).append(
                value.strip()[:LONGEST_FIELD]
            )
    return fields


def _head(fields: dict[str, list[bytes]]) -> Message:
    """What the library reads parameters from."""
    head = Message()
    for name in ("content-type", "content-disposition"):
        if name in fields:
            told = fields[name][0][:_LONGEST_PARAMETERS].split(b";")[:_MOST_PARAMETERS]
            head[name] = b";".join(told).decode("utf-8", "replace")
    return head
