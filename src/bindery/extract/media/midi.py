"""Standard MIDI files: their length by the tempo map, and the texts of their tracks.

Source: The Complete MIDI 1.0 Detailed Specification, Standard MIDI Files 1.0 (chunks, meta events, time division);
RP-026 (lyrics); Microsoft's RMID form of RIFF.
"""

from __future__ import annotations

import msgspec

from bindery.extract.extraction import ExtractionRequest
from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.media.media_tags import MediaTags
from bindery.extract.media.tag_blocks.raw_tags import Family, RawTags
from bindery.extract.media.tag_blocks.riff import read_riff
from bindery.extract.notes import Note, note
from bindery.extract.reader import RangeReader
from bindery.extract.seven_bits import seven_bit_number
from bindery.file import File

_MOST_BYTES = 2 * 1024 * 1024
"""Bytes of tracks that are read; the longest of songs have some hundred thousand."""
_MOST_EVENTS = 200_000
_MOST_TRACKS = 1_024
_LONGEST_NUMBER = 4
_HEAD, _TRACK = b"MThd", b"MTrk"
_DEFAULT_TEMPO = 500_000
"""Microseconds of a quarter note."""
_META, _SYSTEM_EXCLUSIVE, _CONTINUED = 0xFF, 0xF0, 0xF7
_TEXT, _COPYRIGHT, _NAME, _LYRIC, _TEMPO, _END = 0x01, 0x02, 0x03, 0x05, 0x51, 0x2F
_KEYS = {_TEXT: "Comment", _COPYRIGHT: "Copyright", 0x04: "Instrument", 0x06: "Marker", 0x07: "Cue"}
_ONE_BYTE = (0xC0, 0xD0)
"""Events with one byte of data; the others have two."""


class _Song(msgspec.Struct):
    """What the tracks tell: changes of tempo by tick, and their texts."""

    ticks: int = 0
    tempos: list[tuple[int, int]] = []
    names: list[bytes] = []
    lyrics: list[bytes] = []
    texts: list[tuple[str, bytes]] = []
    events: int = 0
    complete: bool = True


def extract_midi(reader: RangeReader, request: ExtractionRequest) -> Extracted:
    """Duration and texts. Raises Unreadable for what is no Standard MIDI File."""
    raw = RawTags()
    start = 0
    if reader.peek_at(0, 4) == b"RIFF":
        start = reader.peek_at(0, 4096).find(_HEAD)
        read_riff(reader, raw)
    head = reader.peek_at(max(start, 0), 14)
    if start < 0 or len(head) < 14 or not head.startswith(_HEAD):
        raise Unreadable("ParseFailed", "the header of the MIDI file is missing")
    kind, tracks, division = (int.from_bytes(head[at : at + 2], "big") for at in (8, 10, 12))
    song = _read(reader, start + 8 + int.from_bytes(head[4:8], "big"), tracks, in_turn=kind == 2)
    tags = _tags(song, raw)
    file = File(
        format_name="midi",
        format_long_name="Standard MIDI File",
        duration=_seconds(song, division) if song.complete else None,
        title=tags.joined("Title"),
        artist=tags.joined("Artist"),
        tags=tags.all(),
    )
    notes = [*tags.notes]
    if not song.complete:
        notes.append(note(Note.CUT_SHORT, "a track ends before its own end"))
    return Extracted(file=file, media_type="audio", notes=tuple(notes))


def _read(reader: RangeReader, at: int, tracks: int, *, in_turn: bool) -> _Song:
    """All tracks: they sound together, or one after the other."""
    song, left = _Song(), _MOST_BYTES
    for _ in range(min(tracks, _MOST_TRACKS)):
        head = reader.peek_at(at, 8)
        if len(head) < 8:
            song.complete = False
            break
        size = int.from_bytes(head[4:], "big")
        if head[:4] == _TRACK:
            data = reader.peek_at(at + 8, min(size, left))
            left -= len(data)
            base = song.ticks if in_turn else 0
            song.complete &= len(data) == size and _read_track(data, song, base)
        at += 8 + size
    return song


def _read_track(data: bytes, song: _Song, tick: int) -> bool:
    """The events of a track from a tick on; whether it was read to its end."""
    at, status = 0, 0
    try:
        while at < len(data):
            song.events += 1
            if song.events > _MOST_EVENTS:
                return False
            delta, at = seven_bit_number(data, at, _LONGEST_NUMBER)
            tick += delta
            if data[at] & 0x80:
                status, at = data[at], at + 1
            if status == _META:
                kind = data[at]
                length, at = seven_bit_number(data, at + 1, _LONGEST_NUMBER)
                if kind == _END:
                    break
                _read_meta(song, kind, data[at : at + length], tick)
                at += length
            elif status in (_SYSTEM_EXCLUSIVE, _CONTINUED):
                length, at = seven_bit_number(data, at, _LONGEST_NUMBER)
                at += length
            else:
                at += 1 if status & 0xF0 in _ONE_BYTE else 2
    except (IndexError, ValueError):
        return False
    finally:
        song.ticks = max(song.ticks, tick)
    return True


def _read_meta(song: _Song, kind: int, data: bytes, tick: int) -> None:
    if kind == _TEMPO and len(data) >= 3:
        song.tempos.append((tick, int.from_bytes(data[:3], "big")))
    elif kind == _NAME:
        song.names.append(data)
    elif kind == _LYRIC or (kind == _TEXT and song.lyrics and not data.startswith(b"@")):
        song.lyrics.append(data)
    elif kind == _TEXT and data.startswith((b"@L", b"@K", b"@V", b"@I")):
        song.texts.append(("Comment", data[2:]))
    elif kind == _TEXT and data.startswith(b"@T"):
        # Karaoke files: the first is the song, the words follow as plain texts.
        song.names.insert(0, data[2:])
        song.lyrics.append(b"")
    elif kind in _KEYS:
        song.texts.append((_KEYS[kind], data))


def _seconds(song: _Song, division: int) -> float | None:
    """The length, with a tempo for each stretch; or by frames of SMPTE time."""
    if division & 0x8000:
        frames, parts = 256 - (division >> 8), division & 0xFF
        per_second = frames * parts * (1000 / 1001 if frames == 29 else 1)
        return round(song.ticks / per_second, 6) if per_second else None
    if not division:
        return None
    total, last, tempo = 0, 0, _DEFAULT_TEMPO
    for tick, following in sorted(song.tempos, key=lambda change: change[0]):
        total += (tick - last) * tempo
        last, tempo = tick, following
    total += max(song.ticks - last, 0) * tempo
    return round(total / division / 1_000_000, 6)


def _tags(song: _Song, raw: RawTags) -> MediaTags:
    block = raw.block(Family.VORBIS)
    for key, texts in (("TITLE", song.names[:1]), ("TRACKNAME", song.names[1:])):
        raw.add(block, key, *texts)
    for key, text in song.texts:
        raw.add(block, key, text)
    if song.lyrics:
        raw.add(block, "MIDILYRICS", b"".join(song.lyrics).replace(b"/", b"\n").replace(b"\\", b"\n\n"))
    return MediaTags(raw)
