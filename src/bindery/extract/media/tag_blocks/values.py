"""Refines the values of known tags: numbers apart from counts, genres by their names, ratings on one scale.

Source: ID3v1 genres with Winamp's extensions (id3.org, ID3v2.4.0 appendix A); ID3v2.3.0, 4.2.1 (TCON);
Windows Explorer's bytes for one to five stars (POPM) and percents (WM/SharedUserRating).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bindery.extract.media.tag_blocks.raw_tags import Family

_GENRES = (
    "Blues,Classic Rock,Country,Dance,Disco,Funk,Grunge,Hip-Hop,Jazz,Metal,New Age,Oldies,Other,Pop,R&B,Rap,"
    "Reggae,Rock,Techno,Industrial,Alternative,Ska,Death Metal,Pranks,Soundtrack,Euro-Techno,Ambient,Trip-Hop,"
    "Vocal,Jazz+Funk,Fusion,Trance,Classical,Instrumental,Acid,House,Game,Sound Clip,Gospel,Noise,AlternRock,Bass,"
    "Soul,Punk,Space,Meditative,Instrumental Pop,Instrumental Rock,Ethnic,Gothic,Darkwave,Techno-Industrial,"
    "Electronic,Pop-Folk,Eurodance,Dream,Southern Rock,Comedy,Cult,Gangsta,Top 40,Christian Rap,Pop/Funk,Jungle,"
    "Native American,Cabaret,New Wave,Psychedelic,Rave,Showtunes,Trailer,Lo-Fi,Tribal,Acid Punk,Acid Jazz,Polka,"
    "Retro,Musical,Rock & Roll,Hard Rock,Folk,Folk-Rock,National Folk,Swing,Fast Fusion,Bebop,Latin,Revival,"
    "Celtic,Bluegrass,Avantgarde,Gothic Rock,Progressive Rock,Psychedelic Rock,Symphonic Rock,Slow Rock,Big Band,"
    "Chorus,Easy Listening,Acoustic,Humour,Speech,Chanson,Opera,Chamber Music,Sonata,Symphony,Booty Bass,Primus,"
    "Porn Groove,Satire,Slow Jam,Club,Tango,Samba,Folklore,Ballad,Power Ballad,Rhythmic Soul,Freestyle,Duet,"
    "Punk Rock,Drum Solo,A Cappella,Euro-House,Dance Hall,Goa,Drum & Bass,Club-House,Hardcore Techno,Terror,Indie,"
    "BritPop,Afro-Punk,Polsk Punk,Beat,Christian Gangsta Rap,Heavy Metal,Black Metal,Crossover,"
    "Contemporary Christian,Christian Rock,Merengue,Salsa,Thrash Metal,Anime,JPop,Synthpop,Abstract,Art Rock,"
    "Baroque,Bhangra,Big Beat,Breakbeat,Chillout,Downtempo,Dub,EBM,Eclectic,Electro,Electroclash,Emo,Experimental,"
    "Garage,Global,IDM,Illbient,Industro-Goth,Jam Band,Krautrock,Leftfield,Lounge,Math Rock,New Romantic,"
    "Nu-Breakz,Post-Punk,Post-Rock,Psytrance,Shoegaze,Space Rock,Trop Rock,World Music,Neoclassical,Audiobook,"
    "Audio Theatre,Neue Deutsche Welle,Podcast,Indie Rock,G-Funk,Dubstep,Garage Rock,Psybient"
)
GENRES = tuple(_GENRES.split(","))
"""By number, 0 to 191."""

_NUMBERED_GENRE = re.compile(r"\((\d{1,3}|RX|CR)\)")
_LETTERED_GENRES = {"RX": "Remix", "CR": "Cover"}
_PAIR = re.compile(r"\s*(\d{1,9})?\s*/\s*(\d{1,9})?\s*")
_FIRST_NUMBER = re.compile(r"\s*(\d{1,9})")
_YEAR = re.compile(r"\s*(\d{4})(?!\d)|.*?(?<!\d)((?:19|20)\d\d)(?!\d)")
_DECIMAL = re.compile(r"\s*(\d{1,9}(?:[.,]\d{1,6})?)")
_COUNTS = {"TrackNumber": "TrackCount", "DiscNumber": "DiscCount"}
_TRUTHS = {"yes": "1", "true": "1", "no": "0", "false": "0"}


def refined(family: Family, name: str, text: str) -> Iterator[tuple[str, str]]:
    """Names and values that one value of a known tag stands for; other tags pass as they are."""
    if name in _COUNTS:
        yield from _pair(name, text)
    elif name == "Genre":
        yield from (("Genre", genre) for genre in _genres(family, text))
    elif name in ("Year", "OriginalDate"):
        yield from _dates(name, text)
    elif name == "Rating":
        yield from _rating(family, text)
    elif name == "Bpm":
        match = _DECIMAL.match(text)
        if match and float(match[1].replace(",", ".")):
            yield name, f"{float(match[1].replace(',', '.')):g}"
    elif name in ("TrackCount", "DiscCount", "Season", "Episode"):
        match = _FIRST_NUMBER.match(text)
        yield name, str(int(match[1])) if match else text
    elif name == "Compilation":
        yield name, _TRUTHS.get(text.lower(), text)
    else:
        yield name, text


def _pair(name: str, text: str) -> Iterator[tuple[str, str]]:
    match = _PAIR.fullmatch(text)
    if match:
        if match[1]:
            yield name, str(int(match[1]))
        if match[2] and int(match[2]):
            yield _COUNTS[name], str(int(match[2]))
        return
    number = re.fullmatch(r"\s*\d{1,9}\s*", text)
    yield name, str(int(text)) if number else text


def _genres(family: Family, text: str) -> Iterator[str]:
    """Numbers of ID3v1 by their names, also in front of a refinement: ``(4)Eurodisco``."""
    if family is Family.ID3V1 or (family is Family.ID3 and text.isascii() and text.isdigit()):
        if int(text) < len(GENRES):
            yield GENRES[int(text)]
        elif family is Family.ID3:
            yield text
        return
    if family not in (Family.ID3, Family.MP4):
        yield text
        return
    at = 0
    while match := _NUMBERED_GENRE.match(text, at):
        number = match[1]
        if number in _LETTERED_GENRES:
            yield _LETTERED_GENRES[number]
        elif int(number) < len(GENRES):
            yield GENRES[int(number)]
        at = match.end()
    # A text that begins with a bracket has it twice.
    rest = text[at:].strip()
    if rest:
        yield rest[1:] if rest.startswith("((") else rest


def _dates(name: str, text: str) -> Iterator[tuple[str, str]]:
    match = _YEAR.match(text)
    if name == "Year" and match:
        yield "Year", match[1] or match[2]
    if name != "Year" or not match or len(text.strip()) > 4:
        yield ("Date" if name == "Year" else name), text.strip()


def _rating(family: Family, text: str) -> Iterator[tuple[str, str]]:
    """Stars, 0 to 5; what is on no known scale stays as it is."""
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        yield "ContentRating", text
        return
    value = float(match[1].replace(",", "."))
    if family is Family.ID3:
        if value:
            # From the middle between two of Explorer's bytes on it is the higher one.
            yield "Rating", str(sum(value >= least for least in (1, 32, 96, 160, 224)))
        return
    if family is Family.ASF:
        # 1, 25, 50, 75 and 99 percent; some writers mean stars.
        yield "Rating", f"{value:g}" if 2 <= value <= 5 or not value else str(min(1 + round(value / 25), 5))
    elif value <= 5:
        yield "Rating", f"{value * 5:g}" if 0 < value < 1 else f"{value:g}"
    elif value <= 100:
        yield "Rating", f"{value / 20:g}"
    else:
        yield "Rating", f"{round(value / 51):g}"
