"""Videos: rotation, place, time, tags and kinds, the cost of huge files, and hostile ones."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import av
import pytest
from inotify_simple import INotify, flags
from tests.extract.media_probe import (
    OPERATORS,
    PICTURES,
    SOUND,
    FileRanges,
    ffmpeg,
    ffprobe,
    open_reader,
    request_for,
    video_of,
)

from bindery.buckets.store import StoreError, StoreUnavailable
from bindery.extract.extraction import Operator
from bindery.extract.extractor import Unreadable
from bindery.extract.limits import ExtractionLimits
from bindery.extract.media.video import extract_video
from bindery.extract.reader import RangeReader, ReadLimitExceeded

GIB = 1024**3
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MP4 with pictures and sound, its index at the end."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    ffmpeg(*PICTURES, *SOUND, *H264, "-c:a", "aac", path)
    return path


@pytest.mark.parametrize(("degrees", "rotate"), [(-90, "90"), (90, "270"), (180, "180"), (0, None)])
@pytest.mark.parametrize("name", ["turned.mp4", "turned.mov", "turned.mkv"])
def test_rotate_is_clockwise_from_the_display_matrix(
    clip: Path, tmp_path: Path, name: str, degrees: int, rotate: str | None
) -> None:
    path = tmp_path / name
    _turn(clip, path, degrees)
    side_data = ffprobe(path)["streams"][0].get("side_data_list", [])
    assert [data["rotation"] % 360 for data in side_data if data.get("rotation")] == (
        [degrees % 360] if degrees else []
    )
    streams = video_of(path).file.video_streams
    assert streams is not None
    assert streams[0].rotate == rotate
    assert (streams[0].width, streams[0].height) == (160, 120)


@pytest.mark.parametrize("name", ["here.mov", "here.mp4", "here.3gp"])
def test_the_place_is_that_exiftool_reads(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg(*PICTURES, *H264, "-metadata", "location=+30.2831+120.0290/", path)
    done = subprocess.run(
        ["exiftool", "-n", "-s3", "-GPSCoordinates", "-LocationInformation", path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "30.283" in done.stdout
    found = video_of(path, OPERATORS | {Operator.REGEO}).file
    assert found.lat_long is not None
    latitude, longitude = (float(part) for part in found.lat_long.split(","))
    # The loci box of 3GP holds fixed point numbers of 1/65536 degree.
    assert (latitude, longitude) == (pytest.approx(30.2831, abs=1e-4), pytest.approx(120.029, abs=1e-4))
    assert found.addresses is not None
    assert found.addresses[0].province == "Zhejiang"
    assert video_of(path).file.addresses is None


def test_apples_place_and_time_win_over_the_container(tmp_path: Path) -> None:
    path = tmp_path / "apple.mov"
    tags = {
        "com.apple.quicktime.creationdate": "2019-05-09T15:21:07+0200",
        "com.apple.quicktime.location.ISO6709": "-33.8688+151.2093+010.500/",
        "creation_time": "2020-01-01T00:00:00Z",
    }
    ffmpeg(*PICTURES, *H264, "-movflags", "use_metadata_tags", *_metadata(tags), path)
    found = video_of(path).file
    assert found.produce_time == "2019-05-09T15:21:07+02:00"
    assert found.lat_long == "-33.868800,151.209300"


@pytest.mark.parametrize("name", ["dated.mp4", "dated.mkv"])
def test_the_produce_time_is_the_containers_creation_time(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ffmpeg(*PICTURES, *H264, "-metadata", "creation_time=2022-04-24T02:39:57Z", path)
    assert ffprobe(path)["format"]["tags"]["creation_time"].startswith("2022-04-24T02:39:57")
    assert video_of(path).file.produce_time == "2022-04-24T02:39:57Z"


def test_dates_that_were_never_set_are_no_produce_time(clip: Path, tmp_path: Path) -> None:
    assert video_of(clip).file.produce_time is None
    path = tmp_path / "unix.mp4"
    ffmpeg(*PICTURES, *H264, "-metadata", "creation_time=1970-01-01T00:00:00Z", path)
    assert video_of(path).file.produce_time is None


def test_tags_of_a_movie(tmp_path: Path) -> None:
    tags = {"title": "Ein Film – 电影", "album": "B", "artist": "C", "album_artist": "D", "composer": "E"}
    path = tmp_path / "tagged.mp4"
    languages = ("-metadata:s:v", "language=und", "-metadata:s:a", "language=chi")
    ffmpeg(*PICTURES, *SOUND, *H264, *_metadata(tags), *languages, path)
    found = video_of(path).file
    assert {name: getattr(found, name) for name in tags} == tags
    assert found.language == "chi"
    assert found.video_streams is not None and found.video_streams[0].language is None
    assert found.audio_streams is not None and found.audio_streams[0].language == "zh"


def test_a_transport_stream_has_programs(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "programs.ts"
    programs = ("-program", "title=one:st=0", "-program", "title=two:st=1")
    ffmpeg("-i", clip, "-c", "copy", "-map", "0", *programs, path)
    assert video_of(path).file.program_count == ffprobe(path)["format"]["nb_programs"] == 2


@pytest.mark.parametrize(
    ("name", "options", "content_type"),
    [
        ("sound.mp4", ("-c:a", "aac"), "audio/mp4"),
        ("sound.3gp", ("-c:a", "aac"), "audio/3gpp"),
        ("sound.mkv", ("-c:a", "flac"), "audio/x-matroska"),
        ("sound.webm", ("-c:a", "libopus"), "audio/webm"),
        ("sound.asf", ("-c:a", "wmav2"), "audio/x-ms-wma"),
        ("sound.ogv", ("-c:a", "libvorbis"), "audio/ogg"),
    ],
)
def test_a_container_without_pictures_is_audio(
    tmp_path: Path, name: str, options: tuple[str, ...], content_type: str
) -> None:
    path = tmp_path / name
    ffmpeg(*SOUND, *options, path)
    found = video_of(path)
    assert (found.media_type, found.content_type) == ("audio", content_type)
    assert found.file.audio_streams is not None
    assert found.file.video_streams is None


def _metadata(tags: dict[str, str]) -> list[str]:
    return [part for name, value in tags.items() for part in ("-metadata", f"{name}={value}")]


def _turn(source: Path, target: Path, degrees: int) -> None:
    """A copy with a display matrix, of degrees counter-clockwise."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        copies = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        copies[0].set_display_rotation(degrees)
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                new.mux(packet)


