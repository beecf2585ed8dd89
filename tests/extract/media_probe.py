"""Small media files made by ffmpeg, what ffprobe says about them, and what the extractors do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from bindery.buckets.store import ObjectInfo, StoreAddress
from bindery.extract.extraction import ExtractionRequest, Operator
from bindery.extract.extractor import Extracted
from bindery.extract.limits import ExtractionLimits
from bindery.extract.media.audio import extract_audio
from bindery.extract.media.video import extract_video
from bindery.extract.reader import RangeReader

OPERATORS = frozenset({Operator.MEDIA_META, Operator.MIME})
PICTURES = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=1")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1")


class FileRanges:
    """A file as a store, which counts the requests made to it."""

    def __init__(self, path: Path) -> None:
        self.path, self.requests = path, 0

    def read(self, key: str, offset: int, length: int, *, etag: str | None = None) -> bytes:
        self.requests += 1
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg; a bit-exact file without the encoder's name where the format allows."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)


def ffprobe(path: Path) -> dict[str, Any]:
    """What ffprobe prints about a file."""
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_programs", "-of", "json"]
    done = subprocess.run([*command, path], check=True, timeout=120, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def open_reader(path: Path, key: str | None = None) -> RangeReader:
    """A reader over a file with the limits of a real extraction."""
    info = ObjectInfo(key=key or path.name, size=path.stat().st_size, etag="etag", modified_ns=0)
    return RangeReader(FileRanges(path), info, ExtractionLimits())


def request_for(reader: RangeReader, operators: frozenset[Operator] = OPERATORS) -> ExtractionRequest:
    """A request that goes with a reader."""
    address = StoreAddress(bucket="bucket", url="file:///nowhere")
    return ExtractionRequest(address=address, object=reader.info, operators=operators)


def video_of(path: Path, operators: frozenset[Operator] = OPERATORS) -> Extracted:
    """What the video extractor finds."""
    reader = open_reader(path)
    return extract_video(reader, request_for(reader, operators))


def audio_of(path: Path) -> Extracted:
    """What the audio extractor finds."""
    reader = open_reader(path)
    return extract_audio(reader, request_for(reader))


def number(value: str | None) -> float | None:
    """A number of ffprobe, which prints most of them as text."""
    return None if value is None else float(value)


def whole(value: str | None) -> int | None:
    """An integer of ffprobe."""
    return None if value is None else int(value)


def rate(value: str | None) -> str | None:
    """A fraction of ffprobe; ``0/0`` is none."""
    return None if value is None or value.startswith("0/") else value


def format_fields(probed: dict[str, Any]) -> dict[str, Any]:
    """File fields as ffprobe has them."""
    told = probed["format"]
    return {
        "format_name": told["format_name"],
        "format_long_name": told["format_long_name"],
        "duration": number(told.get("duration")),
        "start_time": number(told.get("start_time")),
        "bitrate": whole(told.get("bit_rate")),
        "stream_count": told["nb_streams"],
        "program_count": told["nb_programs"],
    }


def stream_fields(told: dict[str, Any]) -> dict[str, Any]:
    """The fields of one stream as ffprobe has them."""
    fields: dict[str, Any] = {
        "index": told["index"],
        "codec_name": told.get("codec_name"),
        "codec_long_name": told.get("codec_long_name"),
        "codec_tag": told["codec_tag"],
        "codec_tag_string": told["codec_tag_string"],
        "start_time": number(told.get("start_time")),
        "duration": number(told.get("duration")),
        "bitrate": whole(told.get("bit_rate")),
    }
    if told["codec_type"] == "video":
        fields |= _video_fields(told)
    if told["codec_type"] == "audio":
        fields |= {
            "time_base": told["time_base"],
            "sample_format": told["sample_fmt"],
            "sample_rate": int(told["sample_rate"]),
            "channels": told["channels"],
            "channel_layout": told.get("channel_layout"),
            "frame_count": whole(told.get("nb_frames")),
        }
    return fields


def _video_fields(told: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "time_base": told["time_base"],
        "width": told["width"],
        "height": told["height"],
        "profile": told.get("profile"),
        "level": None if told["level"] == -99 else told["level"],
        "has_b_frames": told["has_b_frames"],
        "sample_aspect_ratio": told.get("sample_aspect_ratio"),
        "display_aspect_ratio": told.get("display_aspect_ratio"),
        "pixel_format": told["pix_fmt"],
        "color_range": told.get("color_range"),
        "color_space": told.get("color_space"),
        "color_transfer": told.get("color_transfer"),
        "color_primaries": told.get("color_primaries"),
        "frame_rate": rate(told["r_frame_rate"]),
        "average_frame_rate": rate(told["avg_frame_rate"]),
        "frame_count": whole(told.get("nb_frames")),
    }
    if "bits_per_raw_sample" in told:
        fields["bit_depth"] = int(told["bits_per_raw_sample"])
    return fields


def differences(expected: dict[str, Any], found: object) -> dict[str, tuple[Any, Any]]:
    """Fields that are not what they should be, as (expected, found)."""
    pairs = {name: (value, getattr(found, name)) for name, value in expected.items()}
    return {name: pair for name, pair in pairs.items() if not _same(*pair)}


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        return abs(expected - found) < 2e-6
    return bool(expected == found)
