"""Audio files: tags, covers, lyrics and kinds, and durations as their headers state them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.extract.media_probe import PICTURES, SOUND, audio_of, ffmpeg, ffprobe, open_reader, request_for

from bindery.extract.extractor import Unreadable
from bindery.extract.media.audio import extract_audio

TAGS = {
    "title": "Lied – 歌",
    "album": "FirstAlbum",
    "artist": "Jane",
    "album_artist": "Various",
    "composer": "Clara",
    "performer": "Joan",
}
# WAV has no tag for these in its INFO list.
UNKNOWN_TO = {"tagged.wav": {"album_artist", "composer", "performer"}, "tagged.m4a": {"performer"}}


@pytest.mark.parametrize(
    "name",
    ["tagged.mp3", "tagged.flac", "tagged.ogg", "tagged.opus", "tagged.m4a", "tagged.wma", "tagged.wav"],
)
def test_tags(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg(*SOUND, *(part for tag in TAGS.items() for part in ("-metadata", "=".join(tag))), path)
    file = audio_of(path).file
    found = {tag: getattr(file, tag) for tag in TAGS}
    assert found == {tag: None if tag in UNKNOWN_TO.get(name, ()) else text for tag, text in TAGS.items()}


@pytest.mark.parametrize("name", ["cover.mp3", "cover.flac", "cover.m4a"])
def test_covers_are_pictures_and_no_video(tmp_path: Path, name: str) -> None:
    path, picture = tmp_path / name, tmp_path / "cover.png"
    ffmpeg(*PICTURES, "-frames:v", "1", picture)
    ffmpeg(
        *SOUND,
        "-i",
        picture,
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
        path,
    )
    found = audio_of(path)
    assert found.media_type == "audio"
    assert found.file.video_streams is None
    assert found.file.video_width is None
    assert found.file.stream_count == ffprobe(path)["format"]["nb_streams"] == 2
    assert found.file.audio_covers is not None
    assert [(cover.image_width, cover.image_height) for cover in found.file.audio_covers] == [(160, 120)]


@pytest.mark.parametrize("name", ["song.mp3", "song.flac", "song.m4a"])
def test_lyrics_belong_to_the_stream(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg(*SOUND, "-metadata", "lyrics=la la\nla", path)
    streams = audio_of(path).file.audio_streams
    assert streams is not None
    assert streams[0].lyric == "la la\nla"


def test_an_audio_name_with_moving_pictures_is_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.m4a"
    ffmpeg(*PICTURES, *SOUND, "-c:v", "mpeg4", "-c:a", "aac", "-f", "mp4", path)
    found = audio_of(path)
    assert (found.media_type, found.content_type) == ("video", "video/mp4")
    assert found.file.video_streams is not None


def test_the_format_counts_where_an_id3_tag_hides_it(tmp_path: Path) -> None:
    tagged, path = tmp_path / "tagged.mp3", tmp_path / "tagged.aac"
    ffmpeg(*SOUND, "-metadata", "title=T", tagged)
    ffmpeg(*SOUND, "-c:a", "aac", path)
    data = tagged.read_bytes()
    size = int.from_bytes(bytes(data[6:10]), "big")
    path.write_bytes(data[: 10 + size] + path.read_bytes())
    found = audio_of(path)
    assert (found.media_type, found.content_type) == ("audio", "audio/aac")
    assert found.file.title == "T"


@pytest.mark.parametrize("rate", ["44100", "22050", "11025"])
@pytest.mark.parametrize("channels", ["1", "2"])
def test_the_duration_of_an_mp3_is_that_of_all_its_frames(tmp_path: Path, rate: str, channels: str) -> None:
    path = tmp_path / "padded.mp3"
    ffmpeg(*SOUND, "-ar", rate, "-ac", channels, path)
    command = [
        "ffprobe",
        "-v",
        "error",
        "-count_packets",
        "-show_entries",
        "stream=nb_read_packets",
        "-of",
        "csv=p=0",
    ]
    packets = int(subprocess.run([*command, path], capture_output=True, check=True).stdout)
    samples = 1152 if rate == "44100" else 576
    file = audio_of(path).file
    assert file.duration == pytest.approx(packets * samples / int(rate), abs=1e-6)
    assert file.audio_streams is not None
    assert file.audio_streams[0].duration == file.duration
    assert file.bitrate == int(path.stat().st_size * 8 / (file.duration or 1))


@pytest.mark.parametrize("content", [b"", b"ID3\x04\0\0\x7f\x7f\x7f\x7f", b"fLaC", b"OggS" + b"\0" * 100])
def test_what_is_no_audio_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp3"
    path.write_bytes(content)
    reader = open_reader(path)
    with pytest.raises(Unreadable) as refused:
        extract_audio(reader, request_for(reader))
    assert refused.value.code == "ParseFailed"
    assert refused.value.message