# What a huge file costs.


def _grow_mp4(data: bytes, path: Path, size: int) -> None:
    """A sparse copy whose mdat box is ``size`` bytes long; every offset in it stays right."""
    at = data.index(b"free\0") - 4
    length = struct.unpack_from(">I", data, at + 8)[0]
    assert data[at + 12 : at + 16] == b"mdat"
    with path.open("wb") as file:
        file.write(data[:at] + struct.pack(">I4sQ", 1, b"mdat", size))
        file.write(data[at + 16 : at + 8 + length])
        file.truncate(at + size)
        file.seek(at + size)
        file.write(data[at + 8 + length :])


def _grow_matroska(data: bytes, path: Path, size: int) -> None:
    """A sparse copy with ``size`` bytes of nothing (Void) between the last cluster and the cues."""
    segment, cues = data.index(b"\x18\x53\x80\x67"), data.rindex(b"\x1c\x53\xbb\x6b")
    assert data[segment + 4] == 1
    whole = int.from_bytes(data[segment + 5 : segment + 12], "big") + 9 + size
    with path.open("wb") as file:
        file.write(data[: segment + 5] + whole.to_bytes(7, "big") + data[segment + 12 : cues])
        file.write(b"\xec\x01" + size.to_bytes(7, "big"))
        file.seek(cues + 9 + size)
        file.write(data[cues:])


def _budget_of(path: Path) -> tuple[int, Any]:
    reader = open_reader(path)
    found = extract_video(reader, request_for(reader)).file
    return reader.bytes_read, found


@pytest.mark.parametrize("fast_start", [False, True])
def test_a_huge_mp4_costs_little(clip: Path, tmp_path: Path, fast_start: bool) -> None:
    source = clip
    if fast_start:
        source = tmp_path / "fast.mp4"
        ffmpeg("-i", clip, "-c", "copy", "-movflags", "+faststart", source)
    path = tmp_path / "huge.mp4"
    _grow_mp4(source.read_bytes(), path, 4 * GIB)
    bytes_read, found = _budget_of(path)
    assert bytes_read < 512 * 1024
    assert found.duration == pytest.approx(float(ffprobe(path)["format"]["duration"]), abs=1e-6)
    assert found.video_streams[0].frame_count == 25


def test_a_huge_matroska_file_costs_little(clip: Path, tmp_path: Path) -> None:
    source, path = tmp_path / "clip.mkv", tmp_path / "huge.mkv"
    ffmpeg("-i", clip, "-c", "copy", source)
    _grow_matroska(source.read_bytes(), path, 4 * GIB)
    bytes_read, found = _budget_of(path)
    assert bytes_read < 512 * 1024
    assert found.video_streams[0].pixel_format == "yuv420p"
    assert found.duration == pytest.approx(float(ffprobe(source)["format"]["duration"]), abs=1e-6)


