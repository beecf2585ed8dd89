"""Standard MIDI files made event by event: length by the tempo map, texts, and what is cut."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.extract.document_samples import extract_bytes

END = b"\0\xff\x2f\0"


def midi(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    head = b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)
    return head + b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)


def meta(kind: int, data: bytes, delta: bytes = b"\0") -> bytes:
    return delta + bytes((0xFF, kind, len(data))) + data


def tempo(microseconds: int, delta: bytes = b"\0") -> bytes:
    return meta(0x51, microseconds.to_bytes(3, "big"), delta)


QUARTER, HALF = b"\x83\x60", b"\x87\x40"
"""480 and 960 ticks."""
NOTE = b"\0\x90\x40\x40" + QUARTER + b"\x40\0"
"""A note of a quarter, which ends by running status."""

CASES = [
    # Two quarters of half a second, the tempo when none is told.
    (midi(NOTE + NOTE + END), 1.0),
    # A quarter of a second, then two of a quarter second, in another track than the notes.
    (midi(tempo(1_000_000) + tempo(250_000, QUARTER) + END, NOTE * 3 + END), 1.5),
    # Tracks one after the other.
    (midi(NOTE + END, NOTE + NOTE + END, kind=2), 1.5),
    # 25 frames a second, 40 parts a frame: 960 ticks.
    (midi(HALF + b"\xc0\x05" + END, division=0xE728), 0.96),
    # A system exclusive message between the notes.
    (midi(NOTE + b"\0\xf0\x03\x01\x02\xf7" + NOTE + END), 1.0),
]


@pytest.mark.parametrize(("content", "seconds"), CASES)
def test_duration(tmp_path: Path, content: bytes, seconds: float) -> None:
    found = extract_bytes(tmp_path, "song.mid", content)
    assert (found.failure, found.file.media_type, found.file.content_type) == (None, "audio", "audio/midi")
    assert found.file.duration == pytest.approx(seconds, abs=1e-6)
    assert found.file.extraction_notes is None


def test_texts(tmp_path: Path) -> None:
    texts = meta(3, "Für Elise".encode("latin-1")) + meta(2, b"1810") + meta(5, b"la ") + meta(5, b"la")
    found = extract_bytes(tmp_path, "a.mid", midi(texts + NOTE + END, meta(3, b"Piano") + END)).file
    assert found.title == "Für Elise"
    assert found.tags == {
        "Copyright": ("1810",),
        "MIDILYRICS": ("la la",),
        "TRACKNAME": ("Piano",),
        "Title": ("Für Elise",),
    }


def test_within_riff(tmp_path: Path) -> None:
    song = midi(NOTE + END)
    body = b"RMIDdata" + struct.pack("<I", len(song)) + song
    found = extract_bytes(tmp_path, "a.rmi", b"RIFF" + struct.pack("<I", len(body)) + body)
    assert (found.failure, found.file.duration) == (None, 0.5)


def test_a_song_that_is_cut_says_so(tmp_path: Path) -> None:
    content = midi(NOTE * 40 + END)
    for length in range(14, len(content) - 8, 16):
        found = extract_bytes(tmp_path, "a.mid", content[:length])
        assert (found.failure, found.file.duration) == (None, None)
        assert found.file.extraction_notes == ("CutShort: a track ends before its own end",)
    found = extract_bytes(tmp_path, "a.mid", content[:10])
    assert found.failure == "ParseFailed: the header of the MIDI file is missing"
