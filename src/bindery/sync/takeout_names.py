"""Names of the JSON files that Google Takeout puts beside pictures and videos.

``IMG.jpg`` has ``IMG.jpg.json`` or, since 2024, ``IMG.jpg.supplemental-metadata.json``; where the title has no
extension it is ``IMG.supplemental-metadata.json``. What stands before ``.json`` is cut after 46 characters. A number
that tells files of one name apart comes behind all of it: ``IMG(1).jpg`` has ``IMG.jpg(1).json``. An edited picture has
none of its own, but that of the picture it was made of. Source: what users of exiftool, Ente, immich-go and
GooglePhotosTakeoutHelper have found out, for Google tells nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterator

ENDING = ".json"
_LONGEST = 46
_SUPPLEMENT = ".supplemental-metadata"
_NUMBERED = re.compile(r"(?P<before>.+)(?P<number>\(\d{1,5}\))", re.DOTALL)
_EDITED = "-edited"


def names_beside(stem: str, extension: str, extensions: Container[str]) -> tuple[str, ...]:
    """Names of the files that may tell of ``stem`` + ``extension``, one of ``extensions``; the newer form first."""
    found: dict[str, None] = {}
    for plain, number in _numbered(stem):
        without = () if _extension(plain) in extensions else (plain + _SUPPLEMENT,)
        for told in (plain + extension + _SUPPLEMENT, plain + extension, *without):
            found[f"{told[:_LONGEST]}{number}{ENDING}"] = None
    return tuple(found)


def names_before(name: str, extensions: Collection[str]) -> tuple[str, ...]:
    """Names of the pictures and videos that such a file may tell of, as far as they stand whole in its own."""
    text, number = _without_number(name.removesuffix(ENDING))
    found: dict[str, None] = {}
    for title in _titles(text):
        for stem, extension in _split(title, text, extensions):
            for media in (stem + number, f"{stem}{_EDITED}{number}", f"{stem}{number}{_EDITED}"):
                if name in names_beside(media, extension, extensions):
                    found[media + extension] = None
    return tuple(found)


def is_named_so(name: str, extensions: Container[str]) -> bool:
    """Whether a name may be that of such a file."""
    if not name.endswith(ENDING):
        return False
    text, _ = _without_number(name.removesuffix(ENDING))
    if len(text) >= _LONGEST:
        return len(text) == _LONGEST
    return text.endswith(_SUPPLEMENT) or _extension(text) in extensions


def cut_title(name: str) -> str:
    """What the names begin with that such a file may tell of, where its own was cut; else empty."""
    text, _ = _without_number(name.removesuffix(ENDING))
    return text if len(text) == _LONGEST else ""


def _numbered(stem: str) -> Iterator[tuple[str, str]]:
    """The title that a stem may have, and its number; the number may also have been in the title from the beginning."""
    for each in _originals(stem):
        plain, number = _without_number(each)
        if number:
            yield from ((title, number) for title in _originals(plain))
        yield each, ""


def _originals(stem: str) -> tuple[str, ...]:
    original = stem.removesuffix(_EDITED)
    return (stem, original) if original and original != stem else (stem,)


def _without_number(text: str) -> tuple[str, str]:
    match = _NUMBERED.fullmatch(text)
    return (match["before"], match["number"]) if match else (text, "")


def _titles(text: str) -> Iterator[str]:
    """What may stand before the supplement, of which the end may be cut."""
    yield text
    if len(text) == _LONGEST:
        cuts = range(1, len(_SUPPLEMENT))
        yield from (text[:-cut] for cut in cuts if text.endswith(_SUPPLEMENT[:cut]))
    if text.endswith(_SUPPLEMENT):
        yield text.removesuffix(_SUPPLEMENT)


def _split(title: str, text: str, extensions: Collection[str]) -> list[tuple[str, str]]:
    """Stem and extension; each that there is for a title that has none."""
    extension = _extension(title)
    if extension in extensions:
        return [(title.removesuffix(extension), extension)]
    return [] if title in (text, "") else [(title, each) for each in extensions]


def _extension(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:] if dot > 0 else ""