def test_a_huge_transport_stream_costs_little(tmp_path: Path) -> None:
    source, path = tmp_path / "tv.ts", tmp_path / "huge.ts"
    pictures = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=8")
    ffmpeg(*pictures, *SOUND, *H264, "-b:v", "4M", "-c:a", "mp2", source)
    data = source.read_bytes()
    half = len(data) // 2 // 188 * 188
    with path.open("wb") as file:
        file.write(data[:half])
        file.seek(4 * GIB // 188 * 188)
        file.write(data[half:])
    bytes_read, found = _budget_of(path)
    assert bytes_read < 1024 * 1024
    assert found.duration == pytest.approx(float(ffprobe(source)["format"]["duration"]), abs=1e-6)
    assert (found.video_width, found.video_height) == (640, 360)


def test_the_index_of_a_large_avi_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.avi"
    pictures = ("-f", "lavfi", "-i", "color=size=16x16:rate=1000:duration=20")
    ffmpeg(*pictures, "-c:v", "rawvideo", "-pix_fmt", "yuv420p", path)
    probed = ffprobe(path)
    assert _budget_of(path)[0] > 300 * 1024
    monkeypatch.setattr("bindery.extract.media.container.WHOLE_PROBE_SIZE", 1024)
    bytes_read, found = _budget_of(path)
    assert bytes_read <= 128 * 1024
    assert found.duration == pytest.approx(float(probed["format"]["duration"]), abs=1e-6)
    assert found.bitrate == int(probed["format"]["bit_rate"])
    assert found.video_streams[0].frame_count == int(probed["streams"][0]["nb_frames"])


# Hostile files.


def _unreadable(path: Path) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        video_of(path)
    assert refused.value.code == "ParseFailed"
    return refused.value


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b"garbage " * 2000, b"\x1a\x45\xdf\xa3", b"RIFF\xff\xff\xff\xffAVI "]
)
def test_what_is_no_video_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    assert _unreadable(path).message


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{other}\n#EXT-X-ENDLIST\n",
    "plain.m3u8": "\n#EXTM3U\n#EXTINF:10,\n{other}\n",
    "disguised.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other}\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{other}'\n",
    "disguised.mkv": "ffconcat version 1.0\nfile '{other}'\n",
    "session.mp4": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_no_other_file_is_opened(clip: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(PLAYLISTS[name].format(other=clip))
    with INotify() as watch:
        watch.add_watch(clip, flags.OPEN)
        _unreadable(path)
        assert watch.read(timeout=0) == []
        clip.read_bytes()
        assert watch.read(timeout=0) != []


def test_a_truncated_file_whose_header_is_whole_has_its_streams(clip: Path, tmp_path: Path) -> None:
    fast, path = tmp_path / "fast.mp4", tmp_path / "cut.mp4"
    ffmpeg("-i", clip, "-c", "copy", "-movflags", "+faststart", fast)
    data = fast.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 100])
    found = video_of(path).file
    assert found.video_streams is not None and found.video_streams[0].codec_name == "h264"
    assert (found.video_width, found.video_height) == (160, 120)
    assert found.audio_streams is not None


@pytest.mark.parametrize("kind", [b"moov", b"mdat", b"stsz", b"stts", b"stsd", b"ftyp"])
@pytest.mark.parametrize("size", [0xFFFFFFFF, 1, 0, 9])
def test_absurd_box_sizes_cost_nothing(clip: Path, tmp_path: Path, kind: bytes, size: int) -> None:
    path = tmp_path / "absurd.mp4"
    data = bytearray(clip.read_bytes())
    at = data.index(kind)
    data[at - 4 : at] = struct.pack(">I", size)
    path.write_bytes(data)
    reader = open_reader(path)
    try:
        extract_video(reader, request_for(reader))
    except Unreadable as error:
        assert error.code == "ParseFailed"
    assert reader.bytes_read <= len(data)


class _Broken:
    """A store that answers the first requests and then fails."""

    def __init__(self, path: Path, answers: int) -> None:
        self._file, self._answers = FileRanges(path), answers

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        if self._file.requests >= self._answers:
            raise StoreUnavailable("the store is away")
        return self._file.read(key, offset, length, etag=etag)


@pytest.mark.parametrize("answers", [0, 1])
def test_errors_of_the_store_are_not_the_files_fault(clip: Path, tmp_path: Path, answers: int) -> None:
    path = tmp_path / "huge.mp4"
    _grow_mp4(clip.read_bytes(), path, GIB)
    info = open_reader(path).info
    reader = RangeReader(_Broken(path, answers), info, ExtractionLimits())
    with pytest.raises(StoreError):
        extract_video(reader, request_for(reader))
    # Nothing of it is left over for the next file.
    assert video_of(clip).file.duration


def test_the_read_limit_is_told_as_such(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "huge.mp4"
    _grow_mp4(clip.read_bytes(), path, GIB)
    reader = RangeReader(FileRanges(path), open_reader(path).info, ExtractionLimits(read_bytes=65_536))
    with pytest.raises(ReadLimitExceeded):
        extract_video(reader, request_for(reader))
