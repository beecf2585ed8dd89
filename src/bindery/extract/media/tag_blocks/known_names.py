"""Which tag means what: for each kind of tag block its keys, and the known name each stands for.

Source: ID3v2.4.0-frames and its forerunners; the table of MusicBrainz Picard (picard-docs.musicbrainz.org, Tag
mapping) for words of Vorbis comments, APE, Matroska, ASF and the free forms of MP4; QuickTime File Format
Specification; Microsoft's RIFF INFO and WM/ attributes; EBU Tech 3285.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bindery.extract.media.tag_blocks.raw_tags import Family

_PLAIN = re.compile(r"[^a-z0-9\u0080-\U0010ffff]")

_WORDS = {
    "Title": "title inam",
    "Artist": "artist author",
    "AlbumArtist": "albumartist ensemble",
    "Album": "album albumtitle",
    "Composer": "composer music",
    "Performer": "performer performers leadperformer",
    "Lyrics": "lyrics unsyncedlyrics unsynchronisedlyrics unsynchronizedlyrics",
    "Conductor": "conductor",
    "Lyricist": "lyricist writer writtenby textwriter",
    "Remixer": "remixer mixartist remixedby modifiedby",
    "Arranger": "arranger",
    "Producer": "producer producedby",
    "Contributor": "contributor",
    "Genre": "genre genres",
    "Mood": "mood",
    "Grouping": "grouping contentgroup contentgroupdescription",
    "Subtitle": "subtitle setsubtitle",
    "Comment": "comment comments",
    "Description": "description longdescription ldes synopsis podcastdescription summary",
    "Copyright": "copyright copyrightmessage",
    "Language": "language",
    "Keywords": "keywords keyword",
    "TrackNumber": "tracknumber track tracknum partnumber",
    "TrackCount": "tracktotal totaltracks trackcount trackc",
    "DiscNumber": "discnumber disc disk disknumber partofset",
    "DiscCount": "disctotal totaldiscs disccount discc totaldisks",
    "Year": "year date recordeddate releasedate daterelease daterecorded recordingdate releaseyear",
    "OriginalDate": "originaldate originalreleasedate originalyear originalreleaseyear",
    "Bpm": "bpm tempo beatsperminute",
    "Isrc": "isrc",
    "Barcode": "barcode ean upc eanupc",
    "CatalogNumber": "catalognumber catalog",
    "RecordLabel": "label recordlabel",
    "Publisher": "publisher organization organisation",
    "Rating": "rating fmpsrating shareduserrating",
    "Compilation": "compilation iscompilation itunescompilation",
    "Encoder": "encoder encodersettings encodingsettings encodedusing tool encodingtool vendor "
    "encodingapplication generatedby",
    "EncodedBy": "encodedby",
    "Software": "software creatortool",
    "Make": "make manufacturer androidmanufacturer",
    "Model": "model androidmodel cameramodel",
    "Show": "show tvshow seriestitle seriesname",
    "Season": "tvseason season seasonnumber",
    "Episode": "tvepisode episode episodesort episodenumber",
    "EpisodeId": "episodeid tvepisodeid",
    "Network": "network tvnetwork mediastationname",
    "Narrator": "narrator",
    "Series": "series moviename movementname",
    "MusicBrainzTrackId": "musicbrainztrackid",
    "MusicBrainzAlbumId": "musicbrainzalbumid",
    "MusicBrainzArtistId": "musicbrainzartistid",
    "MusicBrainzAlbumArtistId": "musicbrainzalbumartistid",
    "MusicBrainzReleaseGroupId": "musicbrainzreleasegroupid",
    "AcoustidId": "acoustidid",
    "ContentIdentifier": "contentidentifier comapplequicktimecontentidentifier",
}
_BY_WORD = {word: name for name, words in _WORDS.items() for word in words.split()}

_ID3 = {
    "TIT2": "Title", "TT2": "Title", "TPE1": "Artist", "TP1": "Artist", "TPE2": "AlbumArtist",
    "TP2": "AlbumArtist", "TALB": "Album", "TAL": "Album", "TCOM": "Composer", "TCM": "Composer",
    "TPE3": "Conductor", "TP3": "Conductor", "TPE4": "Remixer", "TP4": "Remixer", "USLT": "Lyrics",
    "SYLT": "Lyrics", "TCON": "Genre", "TCO": "Genre", "TIT1": "Grouping", "TT1": "Grouping", "GRP1": "Grouping",
    "TIT3": "Subtitle", "TT3": "Subtitle", "TSST": "Subtitle", "TEXT": "Lyricist", "TXT": "Lyricist",
    "TPUB": "Publisher", "TPB": "Publisher", "TCOP": "Copyright", "TCR": "Copyright", "COMM": "Comment",
    "TRCK": "TrackNumber", "TRK": "TrackNumber", "TPOS": "DiscNumber", "TPA": "DiscNumber", "TYER": "Year",
    "TYE": "Year", "TDRC": "Year", "TDRL": "Year", "TDOR": "OriginalDate", "TORY": "OriginalDate",
    "TOR": "OriginalDate", "TBPM": "Bpm", "TBP": "Bpm", "TSRC": "Isrc", "TRC": "Isrc", "TLAN": "Language",
    "TLA": "Language", "TMOO": "Mood", "TCMP": "Compilation", "TCP": "Compilation", "TENC": "EncodedBy",
    "TEN": "EncodedBy", "TSSE": "Encoder", "TSS": "Encoder", "POPM": "Rating", "TKWD": "Keywords",
    "TDES": "Description", "TCAT": "Category", "MVNM": "Series", "UFID:http://musicbrainz.org": "MusicBrainzTrackId",
}  # fmt: skip
_ID3_PEOPLE = {
    "arranger": "Arranger", "producer": "Producer", "lyricist": "Lyricist", "writer": "Lyricist",
    "composer": "Composer", "conductor": "Conductor", "mix": "Remixer", "remixer": "Remixer", "narrator": "Narrator",
}  # fmt: skip
_MP4 = {
    "\xa9nam": "Title", "titl": "Title", "\xa9ART": "Artist", "perf": "Artist", "auth": "Creator",
    "\xa9aut": "Artist", "aART": "AlbumArtist", "\xa9alb": "Album", "albm": "Album", "\xa9wrt": "Composer",
    "\xa9com": "Composer", "\xa9prf": "Performer", "\xa9con": "Conductor", "\xa9lyr": "Lyrics",
    "\xa9gen": "Genre", "gnre": "Genre", "\xa9grp": "Grouping", "\xa9cmt": "Comment", "\xa9inf": "Comment",
    "\xa9des": "Description", "desc": "Description", "ldes": "Description", "dscp": "Description",
    "cprt": "Copyright", "\xa9cpy": "Copyright", "\xa9key": "Keywords", "keyw": "Keywords", "kywd": "Keywords",
    "trkn": "TrackNumber", "\xa9trk": "TrackNumber", "disk": "DiscNumber", "\xa9day": "Year", "yrrc": "Year",
    "tmpo": "Bpm", "cpil": "Compilation", "\xa9too": "Encoder", "\xa9enc": "EncodedBy", "\xa9swr": "Software",
    "\xa9mak": "Make", "\xa9mod": "Model", "tvsh": "Show", "tvsn": "Season", "tves": "Episode",
    "tven": "EpisodeId", "tvnn": "Network", "catg": "Category", "\xa9pub": "Publisher", "\xa9prd": "Producer",
    "\xa9arg": "Arranger", "\xa9nrt": "Narrator", "\xa9st3": "Subtitle", "\xa9mvn": "Series",
    "\xa9isr": "Isrc", "\xa9lab": "RecordLabel",
    "com.apple.quicktime.displayname": "Title", "com.apple.quicktime.author": "Artist",
    "com.apple.quicktime.creator": "Creator", "com.android.manufacturer": "Make", "com.android.model": "Model",
    "com.apple.quicktime.camera.identifier": "CameraIdentifier", "com.apple.quicktime.rating.user": "Rating",
    "NonRealTimeMeta:Manufacturer": "Make", "NonRealTimeMeta:Model": "Model", "NonRealTimeMeta:Lens": "LensModel",
    "com.apple.quicktime.camera.lens_model": "LensModel",
}  # fmt: skip
_RIFF = {
    "INAM": "Title", "TITL": "Title", "IART": "Artist", "IPRD": "Album", "IALB": "Album", "IMUS": "Composer",
    "IWRI": "Lyricist", "ISTR": "Performer", "IGNR": "Genre", "ICMT": "Comment", "COMM": "Comment",
    "ICOP": "Copyright", "IKEY": "Keywords", "ITRK": "TrackNumber", "IPRT": "TrackNumber", "TRCK": "TrackNumber",
    "IFRM": "TrackCount", "ICRD": "Year", "YEAR": "Year", "ISFT": "Encoder", "ISBJ": "Subject", "ISRC": "Source",
    "ILNG": "Language", "IENG": "Engineer", "IPRO": "Producer", "IPUB": "Publisher", "IRTD": "Rating",
    "ISTD": "Company", "ITCH": "EncodedBy", "IBPM": "Bpm", "ecor": "Make", "emdl": "Model",
    "bext:Description": "Description", "bext:Originator": "Creator",
}  # fmt: skip
_ASF = {"Author": "Artist", "WM/SubTitle": "Subtitle", "WM/Track": "", "WM/TrackNumber": "TrackNumber"}
_AIFF = {
    "NAME": "Title", "AUTH": "Artist", "(c) ": "Copyright", "ANNO": "Comment", "DITI": "Title", "DIAR": "Artist",
}  # fmt: skip
_CHUNKS = {
    "NAME": "Title", "AUTH": "Artist", "(c) ": "Copyright", "ANNO": "Comment", "COMT": "Comment", "ALBM": "Album",
    "MUSC": "Composer", "WORD": "Lyricist", "ARNG": "Arranger", "PROD": "Producer", "REMX": "Remixer",
    "CDCT": "Conductor", "TRCK": "TrackNumber", "DATE": "Year", "GENR": "Genre", "LYRC": "Lyrics",
    "LABL": "RecordLabel", "key signature": "Key",
}  # fmt: skip
_FLASH = {"creator": "Encoder", "metadatacreator": "Encoder", "sourcedata": "Source"}
_LIBAV = {"service_name": "Show", "service_provider": "Network", "author": "Artist", "creator": "Encoder"}
_TABLES = {
    Family.ID3: _ID3, Family.MP4: _MP4, Family.RIFF: _RIFF, Family.ASF: _ASF, Family.AIFF: _AIFF,
    Family.LIBAV: _LIBAV, Family.CHUNKS: _CHUNKS, Family.FLASH: _FLASH,
}  # fmt: skip
_WORDED = frozenset(
    {
        Family.ID3V1,
        Family.APE,
        Family.VORBIS,
        Family.ASF,
        Family.MATROSKA,
        Family.LIBAV,
        Family.FLASH,
        Family.REAL,
        Family.CHUNKS,
        Family.MODULE,
    }
)
"""Kinds whose keys are words."""
_FREE_FORMS = {"TXXX:": Family.ID3, "----:": Family.MP4}
_QUICKTIME = ("com.apple.quicktime.", "com.android.")
_PEOPLE = ("TIPL:", "TMCL:", "IPLS:", "IPL:")


@lru_cache(maxsize=4096)
def known_name(family: Family, key: str) -> str:
    """The known name of a key, such as Genre; where it has none, the key without what says only its kind."""
    table = _TABLES.get(family, {})
    if key in table:
        return table[key] or key
    if family in _WORDED:
        return _by_word(key.removeprefix("WM/").removeprefix("wm/")) or key
    for mark in _FREE_FORMS:
        if key.startswith(mark):
            bare = key.removeprefix(mark)
            return _by_word(bare) or bare or key
    if key.startswith(_PEOPLE):
        kind, _, role = key.partition(":")
        return _ID3_PEOPLE.get(role.lower(), f"{kind}:{role}")
    prefix = next((one for one in _QUICKTIME if key.startswith(one)), None)
    return (_by_word(key.removeprefix(prefix)) or key) if prefix else key


def _by_word(key: str) -> str | None:
    return _BY_WORD.get(_PLAIN.sub("", key.lower()))
