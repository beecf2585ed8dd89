"""Streams in every container, field by field as ffprobe prints them."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from tests.extract.media_probe import (
    PICTURES,
    SOUND,
    audio_of,
    differences,
    ffmpeg,
    ffprobe,
    format_fields,
    stream_fields,
    video_of,
)

from bindery.extract.extractor import Extracted

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac")
VIDEOS: dict[str, tuple[str, ...]] = {
    "clip.mp4": (*H264, *AAC, "-c:s", "mov_text"),
    "fragmented.mp4": (*H264, *AAC, "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-sn"),
    "clip.mov": (*H264, "-c:a", "pcm_s16le", "-c:s", "mov_text"),
    "clip.m4v": (*H264, *AAC, "-sn"),
    "clip.mkv": ("-c:v", "libx265", "-preset", "ultrafast", "-c:a", "flac", "-c:s", "srt"),
    "clip.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus", "-c:s", "webvtt"),
    "clip.avi": ("-c:v", "mpeg4", "-c:a", "mp3", "-sn"),
    "clip.ts": (*H264, *AAC, "-sn"),
    "clip.m2ts": (*H264, "-c:a", "ac3", "-sn"),
    "clip.3gp": ("-c:v", "mpeg4", *AAC, "-sn"),
    "clip.flv": ("-c:v", "flv1", "-c:a", "mp3", "-ar", "44100", "-sn"),
    "clip.wmv": ("-c:v", "wmv2", "-c:a", "wmav2", "-sn"),
    "clip.ogv": ("-c:v", "libtheora", "-c:a", "libvorbis", "-sn"),
    "clip.mxf": ("-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-sn"),
    "clip.mpg": ("-c:v", "mpeg2video", "-c:a", "mp2", "-sn"),
    "bt2020.mp4": (
        *H264[:-1], "yuv420p10le", *AAC, "-sn", "-color_range", "tv", "-colorspace", "bt2020nc",
        "-color_trc", "smpte2084", "-color_primaries", "bt2020", "-vf", "setsar=4/3",
    ),
}  # fmt: skip
AUDIOS: dict[str, tuple[str, ...]] = {
    "song.mp3": ("-c:a", "mp3"),
    "song.flac": ("-c:a", "flac"),
    "song.m4a": AAC,
    "alac.m4a": ("-c:a", "alac"),
    "song.ogg": ("-c:a", "libvorbis"),
    "song.opus": ("-c:a", "libopus"),
    "song.wav": ("-c:a", "pcm_s24le", "-ac", "2"),
    "song.aiff": ("-c:a", "pcm_s16be"),
    "song.wma": ("-c:a", "wmav2"),
    "song.aac": AAC,
    "song.ac3": ("-c:a", "ac3", "-ac", "6"),
    "song.mka": ("-c:a", "libopus"),
    "song.caf": ("-c:a", "pcm_s16le"),
    "song.au": ("-c:a", "pcm_s16be"),
    "song.wv": ("-c:a", "wavpack"),
    "song.tta": ("-c:a", "tta"),
}
# What newer versions of libav tell differently from the ffprobe of stable distributions: the start of Opus
# in Matroska after its pre-skip, and the bit rate of a stream that is only estimated from a few packets.
TOLD_DIFFERENTLY: dict[str, set[str]] = {
    "clip.webm": {"start_time", "audio.start_time", "subtitle.start_time"},
    "song.mka": {"start_time", "audio.start_time"},
    "clip.ts": {"audio.bitrate"},
}


@pytest.fixture(scope="module")
def subtitles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("subtitles") / "subtitles.srt"
    path.write_text("1\n00:00:00,100 --> 00:00:00,900\nhello\n")
    return path


@pytest.mark.parametrize("name", VIDEOS)
def test_a_video_is_what_ffprobe_says(name: str, tmp_path: Path, subtitles: Path) -> None:
    path = tmp_path / name
    languages = ("-metadata:s:v", "language=eng", "-metadata:s:a", "language=deu")
    ffmpeg(*PICTURES, *SOUND, "-i", subtitles, *VIDEOS[name], *languages, path)
    found = video_of(path)
    assert found.media_type == "video"
    assert found.file.video_streams is not None
    assert (found.file.video_width, found.file.video_height) == (160, 120)
    assert _differences(found, ffprobe(path), TOLD_DIFFERENTLY.get(name, set())) == {}


@pytest.mark.parametrize("name", AUDIOS)
def test_an_audio_file_is_what_ffprobe_says(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    ffmpeg(*SOUND, *AUDIOS[name], path)
    found = audio_of(path)
    assert found.media_type == "audio"
    assert found.file.video_streams is None
    assert _differences(found, ffprobe(path), TOLD_DIFFERENTLY.get(name, set())) == {}


def _differences(found: Extracted, probed: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Differing fields by ``kind.field``."""
    wrong = differences(format_fields(probed), found.file)
    kinds = {
        "video": found.file.video_streams,
        "audio": found.file.audio_streams,
        "subtitle": found.file.subtitles,
    }
    for kind, streams in kinds.items():
        told = [stream for stream in probed["streams"] if stream["codec_type"] == kind]
        for expected, stream in zip_longest(told, streams or ()):
            assert expected is not None and stream is not None, f"another number of {kind} streams"
            wrong |= {
                f"{kind}.{field}": pair
                for field, pair in differences(stream_fields(expected), stream).items()
            }
    return {field: pair for field, pair in wrong.items() if field not in known}
