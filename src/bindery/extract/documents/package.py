"""The parts of a document that is a ZIP package (Open XML, OpenDocument, EPUB), read within limits.

Sizes in the directory may lie, so every limit is held against what really comes out.
"""

from __future__ import annotations

import posixpath
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
_MAX_OPENED = 10_000
"""How often a part is opened."""
_MAX_TAGS = 2_000_000
_LEAST_TAGS = 200_000
_TAGS_PER_BYTE = 4
"""Tags and character references that are parsed of one package. An honest one holds about one in each of its bytes;
a bomb, thousands.
"""
_USUAL_ATTRIBUTES = 8
_ATTRIBUTE_WEIGHT = 4
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


class Package:
    """An opened package. Part names are found in any case, as Windows programs write them."""

    def __init__(self, reader: RangeReader) -> None:
        directory = find_directory(reader)
        if directory.declared_entries > _MAX_ENTRIES or directory.size > _MAX_DIRECTORY_BYTES:
            raise Unreadable("ParseFailed", f"the package has {directory.declared_entries} parts")
        try:
            with at_most(_OPEN_SECONDS + reader.size * _OPEN_SECONDS_PER_BYTE):
                self._zip = zipfile.ZipFile(cast(IO[bytes], reader))
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise _damaged("the directory", error) from None
        self._parts = {info.filename.lower(): info for info in self._zip.infolist()}
        self._left = _MAX_PACKAGE_BYTES
        self._tags_left = min(_LEAST_TAGS + _TAGS_PER_BYTE * reader.size, _MAX_TAGS)
        self._opened = 0
        self._streamed: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def names(self) -> list[str]:
        """Part names in small letters, in the order of the directory."""
        return list(self._parts)

    def beginning(self, name: str) -> bytes:
        """A part, cut where it gets large; nothing when there is no such part."""
        data = bytearray()
        for chunk in self.chunks(name) if name in self else ():
            data += chunk
            if len(data) > _MAX_HELD_BYTES:
                break
        return bytes(data)

    def tree(self, name: str) -> Element | None:
        """A small XML part; None when there is none. Raises Unreadable when it is not small."""
        data = self.beginning(name)
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
        parser = make_xml_parser(target)
        size = 0
        for chunk in self.chunks(name, _PARSED_BYTES):
            parser.feed(chunk)
            size += len(chunk)
            if target.done:
                return False
        if size >= _MAX_STREAM_BYTES or self._left <= 0 or self._tags_left <= 0:
            return False
        parser.close()
        return True

    def chunks(self, name: str, length: int = _CHUNK) -> Iterator[bytes]:
        """The bytes of a part up to the limits."""
        info = self._parts[name.lower()]
        if info.flag_bits & _ENCRYPTED:
            raise protected()
        if info.compress_type not in _METHODS:
            raise Unreadable(
                "ParseFailed", f"compression method {info.compress_type} is unknown in a document"
            )
        left = min(_MAX_STREAM_BYTES, self._left)
        self._opened += 1
        if self._opened > _MAX_OPENED:
            return
        with self._open(info) as part:
            while left > 0 and self._tags_left > 0 and (chunk := _read(part, min(length, left))):
                left -= len(chunk)
                self._left -= len(chunk)
                self._tags_left -= _weight(chunk)
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


def _weight(chunk: bytes) -> int:
    """Tags, character references, and attributes beyond the few that a tag has."""
    tags, attributes = chunk.count(b"<"), chunk.count(b'="') + chunk.count(b"='")
    return tags + chunk.count(b"&") + _ATTRIBUTE_WEIGHT * max(attributes - _USUAL_ATTRIBUTES * tags, 0)


def _damaged(what: str, error: Exception) -> Unreadable:
    return Unreadable("ParseFailed", f"{what} of the package is damaged: {str(error)[:200]}")


def resolve(base: str, target: str) -> str:
    """The part name a relative reference in the part ``base`` means."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(base), target)).lstrip("/")


def local_name(tag: str) -> str:
    """An element's name without its namespace."""
    return tag.rpartition("}")[2]
