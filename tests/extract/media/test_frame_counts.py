"""Lengths by frames: counted whole, told by the encoder, or estimated from pieces."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.extract.media.test_tag_blocks import FRAME, ape, frame, id3, id3v1
from tests.extract.media_probe import SOUND, audio_of, ffmpeg

from bindery.extract.media.frame_counts import Length, adts_length, counted_length, mpeg_length
from bindery.extract.media.id3_tags import id3_end
from bindery.extract.tags.tiff import Memory

SECONDS = 1152 / 44_100
"""Of FRAME, which has 128 kbit/s at 44.1 kHz and 417 bytes."""
SHORT = b"\xff\xfb\x50\x00" + bytes(204)
"""64 kbit/s, 208 bytes."""


def info(frames: int) -> bytes:
    return (FRAME[:36] + b"Info\0\0\0\1" + frames.to_bytes(4, "big")).ljust(len(FRAME), b"\0")


def vbri(frames: int) -> bytes:
    return (FRAME[:36] + b"VBRI" + bytes(10) + frames.to_bytes(4, "big")).ljust(len(FRAME), b"\0")


def adts(size: int) -> bytes:
    """Low complexity at 48 kHz."""
    return bytes(
        (0xFF, 0xF1, 0x4C, 0x80 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC)
    ) + bytes(size - 7)


TAG = id3(frame(b"TIT2", b"\3T"))
COUNTED: dict[str, tuple[bytes, int]] = {
    "frames alone": (FRAME * 10, 10),
    "of two rates": (FRAME * 10 + SHORT * 5, 15),
    "between tags": (TAG + FRAME * 10 + ape((b"Title", b"T")) + id3v1(b"T", b"A"), 10),
    "junk before, within and behind": (b"\xff\xfb?" * 1_000 + FRAME * 10 + bytes(999) + FRAME * 9 + b"?" * 9_999, 19),
    "a header of the encoder that does not tell": (info(0)[:43] + b"\0" + info(0)[44:] + FRAME * 10, 10),
    "a frame that is cut": (FRAME * 10 + FRAME[:100], 10),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_frames_are_counted(name: str) -> None:
    content, frames = COUNTED[name]
    found = mpeg_length(Memory(content))
    assert found is not None
    assert abs(found.seconds - frames * SECONDS) <= SECONDS * (name == "a frame that is cut") + 1e-6
    assert not found.estimated
    assert not found.declared


@pytest.mark.parametrize("header", [info, vbri])
def test_the_encoder_tells(header: Callable[[int], bytes]) -> None:
    source = Memory(TAG + header(1_000) + FRAME * 10)
    assert mpeg_length(source) == Length(round(1_000 * SECONDS, 6), 44_100, declared=True)
    assert counted_length(source) == Length(round(10 * SECONDS, 6), 44_100)


def test_a_long_stream_of_one_rate_is_as_good_as_counted() -> None:
    found = mpeg_length(Memory(FRAME * 10_000 + id3v1(b"T", b"A")))
    assert found == Length(round(10_000 * SECONDS, 6), 44_100)


def test_a_long_stream_of_several_rates_is_estimated() -> None:
    found = mpeg_length(Memory((FRAME * 70 + SHORT * 150) * 100))
    assert found is not None
    assert found.estimated
    assert found.seconds == pytest.approx(22_000 * SECONDS, rel=0.05)
    aac = adts_length(Memory((adts(300) + adts(200)) * 5_000))
    assert aac is not None
    assert aac.estimated
    assert aac.seconds == pytest.approx(10_000 * 1024 / 48_000, rel=0.01)
    gaps = adts_length(Memory((adts(200) * 50 + b"?" * 5_000) * 100))
    assert gaps is not None
    assert gaps.seconds == pytest.approx(5_000 * 1024 / 48_000, rel=0.15)


def test_aac_is_counted() -> None:
    block = adts(200)
    four = block[:6] + b"\xff" + block[7:]
    assert adts_length(Memory(block * 10 + four * 5)) == Length(round(30 * 1024 / 48_000, 6), 48_000)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\xff" * 300_000, b"\xff\xfb\x92" * 100_000, TAG, bytes(5_000), FRAME[:30]]
)
def test_what_has_no_frames(content: bytes) -> None:
    for length in (mpeg_length, adts_length, counted_length):
        found = length(Memory(content))
        assert found is None or found.seconds < SECONDS * 2


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("vbr.mp3", ("-q:a", "5", "-write_xing", "0")),
        ("cbr.mp3", ("-b:a", "64k", "-write_xing", "0")),
        ("a.mp2", ()),
        ("a.aac", ("-b:a", "64k")),
    ],
)
def test_what_ffmpeg_writes(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    path = tmp_path / name
    sound = SOUND[3].replace("duration=1", "duration=7")
    noise = (
        "-f",
        "lavfi",
        "-i",
        "anoisesrc=duration=5:sample_rate=48000",
        "-filter_complex",
        "concat=v=0:a=1:n=2",
    )
    ffmpeg(*SOUND[:3], sound, *noise, *arguments, path)
    command = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-of", "json", path]
    packets = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
    count, samples = int(packets["streams"][0]["nb_read_packets"]), 1024 if name == "a.aac" else 1152
    found = audio_of(path)
    assert found.file.duration == pytest.approx(count * samples / 48_000, abs=0.08)
    assert found.notes == ()


def test_an_estimate_is_told(tmp_path: Path) -> None:
    path = tmp_path / "long.aac"
    path.write_bytes((adts(300) + adts(200)) * 2_500 + adts(100) * 6_000)
    found = audio_of(path)
    assert found.file.duration == pytest.approx(11_000 * 1024 / 48_000, rel=0.1)
    assert found.notes == ("Estimated: Duration is worked out from parts of the file",)


def test_a_footer_is_part_of_version_2_4_only() -> None:
    newest, older = (
        id3(frame(b"TIT2", b"\3T"), flags=0x10),
        id3(frame(b"TIT2", b"\3T"), version=3, flags=0x10),
    )
    assert id3_end(Memory(newest + b"3DI" + bytes(7) + FRAME)) == len(newest) + 10
    assert id3_end(Memory(older + FRAME)) == len(older)


def test_tags_that_follow_each_other_have_an_end() -> None:
    assert id3_end(Memory(id3() * 20 + FRAME)) == 200
    assert id3_end(Memory(id3() * 5_000 + FRAME)) == 40_000
