"""IPTC-IIM: the datasets that news pictures carry in a block of Photoshop's or a tag of TIFF.

Source: IPTC-NAA Information Interchange Model 4.2 (datasets 1:90, 2:05 to 2:202); Adobe Photoshop File Formats
Specification (image resource 0x0404); the mapping to names is that of the Metadata Working Group's guidelines 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bindery.extract.tags.tag_set import TagSet
from bindery.extract.text.tag_charset import decode_tag, is_utf8, likely_tag_charset

MOST_BYTES = 256 * 1024
_MOST_DATASETS = 5_000
_MARK = 0x1C
_CHARSET = (1, 90)
_UTF_8 = (b"\x1b%G", b"\x1b%/I", b"\x1b%/G", b"\x1b%/H")
_LATIN_1 = (b"\x1b.A", b"\x1b-A", b"\x1b/A", b"\x1b%@")
_KNOWN_NAMES = {
    15: "Category", 25: "Keywords", 40: "Instructions", 80: "Creator", 90: "City", 92: "Location", 95: "State",
    100: "CountryCode", 101: "Country", 105: "Headline", 110: "Credit", 115: "Source", 116: "Copyright",
    120: "Description", 65: "Software",
}  # fmt: skip
_OWN_NAMES = {
    3: "ObjectTypeReference", 4: "ObjectAttributeReference", 5: "ObjectName", 7: "EditStatus",
    8: "EditorialUpdate", 10: "Urgency", 12: "SubjectReference", 20: "SupplementalCategories",
    22: "FixtureIdentifier", 26: "ContentLocationCode", 27: "ContentLocationName", 30: "ReleaseDate",
    35: "ReleaseTime", 37: "ExpirationDate", 38: "ExpirationTime", 42: "ActionAdvised", 45: "ReferenceService",
    47: "ReferenceDate", 50: "ReferenceNumber", 55: "DateCreated", 60: "TimeCreated", 62: "DigitalCreationDate",
    63: "DigitalCreationTime", 70: "ProgramVersion", 75: "ObjectCycle", 85: "By-lineTitle",
    103: "OriginalTransmissionReference", 118: "Contact", 121: "LocalCaption", 122: "Writer-Editor",
    130: "ImageType", 131: "ImageOrientation", 135: "LanguageIdentifier", 184: "JobID", 185: "MasterDocumentID",
    186: "ShortDocumentID", 187: "UniqueDocumentID", 188: "OwnerID", 221: "Prefs",
}  # fmt: skip
_DATES = {"DateCreated": (55, 60), "DigitalCreationDate": (62, 63)}
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_CLOCK = re.compile(r"(\d\d):?(\d\d):?(\d\d)([+-]\d\d:?\d\d)?")

IptcValues = Mapping[int, Sequence[str]]
"""The values of record 2, the application record, by dataset number."""


def read_iptc(data: bytes) -> dict[int, list[str]]:
    """The datasets of record 2 as texts. What comes behind damage is left out; nothing is raised."""
    found: list[tuple[int, bytes]] = []
    charset = b""
    at = max(data[:16].find(b"\x1c"), 0)  # some writers put a few bytes before
    for _ in range(_MOST_DATASETS):
        if data[at : at + 1] == b"\0":  # one that fills up, between two blocks
            at += 1
        if len(data) < at + 5 or data[at] != _MARK:
            break
        record, number, length = data[at + 1], data[at + 2], int.from_bytes(data[at + 3 : at + 5], "big")
        at += 5
        if length & 0x8000:  # an extended dataset: so many bytes tell the length
            width = length & 0x7FFF
            length = int.from_bytes(data[at : at + width], "big") if width <= 4 else len(data)
            at += width
        value = data[at : at + length]
        at += length
        if (record, number) == _CHARSET:
            charset = value
        elif record == 2:
            found.append((number, value))
    return _decoded(found, charset)


def add_iptc_tags(tags: TagSet, values: IptcValues) -> None:
    """Add the datasets to the tags, after XMP: a known tag that is there already, from a newer packet that has no
    limits of length, stays; keywords of both are kept.
    """
    for number, texts in values.items():
        name = _KNOWN_NAMES.get(number)
        if name is None:
            if number in _OWN_NAMES:
                tags.add(f"IPTC:{_OWN_NAMES[number]}", *texts)
        elif name == "Keywords" or tags.first(name) is None:
            tags.add(name, *texts)


def iptc_title(values: IptcValues) -> str | None:
    """The object name, which the guidelines hold to be the title."""
    return next(iter(values.get(5, ())), None)


def iptc_date(values: IptcValues, name: str) -> str | None:
    """``DateCreated`` or ``DigitalCreationDate`` in the form of EXIF, with its time and offset where they are told."""
    date, clock = (next(iter(values.get(number, ())), "") for number in _DATES[name])
    day, time = _DAY.match(date), _CLOCK.match(clock)
    if day is None or not int(day[1]):
        return None
    if time is None:
        return f"{day[1]}:{day[2]}:{day[3]}"
    offset = time[4] or ""
    return (
        f"{day[1]}:{day[2]}:{day[3]} {time[1]}:{time[2]}:{time[3]}{offset[:3]}{offset and ':'}{offset[-2:]}"
    )


def _decoded(found: Sequence[tuple[int, bytes]], charset: bytes) -> dict[int, list[str]]:
    values: dict[int, list[str]] = {}
    told = _codec([raw for _, raw in found], charset)
    for number, raw in found:
        text = (
            decode_tag(raw.rstrip(b"\0 "), told) if number in _KNOWN_NAMES or number in _OWN_NAMES else ""
        )
        if text:
            values.setdefault(number, []).append(text)
    return values


def _codec(texts: Sequence[bytes], charset: bytes) -> str:
    """What the texts that are not UTF-8 are in: Latin-1 where that is declared, else what is likely."""
    if charset.startswith(_LATIN_1) or charset.startswith(_UTF_8):
        return "latin-1"
    judged = [text for text in texts if not is_utf8(text)]
    return likely_tag_charset(judged) if judged else "latin-1"
