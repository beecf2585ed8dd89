"""What headers tell of sound that libav does not open, or opens only without the ID3 tag in front."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.extract.media.test_frame_counts import FRAME, info
from tests.extract.media.test_tag_blocks import ape, flac, frame, guided, id3, id3v1, tags_of
from tests.extract.media_probe import SOUND, audio_of, ffmpeg

from bindery.extract.extractor import Unreadable
from bindery.extract.media.header_durations import asf_duration, dsdiff_duration, header_duration
from bindery.extract.tags.tiff import Memory
from bindery.extract.text.tag_charset import likely_tag_charset

STREAMINFO = (
    struct.pack(">HH", 4096, 4096)
    + bytes(6)
    + (44_100 << 44 | 1 << 41 | 15 << 36 | 88_200).to_bytes(8, "big")
    + bytes(16)
)
PROPERTIES = (
    bytes(16) + struct.pack("<Q", 134) + bytes(16) + struct.pack("<QQQ", 50_000_000, 0, 2_000) + bytes(16)
)
ASF = guided(
    "3026b2758e66cf11a6d900aa0062ce6c",
    struct.pack("<IBB", 1, 1, 2) + guided("a1dcab8c47a9cf118ee400c00c205365", PROPERTIES),
)
PAGE = b"OggS\0\2" + bytes(20) + b"\1\x1e"
LAST = b"OggS\0\4" + struct.pack("<q", 96_312) + bytes(12) + b"\0"
HEADERS: dict[str, tuple[bytes, float]] = {
    "FLAC": (b"fLaC\x80\0\0\x22" + STREAMINFO, 2.0),
    "ASF": (ASF, 3.0),
    "Monkey's Audio 3.99": (
        b"MAC \x96\x0f" + bytes(50) + struct.pack("<IIIHHI", 73_728, 14_472, 2, 16, 2, 44_100) + bytes(4), 2.0,
    ),
    "Monkey's Audio 3.95": (
        b"MAC " + struct.pack("<HHHHIIIII", 3_950, 2_000, 0, 2, 44_100, 0, 0, 1, 88_200) + bytes(52), 2.0,
    ),
    "Musepack SV7": (b"MP+\x07" + struct.pack("<I", 100) + bytes(24), 100 * 1152 / 44_100),
    "OptimFROG": (b"OFR " + struct.pack("<IIHBBI", 15, 176_400, 0, 3, 1, 44_100) + bytes(60), 2.0),
    "Vorbis": (PAGE + b"\x01vorbis" + struct.pack("<IBI", 0, 2, 48_156) + bytes(14) + LAST, 2.0),
    "Opus": (PAGE + b"OpusHead\1\2" + struct.pack("<HIhB", 312, 48_000, 0, 0) + bytes(11) + LAST, 2.0),
    "an MP3 of one frame": (info(1_000), 1_000 * 1152 / 44_100),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str) -> None:
    content, seconds = HEADERS[name]
    assert header_duration(Memory(content)) == pytest.approx(seconds, abs=1e-6)
    assert header_duration(Memory(id3(frame(b"TIT2", b"\3T")) + content)) == pytest.approx(
        seconds, abs=1e-6
    )
    for length in range(len(content)):
        header_duration(Memory(content[:length]))


def test_a_file_that_fails_tells_what_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "a.wma"
    path.write_bytes(ASF)
    with pytest.raises(Unreadable) as failure:
        audio_of(path)
    assert failure.value.found is not None
    assert failure.value.found.file.duration == 3.0


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.wav", "audio/x-wav"),
        ("a.flac", "audio/flac"),
        ("a.ogg", "audio/ogg"),
        ("a.aiff", "audio/aiff"),
        ("a.wv", "audio/x-wavpack"),
        ("a.tta", "audio/x-tta"),
    ],
)
def test_an_id3_tag_in_front_of_other_sound(tmp_path: Path, name: str, content_type: str) -> None:
    path = tmp_path / name
    ffmpeg(*SOUND, path)
    # Cut off in the middle of a frame, so that libav finds no MP3 behind it by chance.
    path.write_bytes(id3(frame(b"TIT2", b"\3Front"), frame(b"PRIV", bytes(3_000))) + path.read_bytes())
    found = audio_of(path)
    assert (found.content_type, found.file.title) == (content_type, "Front")
    assert found.file.duration == pytest.approx(1.0, abs=0.05)


def test_tags_behind_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"U" * 128 + id3v1("Björk".encode("latin-1"), b"B"))
    with pytest.raises(Unreadable) as failure:
        audio_of(path)
    assert failure.value.found is not None
    assert failure.value.found.file.title == "Björk"
    path.write_bytes(b"?" * 2_000 + FRAME * 200 + ape((b"Title", b"T")))
    assert audio_of(path).file.title == "T"


def test_a_comment_with_a_description() -> None:
    gain = frame(b"COMM", b"\0engiTunNORM\x00 000001")
    described = frame(b"COMM", b"\0engabout\0Good")
    plain = frame(b"COMM", b"\0eng\0Plain")
    assert tags_of(id3(gain, described) + FRAME).get("Comment") == ("Good",)
    assert tags_of(id3(gain, described, plain) + FRAME).get("Comment") == ("Plain",)
    assert "Comment" not in tags_of(id3(gain) + FRAME)


def test_an_asf_file_that_grew() -> None:
    """Its tags were written anew, and the size in its header was not."""
    assert asf_duration(Memory(ASF)) is None
    assert asf_duration(Memory(ASF + bytes(9))) == 3.0
    broadcast = bytearray(ASF + bytes(9))
    broadcast[30 + 24 + 64] |= 1
    assert asf_duration(Memory(bytes(broadcast))) is None


def test_comments_of_a_block_that_is_too_short() -> None:
    content = bytearray(flac(b"TITLE=T", b"ARTIST=Anna"))
    content[7] -= 14
    assert tags_of(bytes(content)) == {"Artist": ("Anna",), "Encoder": ("libX",), "Title": ("T",)}


def test_tags_of_dsdiff_are_no_sound() -> None:
    properties = (
        b"SND " + long_chunk(b"FS  ", struct.pack(">I", 2_822_400)) + long_chunk(b"CHNL", b"\0\2SLFTSRGT")
    )
    sound = long_chunk(b"DSD ", bytes(70_560))
    body = b"DSD " + long_chunk(b"PROP", properties) + sound + long_chunk(b"ID3 ", bytes(9_000))
    assert dsdiff_duration(Memory(long_chunk(b"FRM8", body))) == 0.1
    assert dsdiff_duration(Memory(b"FRM8")) is None


def long_chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack(">Q", len(content)) + content


def test_a_dot_within_a_word_is_rare() -> None:
    """E1 is an acute a in windows-1252, and a dot in Mac OS Roman."""
    names = [
        "Janelle Mon\xe1e",
        "Janelle Mon\xe1e/Roman Gianarthur/Nate Wonder",
        "J. Mon\xe1e Robinson/R. GianArthur",
    ]
    assert likely_tag_charset([name.encode("latin-1") for name in names]) == "cp1252"
