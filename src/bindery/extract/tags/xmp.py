"""XMP packets: their properties, each known by its namespace and its name, whatever prefix the packet uses.

A packet is read from its start and within bounds: no DTD, so no entity can expand, and no more than so many
elements, levels and values. What stands before damage is kept.

Source: XMP specification part 1 (ISO 16684-1, sections 6 and 7: the data model and its form in RDF) and part 2,
section 3 (GPSCoordinate).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from xml.parsers import expat

from bindery.extract.tags.gps import known_place
from bindery.extract.tags.xmp_namespaces import namespace_of, usual_prefix

MOST_BYTES = 1024 * 1024
"""Bytes of a packet that are looked at."""
LONGEST_VALUE = 16 * 1024
"""Characters of a value; a longer one, such as a picture in Base64, is left out."""

_MOST_ELEMENTS = 50_000
_MOST_VALUES = 20_000
_MOST_DEPTH = 64
_LONGEST_PATH = 1024
_MOST_NAMESPACES = 256
_COORDINATE = re.compile(r"(\d{1,3})(?:,(\d{1,2}(?:\.\d+)?))?(?:,(\d{1,2}(?:\.\d+)?))?\s*([NSEW])$")
_MOST_DEGREES = {"N": 90.0, "S": 90.0, "E": 180.0, "W": 180.0}
_ARRAYS = frozenset(f"rdf:{kind}" for kind in ("Bag", "Seq", "Alt"))
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

XmpProperties = Mapping[str, Sequence[str]]
"""Values by name. The name is ``prefix:Name`` with the usual prefix of the namespace (``xmp_namespaces.py``), so that
``xmp:Rating`` is Adobe's whatever the packet calls it; a field of a structure has its path
(``xmpMM:DerivedFrom/stRef:instanceID``). An array has a value for each item; of a text in several languages the
default one comes first."""


def read_xmp(packet: bytes) -> dict[str, list[str]]:
    """The properties of a packet (``XmpProperties``); what cannot be understood is left out, nothing is raised."""
    data = _as_utf8(packet[:MOST_BYTES])
    reader = _Reader()
    if reader.read(data):
        return reader.values
    again = _Reader()
    again.read(_repaired(data))
    return max(again.values, reader.values, key=len)


def first_of(properties: XmpProperties, *names: str) -> str | None:
    """The first value of the first of these properties that has one."""
    return next((properties[name][0] for name in names if properties.get(name)), None)


def xmp_position(properties: XmpProperties) -> tuple[float, float] | None:
    """Latitude and longitude in signed degrees from texts such as ``54,59.38N``."""
    latitude = _degrees(first_of(properties, "exif:GPSLatitude"), "NS")
    longitude = _degrees(first_of(properties, "exif:GPSLongitude"), "EW")
    return known_place(latitude, longitude)


def _degrees(text: str | None, signs: str) -> float | None:
    match = _COORDINATE.match(text or "")
    if match is None or match[4] not in signs:
        return None
    total = math.fsum(float(part or 0) / 60**place for place, part in enumerate(match.groups()[:3]))
    if total > _MOST_DEGREES[match[4]]:
        return None
    return -total if match[4] in "SW" else total


def _as_utf8(packet: bytes) -> bytes:
    """The packet from its first tag on, in UTF-8."""
    if b"\0" not in packet[:256]:
        # Behind the last tag stands room for changes, often more than the packet itself.
        end = packet.find(b">", packet.rfind(b"</")) + 1
        return packet[max(packet.find(b"<"), 0) : end or None]
    found = [(match.start(), name) for mark, name in _WIDE if (match := mark.search(packet, 0, 256))]
    if found:
        at, name = min(found, key=lambda place: place[0])
        text = packet[at:].decode(name, "replace")
        # What an XML declaration says of the encoding is no longer true.
        return _DECLARATION.sub("", text).encode("utf-8", "replace")
    return packet[max(packet.find(b"<"), 0) :].rstrip(b"\0")


_WIDE = (
    (re.compile(rb"<\0\0\0[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0<\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"\0<\0[^\0]"), "utf-16-be"),
    (re.compile(rb"<\0[^\0]\0"), "utf-16-le"),
)
"""How a packet begins in the wide forms of Unicode: XMP specification part 1, section 7.3."""
_DECLARATION = re.compile(r"^<\?xml\s[^>]{0,256}\?>")


def _repaired(data: bytes) -> bytes:
    """Well-formed in its characters: what is not UTF-8 or no character of XML is replaced, ``&`` alone escaped."""
    text = _FORBIDDEN.sub("\ufffd", data.decode("utf-8", "replace"))
    return _BARE_AMPERSAND.sub("&amp;", text).encode()


class _Refused(Exception):
    """The packet is not one that is read on."""


_Frame = tuple[int, str, dict[str, str], str]
"""An open element: what it is, the path of its property, the namespaces of prefixes in it, its language. A plain tuple,
for packets have hundreds of elements, and most pictures a packet.
"""
_OUTSIDE, _RDF, _NODE, _PROPERTY, _ARRAY = range(5)


class _Reader:
    """One pass over a packet. Prefixes are resolved here, so that one that is not declared does no harm."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self._stack: list[_Frame] = [(_OUTSIDE, "", {}, "")]
        self._texts: list[str] = []
        """Since the last tag: texts of properties stand between two tags that follow each other."""
        self._elements = 0
        self._count = 0
        self._names: dict[str, str] = {}
        self._foreign: dict[str, str] = {}

    def read(self, data: bytes) -> bool:
        """Whether the packet was read without damage."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._texts.append
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(data, False)
        except _Refused:
            return True
        except expat.ExpatError:
            return self._elements > 0 and len(self._stack) == 1  # only behind the end of the root element
        return True

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        stack = self._stack
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(stack) > _MOST_DEPTH:
            raise _Refused
        self._texts.clear()
        parent, path, namespaces, _ = stack[-1]
        language = ""
        for key in attributes:
            if key.startswith("xmlns"):  # it may also be a name that begins so, which does no harm
                namespaces = self._declared(attributes, namespaces)
                break
        known = self._names.get(name) or self._name(name, namespaces)
        if parent == _NODE:
            kind, path = _PROPERTY, _joined(path, known)
        else:
            kind = _opened(parent, known)
        if attributes and kind in (_NODE, _PROPERTY):
            kind, language = self._read_attributes(kind, path, namespaces, attributes)
        stack.append((kind, path, namespaces, language))

    def _declared(self, attributes: dict[str, str], outer: dict[str, str]) -> dict[str, str]:
        self._names = {}
        declared = {key[6:]: value for key, value in attributes.items() if key.startswith("xmlns:")}
        if "xmlns" in attributes:
            declared[""] = attributes["xmlns"]
        if len(outer) + len(declared) > _MOST_NAMESPACES:
            raise _Refused
        return outer | declared

    def _name(self, name: str, namespaces: dict[str, str]) -> str:
        """A name with the usual prefix of its namespace."""
        known = self._names.get(name)
        if known is None:
            prefix, colon, local = name.rpartition(":")
            if prefix == "xmlns" or name == "xmlns":
                return "xmlns:"
            namespace = namespaces.get(prefix) or (namespace_of(prefix) if colon else "")
            known = self._names[name] = f"{self._prefix(prefix, namespace)}:{local}"
        return known

    def _prefix(self, prefix: str, namespace: str) -> str:
        """The usual prefix; for an unknown namespace the packet's own, unless it is that of a known one."""
        usual = usual_prefix(namespace)
        if usual is None:
            usual = self._foreign.get(namespace)
        if usual is None:
            if len(self._foreign) >= _MOST_NAMESPACES:
                raise _Refused
            free = namespace_of(prefix) == prefix and prefix not in self._foreign.values()
            usual = self._foreign[namespace] = prefix if free else f"ns{len(self._foreign) + 1}"
        return usual

    def _read_attributes(
        self, kind: int, path: str, namespaces: dict[str, str], attributes: dict[str, str]
    ) -> tuple[int, str]:
        """Take over the properties among attributes; what the element is after all, and its language."""
        language = ""
        for key, value in attributes.items():
            name = self._names.get(key) or self._name(key, namespaces)
            if name == "xml:lang":
                language = value
            elif name in ("rdf:resource", "rdf:value"):
                self._add(path, value)
            elif name == "rdf:parseType":
                kind = _NODE if value == "Resource" else kind
            elif not name.startswith(_NO_PROPERTIES):
                self._add(_joined(path, name), value)
        return kind, language

    def _end(self, _name: str) -> None:
        kind, path, namespaces, language = self._stack.pop()
        if self._texts:
            if kind == _PROPERTY:
                self._add(path, "".join(self._texts), language)
            self._texts.clear()
        if namespaces is not self._stack[-1][2]:
            self._names = {}

    def _add(self, path: str, value: str, language: str = "") -> None:
        value = value.strip()
        if not value or len(value) > LONGEST_VALUE or not path:
            return
        self._count += 1
        if self._count > _MOST_VALUES:
            raise _Refused
        values = self.values.setdefault(path, [])
        values.insert(0 if language == _DEFAULT_LANGUAGE else len(values), value)


_DEFAULT_LANGUAGE = "x-default"
_NO_PROPERTIES = ("rdf:", "xml:", "xmlns:", ":")


def _opened(parent: int, name: str) -> int:
    """What an element is whose parent is not a node, by what that is."""
    if parent == _PROPERTY and name in _ARRAYS:
        return _ARRAY
    if parent == _ARRAY:
        return _PROPERTY
    if parent in (_RDF, _PROPERTY) or name == "rdf:Description":
        return _NODE
    return _RDF if name == "rdf:RDF" else _OUTSIDE


def _joined(path: str, name: str) -> str:
    """The path of a field; ``rdf:value`` is the value of a property that has qualifiers."""
    if name == "rdf:value":
        return path
    if len(path) + len(name) > _LONGEST_PATH:
        raise _Refused
    return f"{path}/{name}" if path else name
