"""Reads ID3 tags: version 2.2 to 2.4, several values of a frame included, and version 1.

Source: ID3v2.2.0, ID3v2.3.0, ID3v2.4.0 (structure and frames) and ID3v1 with its extension 1.1 (id3.org).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from bindery.extract.inflating import inflate
from bindery.extract.media.id3_tags import ID3_HEAD_BYTES, id3_places, synchsafe
from bindery.extract.media.tag_blocks.raw_tags import LONGEST_VALUE, Block, Family, RawTags
from bindery.extract.tags.tiff import Memory, Source

_UNSYNCHRONISED, _EXTENDED = 0x80, 0x40
_MOST_TAGS = 8
_MOST_FRAMES = 4_000
_MOST_UNSYNCHRONISED = 4 * 1024 * 1024
_PADDING_BYTES = 64 * 1024
_MOST_PADDING = 1024 * 1024
"""More of it is suspicious: something may stand behind it."""
_FRAME_ID = re.compile(rb"[A-Z][A-Z0-9]{2,3}")
_ANY_ID = re.compile(rb"[A-Za-z][A-Za-z0-9]{2,3}")
"""Writers make up names of their own; what stands behind such a frame counts."""
_ENCODINGS = ("", "utf-16", "utf-16-be", "utf-8")
_SYNCED_LYRICS = 1
_V1_BYTES = 128
_V1_FIELDS = (("Title", 3, 33), ("Artist", 33, 63), ("Album", 63, 93), ("Year", 93, 97))
_NO_GENRE = 255
_OF_PROGRAMS = ("itun", "songs-db", "musicmatch", "mm_", "cddb", "quicktime", "catalog", "media jukebox")
"""How descriptions of comments begin in which programs keep their own data."""


class _Frame(NamedTuple):
    name: str
    at: int
    size: int
    flags: int


def read_id3(source: Source, raw: RawTags, at: int = 0) -> int:
    """The tags from an offset on, which may follow each other; where something else begins."""
    for place in islice(id3_places(source, at), _MOST_TAGS):
        _Tag(source, place.begin, min(place.end, source.size), raw).read()
        at = place.following
    return at


def read_id3v1(source: Source, raw: RawTags) -> bool:
    """The tag in the last 128 bytes; whether there is one."""
    data = source.peek_at(source.size - _V1_BYTES, _V1_BYTES) if source.size >= _V1_BYTES else b""
    # The name of an APE tag's footer ends so too; an ID3v1 tag stands behind it.
    if not data.startswith(b"TAG"):
        return False
    block = raw.block(Family.ID3V1)
    for name, start, end in _V1_FIELDS:
        raw.add(block, name, data[start:end].split(b"\0")[0].rstrip(b" "))
    has_track = data[125] == 0 and data[126] != 0
    raw.add(block, "Comment", data[97 : 125 if has_track else 127].split(b"\0")[0].rstrip(b" "))
    if has_track:
        raw.add(block, "Track", str(data[126]))
    if data[127] != _NO_GENRE:
        raw.add(block, "Genre", str(data[127]))
    return True


class _Tag:
    """One tag, whose frames are read one after the other without their pictures."""

    def __init__(self, source: Source, at: int, end: int, raw: RawTags) -> None:
        head = source.peek_at(at, ID3_HEAD_BYTES)
        self._version, self._flags = head[3], head[5]
        self._source, self._at, self._end = source, at + ID3_HEAD_BYTES, end
        self._raw = raw
        if self._flags & _UNSYNCHRONISED and self._version < 4:
            data = source.peek_at(self._at, min(end - self._at, _MOST_UNSYNCHRONISED))
            self._source = Memory(data.replace(b"\xff\0", b"\xff"))
            self._at, self._end = 0, self._source.size

    def read(self) -> None:
        block = self._raw.block(Family.ID3)
        for frame in self._frames():
            if self._raw.full:
                self._raw.left_out += 1
                break
            reader = _READERS.get(frame.name) or _READERS_BY_LETTER.get(frame.name[0])
            if reader is not None:
                data = self._content(frame)
                if data:
                    reader(self._raw, block, frame.name, data)
        self._comment_without_description(block)

    def _comment_without_description(self, block: Block) -> None:
        """Where all comments have a description, the first that a person may have written stands for it."""
        comments = [tag for tag in block.tags if tag.key.startswith("COMM")]
        if not any(tag.key == "COMM" for tag in comments):
            written = (tag for tag in comments if not tag.key[5:].lower().startswith(_OF_PROGRAMS))
            found = next(written, None)
            if found is not None:
                self._raw.add(block, "COMM", found.value)

    def _frames(self) -> Iterator[_Frame]:
        header = 6 if self._version == 2 else 10
        at = self._at + self._extended_header()
        for _ in range(_MOST_FRAMES):
            head = self._source.peek_at(at, header)
            if len(head) < header or at + header > self._end:
                return
            if not any(head):
                blank = self._source.peek_at(at, min(self._end - at, _PADDING_BYTES))
                skipped = (len(blank) - len(blank.lstrip(b"\0"))) // header * header
                if skipped == len(blank) // header * header:
                    self._raw.left_out += self._end - at > _MOST_PADDING
                    return
                at += max(skipped, header)
                continue
            name = head[: 3 if self._version == 2 else 4]
            size = self._size(head, at)
            if _ANY_ID.fullmatch(name.rstrip(b"\0 ")) is None:
                return
            flags = 0 if self._version == 2 else int.from_bytes(head[8:10], "big")
            yield _Frame(
                name.rstrip(b"\0 ").decode("ascii"), at + header, min(size, self._end - at - header), flags
            )
            at += header + size
        self._raw.left_out += 1

    def _extended_header(self) -> int:
        if self._version == 2 or not self._flags & _EXTENDED:
            return 0
        size = self._source.peek_at(self._at, 4)
        if _FRAME_ID.fullmatch(size):  # announced, but not there
            return 0
        return synchsafe(size) if self._version == 4 else 4 + int.from_bytes(size, "big")

    def _size(self, head: bytes, at: int) -> int:
        if self._version == 2:
            return int.from_bytes(head[3:6], "big")
        plain, safe = int.from_bytes(head[4:8], "big"), synchsafe(head[4:8])
        if self._version == 3 or plain == safe:
            return plain
        # iTunes wrote plain sizes into version 2.4: the right one is followed by a frame, by padding or by the end.
        fits = (size for size in (safe, plain) if self._is_boundary(at + ID3_HEAD_BYTES + size))
        return next(fits, plain if plain & 0x80808080 else safe)

    def _is_boundary(self, at: int) -> bool:
        if at >= self._end:
            return at == self._end
        name = self._source.peek_at(at, 4)
        return name in (b"\0\0\0\0", name[:0]) or _FRAME_ID.fullmatch(name) is not None

    def _content(self, frame: _Frame) -> bytes:
        data = self._source.peek_at(frame.at, min(frame.size, LONGEST_VALUE))
        if self._version == 3:
            return _content_of_3(data, frame.flags)
        return _content_of_4(data, frame.flags, self._flags) if self._version == 4 else data


def _content_of_3(data: bytes, flags: int) -> bytes:
    packed, encrypted, grouped = flags & 0x80, flags & 0x40, flags & 0x20
    if encrypted:
        return b""
    data = data[4:] if packed else data
    data = data[1:] if grouped else data
    return inflate(data, LONGEST_VALUE) if packed else data


def _content_of_4(data: bytes, flags: int, tag_flags: int) -> bytes:
    grouped, packed, encrypted, unsynchronised, counted = (
        flags & bit for bit in (0x40, 0x08, 0x04, 0x02, 0x01)
    )
    if encrypted:
        return b""
    data = data[1:] if grouped else data
    data = data[4:] if counted else data
    if unsynchronised or tag_flags & _UNSYNCHRONISED:
        data = data.replace(b"\xff\0", b"\xff")
    return inflate(data, LONGEST_VALUE) if packed else data


def _texts(encoding: int, data: bytes) -> list[str | bytes]:
    """The texts that NULs part. Those said to be in ISO-8859-1 stay bytes, for many are not."""
    if encoding == 0:
        return list(data.split(b"\0"))
    if encoding >= len(_ENCODINGS):
        return []
    if encoding == 3:
        # Where the writer lied it is bytes again.
        try:
            return list(data.decode("utf-8").split("\0"))
        except UnicodeDecodeError:
            return list(data.split(b"\0"))
    return [*_wide(data, _ENCODINGS[encoding]).split("\0")]


def _wide(data: bytes, encoding: str) -> str:
    """UTF-16 with a mark in front of each text, or with none, which then means little-endian."""
    data = data[: len(data) // 2 * 2]
    if encoding == "utf-16":
        encoding = "utf-16-be" if data.startswith(b"\xfe\xff") else "utf-16-le"
    return data.decode(encoding, "replace").replace("\ufeff", "")


def _described(encoding: int, data: bytes) -> tuple[bytes, bytes]:
    """A text up to its NUL, and what stands behind it."""
    if encoding in (1, 2):
        for at in range(0, len(data) - 1, 2):
            if data[at : at + 2] == b"\0\0":
                return data[:at], data[at + 2 :]
        return data, b""
    first, _, rest = data.partition(b"\0")
    return first, rest


def _name(encoding: int, data: bytes) -> str:
    texts = _texts(encoding, data)
    first = texts[0] if texts else ""
    return first if isinstance(first, str) else first.decode("latin-1")


def _read_text(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    raw.add(block, name, *_texts(data[0], data[1:]))


def _read_user_text(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    description, rest = _described(data[0], data[1:])
    raw.add(block, f"TXXX:{_name(data[0], description).strip()}", *_texts(data[0], rest))


def _read_link(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    if name in ("WXXX", "WXX"):
        _, data = _described(data[0], data[1:])
    raw.add(block, name, data.split(b"\0")[0])


def _read_comment(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    description, rest = _described(data[0], data[4:])
    key = "USLT" if name in ("USLT", "ULT") else "COMM"
    described = _name(data[0], description).strip("\0 ")
    if key == "USLT":
        raw.add(block, key, *_texts(data[0], rest))
    else:
        raw.add(block, f"{key}:{described}" if described else key, *_texts(data[0], rest))


def _read_people(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    """Roles and names by turns."""
    texts = _texts(data[0], data[1:])
    for role, person in zip(texts[::2], texts[1::2], strict=False):
        shown = role if isinstance(role, str) else role.decode("latin-1")
        raw.add(block, f"{name}:{shown.strip()}", person)


def _read_rating(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    _, _, rest = data.partition(b"\0")
    if rest:
        raw.add(block, "POPM", str(rest[0]))
        count = int.from_bytes(rest[1:9], "big")
        raw.add(block, "POPM:PlayCount", str(count) if count else "")


def _read_identifier(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    owner, _, identifier = data.partition(b"\0")
    raw.add(block, f"UFID:{owner.decode('latin-1')}", identifier)


def _read_private(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    owner, _, content = data.partition(b"\0")
    if owner == b"XMP":
        raw.xmp = raw.xmp or content


def _read_synced(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    """Words with times, when they are lyrics."""
    if len(data) < 6 or data[5] != _SYNCED_LYRICS:
        return
    encoding = data[0]
    _, rest = _described(encoding, data[6:])
    words: list[str] = []
    while rest and len(words) < _MOST_FRAMES:
        word, rest = _described(encoding, rest)
        words.append(_name(encoding, word))
        rest = rest[struct.calcsize(">I") :]
    raw.add(block, "SYLT", "".join(words).strip())


def _read_count(raw: RawTags, block: Block, name: str, data: bytes) -> None:
    raw.add(block, "PCNT", str(int.from_bytes(data[:8], "big")))


_READERS = {
    "TXXX": _read_user_text, "TXX": _read_user_text, "COMM": _read_comment, "COM": _read_comment,
    "USLT": _read_comment, "ULT": _read_comment, "IPLS": _read_people, "IPL": _read_people, "TIPL": _read_people,
    "TMCL": _read_people, "POPM": _read_rating, "POP": _read_rating, "UFID": _read_identifier,
    "UFI": _read_identifier, "PRIV": _read_private, "SYLT": _read_synced, "SLT": _read_synced,
    "PCNT": _read_count, "CNT": _read_count, "MVNM": _read_text, "MVIN": _read_text, "GRP1": _read_text,
}  # fmt: skip
_READERS_BY_LETTER = {"T": _read_text, "W": _read_link}
