"""Pictures whose header is text: PNM, PAM, PFM, Radiance, FITS, XPM, XBM, PGX, IM Tools.

Source: Netpbm's manual pages; Greg Ward's Radiance picture file format; FITS 4.0 section 4.4.1; the X Window System's
XPM 3.4 and XBM; PGX of the JPEG 2000 conformance suite (ISO/IEC 15444-4); IM
Tools as Pillow reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bindery.extract.pictures.packed_tags import read_miff
from bindery.extract.pictures.picture import Picture
from bindery.extract.tags.dates import Rank
from bindery.extract.tags.tiff import Source

_HEADER_BYTES = 64 * 1024
_MOST_COMMENT = 4 * 1024 * 1024
_COMMENT = re.compile(rb"#[^\r\n]*")
_PORTABLE = re.compile(rb"P[1-6]\s+(\d{1,10})\s+(\d{1,10})[\s\x80-\xff]?")
_FLOATS = re.compile(rb"P[FfHh]4?\s+(\d{1,10})\s+(\d{1,10})\s")
_PAM = re.compile(rb"^(WIDTH|HEIGHT)[ \t]+(\d{1,10})", re.M)
_RADIANCE = re.compile(rb"^([-+][XY])[ \t]+(\d{1,10})[ \t]+([-+][XY])[ \t]+(\d{1,10})\s", re.M)
_CARD = re.compile(rb"(NAXIS|NAXIS1|NAXIS2|ZNAXIS1|ZNAXIS2) *= *(\d{1,10})")
_WORDED_CARD = re.compile(rb"(DATE-OBS|DATE_OBS|TIME-OBS|DATE|OBJECT|AUTHOR|OBSERVER) *= *'((?:[^']|'')*)'")
_OLD_DAY = re.compile(r"(\d\d)/(\d\d)/(\d\d)")
_CARD_BYTES, _BLOCK_BYTES = 80, 2880
_MOST_UNITS = 16
"""Units of a FITS file that are looked at for one with a picture."""
_XPM = re.compile(rb"\"\s*(\d{1,10})\s+(\d{1,10})\s+\d{1,10}\s+\d{1,3}")
_XPM_2 = re.compile(rb"! XPM2\s+(\d{1,10})\s+(\d{1,10})\s")
_XBM = re.compile(rb"#define[ \t]+\S*?_width[ \t]+(\d{1,10})\s+#define[ \t]+\S*?_height[ \t]+(\d{1,10})")
_IMT = re.compile(rb"(?:\*[^\n]*\n)*width (\d{1,6})\nheight (\d{1,6})\n")
_PGX = re.compile(rb"PG (?:ML|LM) [+-]? ?\d+ (\d{1,10}) (\d{1,10})\s")


def worded_reader(head: bytes) -> Callable[[Source, Picture], None] | None:
    """The function for a file that starts with these bytes."""
    for sign, read in _READERS:
        if sign.match(head):
            return read
    return None


def _read_portable(source: Source, picture: Picture) -> None:
    picture.format = "pnm"
    head = source.peek_at(0, _HEADER_BYTES)
    if _PORTABLE.match(_COMMENT.sub(b"", head)) is None:
        # A comment may be as long as its writer likes.
        head = source.peek_at(0, _MOST_COMMENT)
    _resize(picture, _PORTABLE.match(_COMMENT.sub(b"", head)))


def _read_floats(source: Source, picture: Picture) -> None:
    picture.format = "pfm"
    _resize(picture, _FLOATS.match(source.peek_at(0, _HEADER_BYTES)))


def _read_pam(source: Source, picture: Picture) -> None:
    picture.format = "pam"
    header = source.peek_at(0, _HEADER_BYTES).partition(b"ENDHDR")[0]
    told = dict(_PAM.findall(header))
    picture.resize((int(told.get(b"WIDTH", 0)), int(told.get(b"HEIGHT", 0))))


def _read_radiance(source: Source, picture: Picture) -> None:
    """The line of the resolution, whose first side is that of the lines of pixels."""
    picture.format = "hdr"
    match = _RADIANCE.search(source.peek_at(0, _HEADER_BYTES).replace(b"\r\n", b"\n"))
    if match is not None:
        sides = {match[1][1:]: int(match[2]), match[3][1:]: int(match[4])}
        picture.resize((sides.get(b"X", 0), sides.get(b"Y", 0)))


def _read_fits(source: Source, picture: Picture) -> None:
    """The first unit that has two axes, the primary one or an extension; other files of the format hold tables."""
    picture.format = "fits"
    picture.sizeless = True
    at = 0
    for _ in range(_MOST_UNITS):
        header, length = _fits_header(source, at)
        if not at:
            _read_observation(header, picture)
        told = {name: int(value) for name, value in map(_card, header) if name}
        size = told.get("NAXIS1", 0), told.get("NAXIS2", 0)
        compressed = told.get("ZNAXIS1", 0), told.get("ZNAXIS2", 0)
        if told.get("NAXIS", 0) >= 2 or all(compressed):
            picture.resize(compressed if all(compressed) else size)
            return
        if told.get("NAXIS", 0) or not length:
            return
        at += length


def _read_observation(header: list[bytes], picture: Picture) -> None:
    """When and of what the picture was taken, in UTC: FITS 4.0 sections 4.4.2 and 9.1."""
    told = {
        match[1]: match[2].replace(b"''", b"'").decode("ascii", "replace").strip()
        for match in map(_WORDED_CARD.match, header)
        if match
    }
    taken = _fits_date(told.get(b"DATE-OBS") or told.get(b"DATE_OBS") or "")
    if taken and "T" not in taken and b"TIME-OBS" in told:
        taken = f"{taken}T{told[b'TIME-OBS']}"
    picture.add_date("Header:DATE-OBS", taken, Rank.TAKEN, utc=True)
    picture.add_date("Header:DATE", _fits_date(told.get(b"DATE", "")), utc=True)
    picture.title = told.get(b"OBJECT") or None
    picture.add_text("Artist", (told.get(b"AUTHOR") or told.get(b"OBSERVER") or "").encode())


def _fits_date(text: str) -> str:
    """Until 1999 the day stood first, in a year of the twentieth century."""
    old = _OLD_DAY.fullmatch(text)
    return f"19{old[3]}-{old[2]}-{old[1]}" if old else text


def _fits_header(source: Source, at: int) -> tuple[list[bytes], int]:
    """Cards up to END, and the length of their blocks; 0 when there is no end."""
    cards: list[bytes] = []
    data = source.peek_at(at, _HEADER_BYTES)
    for start in range(0, len(data) - _CARD_BYTES + 1, _CARD_BYTES):
        card = data[start : start + _CARD_BYTES]
        if card.startswith(b"END "):
            return cards, (start // _BLOCK_BYTES + 1) * _BLOCK_BYTES
        cards.append(card)
    return cards, 0


def _card(card: bytes) -> tuple[str, str]:
    match = _CARD.match(card)
    return (match[1].decode(), match[2].decode()) if match else ("", "0")


def _read_pixmap(source: Source, picture: Picture) -> None:
    picture.format = "xpm"
    head = source.peek_at(0, _HEADER_BYTES)
    _resize(picture, _XPM_2.match(head) or _XPM.search(head))


def _read_bitmap(source: Source, picture: Picture) -> None:
    picture.format = "xbm"
    _resize(picture, _XBM.search(source.peek_at(0, _HEADER_BYTES)))


def _read_pgx(source: Source, picture: Picture) -> None:
    picture.format = "pgx"
    _resize(picture, _PGX.match(source.peek_at(0, 128)))


def _read_imt(source: Source, picture: Picture) -> None:
    picture.format = "imt"
    _resize(picture, _IMT.match(source.peek_at(0, _HEADER_BYTES)))


def _resize(picture: Picture, match: re.Match[bytes] | None) -> None:
    if match is not None:
        picture.resize((int(match[1]), int(match[2])))


_READERS: tuple[tuple[re.Pattern[bytes], Callable[[Source, Picture], None]], ...] = (
    (re.compile(rb"P[1-6][\s#]"), _read_portable),
    (re.compile(rb"P[FfHh]4?\s"), _read_floats),
    (re.compile(rb"P7\s(?!332)"), _read_pam),
    (re.compile(rb"#\?(?:RADIANCE|RGBE)"), _read_radiance),
    (re.compile(rb"SIMPLE {2,}="), _read_fits),
    (re.compile(rb"/\* XPM \*/|! XPM2"), _read_pixmap),
    (re.compile(rb"(?:\s|/\*.{0,256}?\*/)*#define[ \t]+\S*_width", re.S), _read_bitmap),
    (re.compile(rb"(?:\{[^}]{0,2048}\}\s*)?[iI]d=ImageMagick"), read_miff),
    (re.compile(rb"PG (?:ML|LM) "), _read_pgx),
    (re.compile(rb"(?:\*[^\n]{0,256}\n){0,64}width \d{1,6}\nheight "), _read_imt),
)
