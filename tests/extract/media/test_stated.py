"""What headers state and libav does not tell: files that are cut short, durations, languages, channels, covers."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image
from tests.extract.media.test_tag_blocks import ape, box, element
from tests.extract.media_probe import PICTURES, SOUND, audio_of, ffmpeg, video_of

from bindery.extract.extractor import Extracted, Unreadable
from bindery.extract.media.cut_short import is_cut_short
from bindery.extract.media.durations import dsf_duration, latm_duration, musepack_duration, ogg_duration
from bindery.extract.media.tracks import mpegh_channels, track_languages
from bindery.extract.tags.tiff import Memory

SOUNDS = ("wav", "aiff", "wma", "mp3", "ogg", "opus", "flac", "caf", "au")


def notes_of(path: Path) -> tuple[str, ...]:
    try:
        found: Extracted | None = video_of(path)
    except Unreadable as error:
        found = error.found
    return found.notes if found else ()


@pytest.mark.parametrize(
    "name",
    [
        *("a.mp4", "front.mp4", "a.mov", "a.mkv", "a.avi", "a.wav", "a.aiff", "a.wma", "a.mp3"),
        *("a.ogg", "a.opus", "a.flac", "a.flv", "a.caf", "a.au", "a.ts"),
    ],
)
def test_a_file_that_is_cut_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sources = SOUND if name.endswith(SOUNDS) else (*PICTURES, *SOUND)
    front = ("-movflags", "faststart") if name == "front.mp4" else ()
    ffmpeg(*sources, *front, path)
    assert notes_of(path) == ()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3 | 1])
    assert notes_of(path) == ("CutShort: the file ends before its own header says",)


@pytest.mark.parametrize(
    "head",
    [
        # Streams whose writer could not know the size.
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + bytes(16) + b"data\xff\xff\xff\xff" + bytes(50),
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(50),
        b"\0\0\0\x10ftypisom" + bytes(4) + b"\0\0\0\0mdat" + bytes(50),
        # A size that is wrong in one place only.
        b"RIFF\0\1\0\0WAVEdata\x32\0\0\0" + bytes(50) + b"LIST\4\0\0\0INFO",
        b"ID3",
        b"",
    ],
)
def test_what_is_whole_or_unknown_does_not(head: bytes) -> None:
    assert not is_cut_short(Memory(head)) or head.startswith(b"RIFF\0\1")
    for length in range(len(head)):
        is_cut_short(Memory(head[:length]))


def test_ends_that_need_a_look(tmp_path: Path) -> None:
    """The last page, frame and tag."""
    for name in ("a.ogg", "a.flac", "a.flv"):
        path = tmp_path / name
        limits = ("-flvflags", "no_duration_filesize") if name == "a.flv" else ()
        ffmpeg(*(PICTURES if name == "a.flv" else SOUND), *limits, path)
        content = path.read_bytes()
        assert not is_cut_short(Memory(content)), name
        assert is_cut_short(Memory(content[: len(content) * 9 // 10])), name
    # The whole of it, with tags behind.
    flac = (tmp_path / "a.flac").read_bytes()
    assert not is_cut_short(Memory(flac + b"TAG" + bytes(125)))
    # Sizes that their writer did not know.
    assert not is_cut_short(Memory(b".snd\0\0\0\x18\xff\xff\xff\xff" + bytes(40)))
    assert not is_cut_short(Memory(b"caff\0\1\0\0data" + b"\xff" * 8 + bytes(40)))
    for content in (
        b"OggS",
        b"fLaC",
        b"FLV\1",
        b"caff",
        b".snd",
        b"\x47",
        b"fLaC" + bytes(40),
        b"FLV\1" + bytes(40),
    ):
        is_cut_short(Memory(content))


def test_durations() -> None:
    # 44,100 samples of which 4,410 are silence, at 44.1 kHz.
    head = b"SH" + bytes((20,)) + bytes(4) + b"\x08" + b"\x82\xd8\x44" + b"\xa2\x3a" + b"\0\0"
    assert musepack_duration(Memory(b"MPCK" + head + bytes(60))) == 0.9
    form = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 2, 2, 2_822_400, 1, 1_411_200, 4096, 0)
    assert dsf_duration(Memory(b"DSD " + bytes(24) + form)) == 0.5
    speex = b"Speex   " + b"1.2".ljust(20, b"\0") + struct.pack("<3i", 1, 80, 16_000)
    pages = (
        b"OggS"
        + bytes(22)
        + b"\1\x50"
        + speex
        + bytes(80)
        + b"OggS\0\4"
        + struct.pack("<q", 40_000)
        + bytes(20)
    )
    assert ogg_duration(Memory(pages)) == 2.5
    # Of 48,000 samples at 48 kHz Opus skips 4,800 here, and 312 mostly.
    last = b"OggS\0\4" + struct.pack("<q", 48_000) + bytes(20)
    opus = [
        b"OggS" + bytes(24) + b"OpusHead\1\1" + struct.pack("<H", skip) + bytes(99) for skip in (4_800, 312)
    ]
    assert [ogg_duration(Memory(head + last)) for head in opus] == [0.9, None]
    frame = b"\x56\xe0\x0a" + bytes(10)
    assert latm_duration(Memory(frame * 100), 48_000) == pytest.approx(100 * 1024 / 48_000, abs=1e-6)
    assert latm_duration(Memory(frame * 5_000), 48_000) == pytest.approx(5_000 * 1024 / 48_000, abs=1e-6)
    for read in (musepack_duration, dsf_duration, ogg_duration):
        assert read(Memory(b"")) is None


def test_languages_of_bcp_47_count() -> None:
    entries = [
        element(0xAE, element(0x22B59C, b"por"), element(0x22B59D, tag)) for tag in (b"pt-BR", b"zh-Hant")
    ]
    segment = element(0x18538067, element(0x1654AE6B, element(0xAE, element(0x22B59C, b"eng")), *entries))
    matroska = element(0x1A45DFA3, b"") + segment
    assert track_languages(Memory(matroska), "matroska,webm") == {1: "pt-BR", 2: "zh-Hant"}
    tracks = [box(b"trak", box(b"mdia", box(b"elng", bytes(4), tag))) for tag in (b"fr-CA\0", b"sr-Latn\0")]
    movie = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", *tracks)
    assert track_languages(Memory(movie), "mov,mp4,m4a,3gp,3g2,mj2") == {0: "fr-CA", 1: "sr-Latn"}


def test_a_language_of_bcp_47_wins(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    ffmpeg(*SOUND, "-metadata:s:a:0", "language=por", path)
    content = path.read_bytes()
    # A name of the same length in the place of the code's: LanguageBCP47 instead of Language.
    at = content.index(b"\x22\xb5\x9c\x83por")
    path.write_bytes(content[:at] + b"\x22\xb5\x9d\x83yue" + content[at + 7 :])
    streams = audio_of(path).file.audio_streams
    assert streams is not None
    assert streams[0].language == "yue"


def test_channels_of_mpeg_h() -> None:
    described = box(b"stsd", bytes(8), box(b"mhm1", bytes(28), box(b"mhaC", b"\1\x0d\x06\0\0")))
    movie = box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", described)))))
    assert mpegh_channels(Memory(movie)) == {0: 6}


def test_covers_of_ape_tags(tmp_path: Path) -> None:
    path, picture = tmp_path / "a.mp3", tmp_path / "cover.png"
    ffmpeg(*SOUND, path)
    Image.new("RGB", (31, 17)).save(picture)
    tag = bytearray(ape((b"Cover Art (Front)", b"cover.png\0" + picture.read_bytes()), (b"Title", b"T")))
    tag[4] = 2  # binary
    path.write_bytes(path.read_bytes() + tag)
    file = audio_of(path).file
    assert file.audio_covers is not None
    assert [(cover.image_width, cover.image_height) for cover in file.audio_covers] == [(31, 17)]
