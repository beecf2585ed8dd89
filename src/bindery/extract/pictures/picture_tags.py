"""What XMP and IPTC tell of a picture: its title and tags, and texts that stand in for EXIF tags it lacks.

Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0 (which property is which, and in which
order they count).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bindery.extract.tags.exif_text import ascii_strings
from bindery.extract.tags.iptc import IptcValues, add_iptc_tags, iptc_date, iptc_title
from bindery.extract.tags.tag_set import TagSet
from bindery.extract.tags.tiff import ASCII, Directory
from bindery.extract.tags.xmp import XmpProperties, first_of
from bindery.extract.tags.xmp_tags import add_xmp_tags

_XMP_TEXTS = {"Make": "tiff:Make", "Model": "tiff:Model"}
_XMP_DATES = {
    "DateTimeOriginal": ("exif:DateTimeOriginal", "photoshop:DateCreated"),
    "DateTimeDigitized": ("exif:DateTimeDigitized", "xmp:CreateDate"),
    "DateTime": ("xmp:ModifyDate", "tiff:DateTime"),
}
_IPTC_DATES = {"DateTimeOriginal": "DateCreated", "DateTimeDigitized": "DigitalCreationDate"}
_RATING, _ARTIST, _COPYRIGHT, _WINDOWS_KEYWORDS = 0x4746, 0x013B, 0x8298, 0x9C9E
_KNOWN = frozenset((_RATING, _ARTIST, _COPYRIGHT, _WINDOWS_KEYWORDS))
_MAIN = ("IFD0", "Exif")
"""Some writers put tags of the first into the second."""
_MOST_TEXT = 4096


def standing_in(xmp: XmpProperties, iptc: IptcValues) -> dict[str, str]:
    """Texts by the name of the EXIF tag that they stand in for. Dates have EXIF's form, as exiftool writes them,
    with the fraction and the offset behind it.
    """
    if not xmp and not iptc:
        return {}
    texts = {name: xmp[source][0] for name, source in _XMP_TEXTS.items() if source in xmp}
    for name, sources in _XMP_DATES.items():
        dates = [_exif_form(xmp[source][0]) for source in sources if source in xmp]
        if name in _IPTC_DATES:
            dates.append(iptc_date(iptc, _IPTC_DATES[name]) or "")
        # A day with its time tells more than a day alone.
        told = next((date for date in dates if len(date) > len("2024:01:31")), max(dates, default=""))
        if told:
            texts[name] = told
    return texts


def picture_tags(xmp: XmpProperties, iptc: IptcValues, directories: Sequence[Directory]) -> TagSet:
    """The tags of a picture: XMP before IPTC, and what EXIF has of the known ones where both are silent."""
    tags = TagSet()
    add_xmp_tags(tags, xmp)
    add_iptc_tags(tags, iptc)
    for directory in directories:
        if directory.name not in _MAIN or directory.entries.keys().isdisjoint(_KNOWN):
            continue
        for name, values in _exif_values(directory).items():
            if tags.first(name) is None:
                tags.add(name, *values)
    return tags


def add_comments(tags: TagSet, comments: Sequence[tuple[str, str]]) -> None:
    """The texts that the format itself keeps, where the metadata blocks have none of that name."""
    silent = {name for name, _ in comments if tags.first(name) is None}
    for name, text in comments:
        if name in silent:
            tags.add(name, text)


def picture_title(xmp: XmpProperties, iptc: IptcValues) -> str | None:
    """``dc:title`` in its default language, else the object name of IPTC."""
    return first_of(xmp, "dc:title") or iptc_title(iptc)


def _exif_values(main: Directory) -> Mapping[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    rating = main.integer(_RATING)
    if rating is not None:
        found["Rating"] = (str(rating),)
    for name, tag in (("Creator", _ARTIST), ("Copyright", _COPYRIGHT)):
        if main.entries.get(tag) is not None and main.entries[tag].type == ASCII:
            found[name] = ascii_strings(main.raw(tag, _MOST_TEXT), main.charset)
    if _WINDOWS_KEYWORDS in main.entries:
        words = main.raw(_WINDOWS_KEYWORDS, _MOST_TEXT).decode("utf-16-le", "replace").rstrip("\0")
        found["Keywords"] = [word.strip() for word in words.split(";")]
    return found


def _exif_form(date: str) -> str:
    return date[:10].replace("-", ":") + date[10:].replace("T", " ", 1)
