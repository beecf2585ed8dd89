"""DetectMediaMeta over HTTP, on a real file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.server


@pytest.fixture
def clip(server: Any, new_name: Callable[[str], str]) -> str:
    bucket = server.bucket_root / new_name("detect-media")
    bucket.mkdir()
    sources = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=160x120:rate=25:duration=1",
        "-f",
        "lavfi",
        "-i",
        "sine=duration=1",
    ]
    tags = ["-metadata", "title=Clip", "-metadata", "creation_time=2022-04-24T02:39:57Z"]
    place = ["-metadata", "location=+30.2831+120.0290/", "-metadata:s:v", "language=eng"]
    codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    command = ["ffmpeg", "-v", "error", *sources, *codecs, *tags, *place, str(bucket / "clip.mov")]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    (bucket / "broken.mp4").write_bytes(b"no video\0\1\xfd\2at all")
    return f"oss://{bucket.name}/clip.mov"


def test_the_documented_fields(server: Any, new_name: Callable[[str], str], clip: str) -> None:
    project = new_name("detect-media-project")
    server.call("CreateProject", ProjectName=project)
    status, found = server.request_again("DetectMediaMeta", ProjectName=project, SourceURI=clip)
    assert status == 200, found
    assert found["FormatName"] == "mov,mp4,m4a,3gp,3g2,mj2"
    assert found["FormatLongName"] == "QuickTime / MOV"
    assert (
        found["ProduceTime"] == "2022-04-24T10:39:57+08:00"
    )  # 02:39:57Z, as the clocks of the place showed it
    assert found["LatLong"] == "30.283100,120.029000"
    assert found["Addresses"][0]["Country"] == "China"
    assert (found["VideoWidth"], found["VideoHeight"]) == (160, 120)
    assert (found["StreamCount"], found["ProgramCount"]) == (2, 0)
    assert (found["Title"], found["Language"]) == ("Clip", "eng")
    assert (found["Duration"], found["StartTime"]) == (1.0, 0.0)
    assert found["Bitrate"] > 0
    video, audio = found["VideoStreams"][0], found["AudioStreams"][0]
    assert (video["CodecName"], video["Index"], video["Language"]) == ("h264", 0, "en")
    assert (audio["CodecName"], audio["Index"], audio["Channels"]) == ("aac", 1, 1)
    assert "Subtitles" not in found and "AudioCovers" not in found


def test_a_file_that_is_no_video_is_refused_with_the_reason(
    server: Any, new_name: Callable[[str], str], clip: str
) -> None:
    project = new_name("detect-media-project")
    server.call("CreateProject", ProjectName=project)
    broken = clip.replace("clip.mov", "broken.mp4")
    status, body = server.request_again("DetectMediaMeta", ProjectName=project, SourceURI=broken)
    assert status == 400
    assert "ParseFailed" in body["Message"]
