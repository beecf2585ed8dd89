"""XMP packets: their properties, each known by its namespace and its name, whatever prefix the packet uses.

A packet is read from its start and within bounds: no DTD, so no entity can expand, and no more than so many bytes,
levels and values. What stands before damage is kept.

Source: XMP specification part 1 (ISO 16684-1, sections 6 and 7: the data model and its form in RDF) and part 2,
section 3 (GPSCoordinate).
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from xml.etree.ElementTree import Element, ParseError, XMLPullParser, fromstring

from bindery.extract.tags.gps import known_place
from bindery.extract.tags.xmp_namespaces import RDF, XML, namespace_of, usual_prefix

MOST_BYTES = 1024 * 1024
"""Bytes of a packet that are looked at."""
LONGEST_VALUE = 16 * 1024
"""Characters of a value; a longer one, such as a picture in Base64, is left out."""

_MOST_VALUES = 20_000
_MOST_DEPTH = 64
_LONGEST_PATH = 1024
_MOST_NAMESPACES = 256
_COORDINATE = re.compile(
    r"([+-]?)(\d{1,3}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?(?:,(\d{1,2}(?:\.\d+)?))?\s*([NSEW]?)"
)
_MOST_DEGREES = {"N": 90.0, "S": 90.0, "E": 180.0, "W": 180.0}
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
    if _DTD.search(data):
        return {}  # so that no entity can be declared, and none expand
    try:
        return _properties(fromstring(data), data)  # noqa: S314
    except ParseError:
        repaired = _repaired(data)
        return max(_properties(_whole_part(repaired), data), _properties(_whole_part(data), data), key=len)


def _whole_part(data: bytes) -> Element | None:
    """The root element with what stands before the damage."""
    parser: XMLPullParser[Element] = XMLPullParser(("start",))
    parser.feed(data)
    with suppress(ParseError):  # told where the events end
        for event in parser.read_events():
            return event[-1] if isinstance(event[-1], Element) else None
    return None


def _properties(root: Element | None, data: bytes) -> dict[str, list[str]]:
    reader = _Reader(data)
    with suppress(_Refused):
        if root is not None:
            reader.find(root)
    return reader.values


def first_of(properties: XmpProperties, *names: str) -> str | None:
    """The first value of the first of these properties that has one."""
    for name in names:
        values = properties.get(name)
        if values:
            return values[0]
    return None


def xmp_position(properties: XmpProperties) -> tuple[float, float] | None:
    """Latitude and longitude in signed degrees from texts such as ``54,59.38N``, or ``54.9897`` as some programs write
    it."""
    latitude = _degrees(first_of(properties, "exif:GPSLatitude"), "NS")
    longitude = _degrees(first_of(properties, "exif:GPSLongitude"), "EW")
    return known_place(latitude, longitude)


def _degrees(text: str | None, signs: str) -> float | None:
    match = _COORDINATE.fullmatch(text.strip("\0 \t\r\n").upper()) if text else None
    if match is None:
        return None
    sign, *parts, letter = match.groups()
    if not letter and "." in parts[0] and parts[1] is None:
        letter = signs[sign == "-"]  # signed degrees need no letter
    if not letter or letter not in signs or (sign == "-" and letter == signs[0]):
        return None
    total = math.fsum(float(part or 0) / 60**place for place, part in enumerate(parts))
    if total > _MOST_DEGREES[letter]:
        return None
    return -total if letter == signs[1] else total


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
    """Well-formed in its characters: what is not UTF-8 or no character of XML is replaced, ``&`` alone escaped; and
    within an element that declares every prefix.
    """
    text = _FORBIDDEN.sub("\ufffd", data.decode("utf-8", "replace"))
    text = _BARE_AMPERSAND.sub("&amp;", _DECLARATION.sub("", text))
    prefixes = sorted(set(_PREFIX.findall(text)) - {"xml", "xmlns"})[:_MOST_NAMESPACES]
    declared = "".join(f' xmlns:{prefix}="{namespace_of(prefix)}"' for prefix in prefixes)
    return f"<packet{declared}>{text}</packet>".encode()


_PREFIX = re.compile(r"[<\s]([A-Za-z_][\w.-]{0,63}):[A-Za-z_]")
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)")


class _Refused(Exception):
    """The packet is not one that is read on."""


class _Reader:
    """The properties of one tree of elements."""

    def __init__(self, data: bytes) -> None:
        self.values: dict[str, list[str]] = {}
        self._data = data
        self._count = 0
        self._names: dict[str, str] = {}
        self._foreign: dict[str, str] = {}
        self._declared: dict[str, str] = {}

    def find(self, element: Element, depth: int = 0) -> None:
        """The nodes within ``rdf:RDF``, wherever that stands, and those that stand alone."""
        if element.tag == _DESCRIPTION:
            self._node(element, "", depth)
            return
        if depth > _MOST_DEPTH:
            raise _Refused
        for child in element:
            if element.tag == _ROOT:
                self._node(child, "", depth)
            else:
                self.find(child, depth + 1)

    def _node(self, node: Element, path: str, depth: int) -> None:
        """A node: its attributes are properties, and so are its children."""
        if node.attrib:
            self._attributes(node, path)
        for child in node:
            name = self._names.get(child.tag) or self._name(child.tag)
            self._property(child, _joined(path, name), depth + 1)

    def _property(self, element: Element, path: str, depth: int) -> None:
        """A property or an item of an array: a text, a node, a structure, or an array of those."""
        if depth > _MOST_DEPTH:
            raise _Refused
        language = is_structure = ""
        if element.attrib:
            language, is_structure = self._attributes(element, path)
        if is_structure:
            for field in element:
                name = self._names.get(field.tag) or self._name(field.tag)
                self._property(field, _joined(path, name), depth + 1)
        elif len(element):
            for child in element:
                if child.tag in _ARRAYS:
                    for item in child:
                        self._property(item, path, depth + 2)
                else:
                    self._node(child, path, depth + 1)
        elif element.text:
            self._add(path, element.text, language)

    def _attributes(self, element: Element, path: str) -> tuple[str, str]:
        """Take over the properties among attributes; the language, and whether the children are fields."""
        language = is_structure = ""
        for key, value in element.attrib.items():
            if key == _LANGUAGE:
                language = value
            elif key in (_RESOURCE, _VALUE):
                self._add(path, value)
            elif key == _PARSE_TYPE:
                is_structure = value if value == "Resource" else ""
            elif key.startswith("{") and not key.startswith(_NO_PROPERTIES):
                self._add(_joined(path, self._names.get(key) or self._name(key)), value)
        return language, is_structure

    def _name(self, key: str) -> str:
        """``{namespace}name`` with the usual prefix of the namespace; for an unknown one the packet's own, unless it
        is that of a known one.
        """
        namespace, _, local = key[1:].rpartition("}") if key.startswith("{") else ("", "", key)
        prefix = usual_prefix(namespace) or self._foreign.get(namespace)
        if prefix is None:
            if len(self._foreign) >= _MOST_NAMESPACES:
                raise _Refused
            prefix = self._prefix(namespace)
            if (
                namespace_of(prefix) != prefix
                or prefix in self._foreign.values()
                or (namespace and not prefix)
            ):
                prefix = f"ns{len(self._foreign) + 1}"
            self._foreign[namespace] = prefix
        name = self._names[key] = f"{prefix}:{local}"
        return name

    def _prefix(self, namespace: str) -> str:
        """The prefix by which the packet itself calls a namespace."""
        if not self._declared:
            found = _DECLARED.findall(self._data.decode("utf-8", "replace"))
            self._declared = {"": "", **{html.unescape(told): prefix for prefix, told in reversed(found)}}
        return self._declared.get(namespace, "")

    def _add(self, path: str, value: str, language: str = "") -> None:
        value = value.strip()
        if not value or len(value) > LONGEST_VALUE or not path:
            return
        self._count += 1
        if self._count > _MOST_VALUES:
            raise _Refused
        values = self.values.get(path)
        if values is None:
            self.values[path] = [value]
        else:
            values.insert(0 if language == _DEFAULT_LANGUAGE else len(values), value)


_DEFAULT_LANGUAGE = "x-default"
_ROOT, _DESCRIPTION = f"{{{RDF}}}RDF", f"{{{RDF}}}Description"
_ARRAYS = frozenset(f"{{{RDF}}}{kind}" for kind in ("Bag", "Seq", "Alt"))
_RESOURCE, _VALUE, _PARSE_TYPE = (f"{{{RDF}}}{name}" for name in ("resource", "value", "parseType"))
_LANGUAGE = f"{{{XML}}}lang"
_NO_PROPERTIES = (f"{{{RDF}}}", f"{{{XML}}}")
_DECLARED = re.compile(r"xmlns:([^\s=\"']{1,64})\s*=\s*[\"']([^\"'<]{1,256})[\"']")


def _joined(path: str, name: str) -> str:
    """The path of a field; ``rdf:value`` is the value of a property that has qualifiers."""
    if name == "rdf:value":
        return path
    if len(path) + len(name) > _LONGEST_PATH:
        raise _Refused
    return f"{path}/{name}" if path else name
