"""The tags of a media file under their known names: those of its own tag blocks, and what else libav tells.

Each name has the values of the first block that knows it, so that a shorter copy (ID3v1) only fills gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bindery.extract.media.language_codes import declared_language
from bindery.extract.media.tag_blocks.known_names import known_name
from bindery.extract.media.tag_blocks.raw_tags import Block, Family, RawTag, RawTags
from bindery.extract.media.tag_blocks.values import refined
from bindery.extract.notes import Note, note
from bindery.extract.tags.tag_set import TagSet
from bindery.extract.tags.xmp import XmpProperties, read_xmp
from bindery.extract.tags.xmp_tags import KNOWN_NAMES, add_xmp_tags
from bindery.extract.text.tag_charset import decode_tag, is_utf8, likely_tag_charset

TEXT_LIMIT = 64 * 1024
"""Longest text of one field, in characters."""
_TECHNICAL = frozenset(
    {
        "major_brand", "minor_version", "compatible_brands", "creation_time", "handler_name", "vendor_id", "language",
        "rotate", "timecode", "duration", "variant_bitrate", "id3v2_priv", "datarate", "framerate", "audiodatarate",
        "videodatarate", "filesize", "width", "height", "canseekontime", "audiocodecid", "videocodecid",
        "hasvideo", "hasaudio", "hasmetadata", "haskeyframes", "lasttimestamp", "lastkeyframetimestamp",
        "metadatacreator", "date", "audiodelay", "audiosize", "videosize", "datasize", "canseektoend", "hascuepoints",
        "lastkeyframelocation", "stereo", "size",
    }
)  # fmt: skip
"""What libav tells beside tags: facts of streams, which have fields of their own."""
_SAYS_NOTHING = frozenset(
    {"", "videohandler", "soundhandler", "subtitlehandler", "datahandler", "mainc", "sound"}
)
_XMP_FIELDS = {
    "dc:title": "Title",
    "xmpDM:artist": "Artist",
    "xmpDM:album": "Album",
    "xmpDM:composer": "Composer",
}
_HIDDEN = frozenset({"Lyrics", "CreationDate"})
"""Kept in fields of their own."""


class MediaTags:
    """Tags of a file by name, and what its readers have to say."""

    def __init__(self, raw: RawTags, libav: Iterable[Mapping[str, str]] = ()) -> None:
        self._set = TagSet()
        self._long: dict[str, list[str]] = {}
        self._raw: dict[str, str] = {}
        self.notes: list[str] = []
        self.xmp: XmpProperties = read_xmp(raw.xmp) if raw.xmp else {}
        blocks = [*raw.blocks, *map(_libav_block, libav)]
        charset = self._charset(blocks)
        known: set[str] = set()
        for block in blocks:
            known |= self._add(block, charset, known)
        self._add_xmp(known)
        if raw.left_out or self._set.left_out:
            self.notes.append(note(Note.PART_SKIPPED, "the file has more tags than are read"))

    def values(self, name: str) -> list[str]:
        """All values of a known name."""
        return self._long.get(name, [])

    def joined(self, *names: str) -> str | None:
        """The values of the first name that has some, as one text."""
        found = next((self._long[name] for name in names if name in self._long), None)
        return "; ".join(found)[:TEXT_LIMIT] if found else None

    def raw(self, *keys: str) -> str | None:
        """The first of some keys as the container has them."""
        return next((self._raw[key] for key in keys if key in self._raw), None)

    def add(self, name: str, *values: str) -> None:
        """Further tags, which stand in no block."""
        self._set.add(name, *values)

    def all(self) -> dict[str, tuple[str, ...]] | None:
        """Everything for the field Tags."""
        return self._set.all()

    def _charset(self, blocks: list[Block]) -> str:
        texts = [value for block in blocks for _, value in block.tags if isinstance(value, bytes)]
        unknown = [text for text in texts if not is_utf8(text)]
        charset = likely_tag_charset(unknown) if unknown else "cp1252"
        if charset != "cp1252":
            self.notes.append(note(Note.CHARSET_GUESSED, f"tags without a charset are read as {charset}"))
        return charset

    def _add(self, block: Block, charset: str, known: set[str]) -> set[str]:
        names: set[str] = set()
        for key, value in block.tags:
            text = (value if isinstance(value, str) else decode_tag(value, charset)).strip(
                "\0 \t\r\n\ufeff"
            )
            self._raw.setdefault(key, text)
            for name, refined_text in refined(block.family, known_name(block.family, key), text):
                if refined_text and name not in known:
                    names.add(name)
                    self._keep(name, refined_text[:TEXT_LIMIT])
        return names

    def _add_xmp(self, known: set[str]) -> None:
        """Properties of the packet, where the container itself does not say the same."""
        names = KNOWN_NAMES | _XMP_FIELDS
        rest: dict[str, list[str]] = {}
        for name, values in self.xmp.items():
            if names.get(name) in _XMP_FIELDS.values():
                for value in values if names[name] not in known else ():
                    self._keep(names[name], value)
            elif names.get(name) not in known:
                rest[name] = list(values)
        add_xmp_tags(self._set, rest)

    def _keep(self, name: str, text: str) -> None:
        held = self._long.setdefault(name, [])
        if text not in held:
            held.append(text)
        if name not in _HIDDEN:
            self._set.add(name, text)


def _libav_block(source: Mapping[str, str]) -> Block:
    """What libav tells under its own names; bytes that are not UTF-8 come as surrogates."""
    block = Block(Family.LIBAV, [])
    for key, value in source.items():
        if key.lower() in _TECHNICAL and not (key.lower() == "date" and value[:4].isdigit()):
            continue
        block.tags.append(RawTag(_clean(key), _text_or_bytes(value)))
    return block


def _text_or_bytes(value: str) -> str | bytes:
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape")
    return value


def add_stream_tags(tags: MediaTags, streams: Iterable[Mapping[str, str]], chapters: Iterable[str]) -> None:
    """What streams and chapters say of themselves: titles, languages, names of their handlers."""
    for metadata in streams:
        texts = {key.lower(): _clean(value) for key, value in metadata.items()}
        if texts.get("title"):
            tags.add("StreamTitle", texts["title"])
        tags.add("StreamLanguage", declared_language(texts.get("language")) or "")
        handler = texts.get("handler_name", "").strip("\0 ")
        if handler.lower() not in _SAYS_NOTHING:
            tags.add("HandlerName", handler)
    tags.add("ChapterTitle", *map(_clean, chapters))


def _clean(text: str) -> str:
    return text if text.isascii() else decode_tag(text.encode("utf-8", "surrogateescape"), "cp1252")
