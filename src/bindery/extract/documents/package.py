"""The parts of a document that is a ZIP package (Open XML, OpenDocument, EPUB), read within limits.

Sizes in the directory may lie, so every limit is held against what really comes out.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Protocol, cast

from bindery.extract.archives.zip_directory import find_directory
from bindery.extract.documents.document import protected
from bindery.extract.extractor import Unreadable
from bindery.extract.reader import RangeReader
from bindery.extract.xml_parser import make_xml_parser
from bindery.workers.job_time import at_most

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_ENTRIES = 50_000
_MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
_MAX_HELD_BYTES = 4 * 1024 * 1024
"""Largest part that is held as a whole."""
_MAX_STREAM_BYTES = 32 * 1024 * 1024
"""What is read of a part that streams by."""
_PARSED_BYTES = 1024 * 1024
"""Fed to the parser at once: it starts anew on an unfinished token with each piece."""
_MAX_PACKAGE_BYTES = 64 * 1024 * 1024
"""What is unpacked of one package."""
_LEAST_WORK = 500_000.0
_WORK_PER_BYTE = 1.5
_MOST_WORK = 3_000_000.0
"""What reading a package may cost, in microseconds of a usual processor: half a second, and a second and a half for
each MiB, which is more than an honest one takes. A bomb of a few KB would take minutes."""
_WORK_OF_PART = 60.0
_WORK_OF_TAG, _WORK_OF_ATTRIBUTE, _WORK_OF_REFERENCE = 1.6, 0.35, 0.5
_WORK_OF_LINE, _WORK_OF_BYTE = 0.035, 0.004
"""What they cost where they stream by; the parser hands on every line by itself."""
_TREE = 2.0
"""A tree costs twice as much."""
_SCAN = 0.1
"""Looking through bytes costs a tenth."""
_LONGEST_SIGN = 64
_OPEN_SECONDS = 0.5
_OPEN_SECONDS_PER_BYTE = 0.5 / (1024 * 1024)
"""Processor time for the directory: the library copies what is left of an entry's extra field for each part of it."""
_CHUNK = 64 * 1024
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Target(Protocol):
    """What a streaming parse calls (``xml.etree.ElementTree.XMLParser``)."""

    @property
    def done(self) -> bool:
        """Nothing more is wanted."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """Characters of an element."""

    def close(self) -> None:
        """The part ends."""


class _Listed:
    """A parser target that keeps the attributes of elements of one local name."""

    done = False

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.found: list[dict[str, str]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if local_name(tag) == self._kind:
            self.found.append(attributes)

    def end(self, tag: str) -> None:
        """Nothing is to be done."""

    def data(self, text: str) -> None:
        """Nothing is to be done."""

    def close(self) -> None:
        """Nothing is to be done."""


class Package:
    """An opened package. Part names are found in any case and with backslashes, as Windows programs write them."""

    def __init__(self, reader: RangeReader) -> None:
        directory = find_directory(reader)
        if directory.declared_entries > _MAX_ENTRIES or directory.size > _MAX_DIRECTORY_BYTES:
            raise Unreadable("ParseFailed", f"the package has {directory.declared_entries} parts")
        try:
            with at_most(_OPEN_SECONDS + reader.size * _OPEN_SECONDS_PER_BYTE):
                self._zip = zipfile.ZipFile(cast(IO[bytes], reader))
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise _damaged("the directory", error) from None
        self._parts = {info.filename.lower().replace("\\", "/"): info for info in self._zip.infolist()}
        self._left = _MAX_PACKAGE_BYTES
        self._work_left = min(_LEAST_WORK + _WORK_PER_BYTE * reader.size, _MOST_WORK)
        self._streamed: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def names(self) -> list[str]:
        """Part names in small letters, in the order of the directory."""
        return list(self._parts)

    def beginning(self, name: str, *, cost: float = 1.0) -> bytes:
        """A part, cut where it gets large; nothing when there is no such part. ``cost`` says how many times as costly
        as a streaming parse it is what the caller does with it."""
        data = bytearray()
        for chunk in self._chunks(name, cost=cost) if name in self else ():
            data += chunk
            if len(data) > _MAX_HELD_BYTES:
                break
        return bytes(data)

    def mentions(self, name: str, sign: re.Pattern[bytes]) -> bool:
        """Whether a part has a short sign in its bytes; much cheaper than to parse it."""
        before = b""
        for chunk in self._chunks(name, cost=_SCAN) if name in self else ():
            if sign.search(before + chunk):
                return True
            before = chunk[-_LONGEST_SIGN:]
        return False

    def tree(self, name: str) -> Element | None:
        """A small XML part; None when there is none. Raises Unreadable when it is not small."""
        data = self.beginning(name, cost=_TREE)
        self._check_work()
        if len(data) > _MAX_HELD_BYTES:
            raise Unreadable("ParseFailed", f"the part {name[:64]} is larger than {_MAX_HELD_BYTES} bytes")
        if not data:
            return None
        parser = make_xml_parser()
        parser.feed(data)
        return cast("Element", parser.close())

    def elements(self, name: str) -> Iterator[tuple[str, Element]]:
        """Every element of a small XML part with its local name; none when there is no such part."""
        tree = self.tree(name)
        for element in tree.iter() if tree is not None else ():
            yield local_name(element.tag), element

    def stream(self, name: str, target: Target) -> bool:
        """Parse a part of any size without holding it, until the target is done or a limit is reached. A part
        streams by once, however often it is named.

        Tells whether the whole part was parsed.
        """
        if name not in self or name.lower() in self._streamed:
            return False
        self._streamed.add(name.lower())
        return self._parse(name, target)

    def attributes(self, name: str, kind: str, *, cost: float = 1.0) -> list[dict[str, str]]:
        """Those of every element of this local name in an XML part, in order; none when there is no such part.
        ``cost`` is that of ``beginning``.

        Raises Unreadable when the part has more elements than are read.
        """
        listed = _Listed(kind)
        if name in self and not self._parse(name, listed, cost=cost):
            raise _too_many()
        return listed.found

    def _parse(self, name: str, target: Target, *, cost: float = 1.0) -> bool:
        """Whether the whole part was parsed."""
        parser = make_xml_parser(target)
        size = 0
        for chunk in self._chunks(name, _PARSED_BYTES, cost=cost):
            parser.feed(chunk)
            size += len(chunk)
            if target.done:
                return False
        if size >= _MAX_STREAM_BYTES or self._left <= 0 or self._work_left <= 0:
            return False
        parser.close()
        return True

    def _check_work(self) -> None:
        if self._work_left <= 0:
            raise _too_many()

    def _chunks(self, name: str, length: int = _CHUNK, *, cost: float = 1.0) -> Iterator[bytes]:
        """The bytes of a part up to the limits."""
        info = self._parts[name.lower()]
        if info.flag_bits & _ENCRYPTED:
            raise protected()
        if info.compress_type not in _METHODS:
            raise Unreadable(
                "ParseFailed", f"compression method {info.compress_type} is unknown in a document"
            )
        left = min(_MAX_STREAM_BYTES, self._left)
        self._work_left -= _WORK_OF_PART
        if self._work_left <= 0:
            return
        with self._open(info) as part:
            while left > 0 and self._work_left > 0 and (chunk := _read(part, min(length, left))):
                left -= len(chunk)
                self._left -= len(chunk)
                self._work_left -= cost * _work(chunk)
                yield chunk

    def _open(self, info: zipfile.ZipInfo) -> IO[bytes]:
        try:
            return self._zip.open(info)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise _damaged("a part", error) from None


def _read(part: IO[bytes], length: int) -> bytes:
    try:
        return part.read(length)
    except (zlib.error, zipfile.BadZipFile, EOFError) as error:
        raise _damaged("a part", error) from None


def _work(chunk: bytes) -> float:
    """What parsing it costs, in microseconds."""
    tags = chunk.count(b"<") - chunk.count(b"</")
    return (
        _WORK_OF_TAG * tags
        + _WORK_OF_ATTRIBUTE * chunk.count(b"=")
        + _WORK_OF_REFERENCE * chunk.count(b"&")
        + _WORK_OF_LINE * chunk.count(b"\n")
        + _WORK_OF_BYTE * len(chunk)
    )


def _too_many() -> Unreadable:
    return Unreadable(
        "ParseFailed", "the package has more parts or elements than are read of one of its size"
    )


def _damaged(what: str, error: Exception) -> Unreadable:
    return Unreadable("ParseFailed", f"{what} of the package is damaged: {str(error)[:200]}")


def resolve(base: str, target: str) -> str:
    """The part name a relative reference in the part ``base`` means."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(base), target)).lstrip("/")


def local_name(tag: str) -> str:
    """An element's name without its namespace."""
    return tag.rpartition("}")[2]
