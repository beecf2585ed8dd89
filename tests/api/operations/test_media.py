"""DetectMediaMeta against what ffprobe says of the same file."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

LENGTH = 1.0


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("media") / "clip.mp4"
    command = ["ffmpeg", "-v", "error"]
    command += ["-f", "lavfi", "-i", f"testsrc=size=64x48:rate=10:duration={LENGTH}"]
    command += ["-f", "lavfi", "-i", f"sine=duration={LENGTH}"]
    command += ["-pix_fmt", "yuv420p", "-metadata", "title=A 标题", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def probe(content: bytes) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", "-"]
    return dict(json.loads(subprocess.run(command, input=content, capture_output=True, check=True).stdout))


def test_a_video(api: Api, video: bytes) -> None:
    api("CreateProject", ProjectName="project")
    uri = api.put("bucket", "clip.mp4", video)
    found = api("DetectMediaMeta", ProjectName="project", SourceURI=uri)
    expected = probe(video)
    stream = next(entry for entry in expected["streams"] if entry["codec_type"] == "video")
    assert len(found["VideoStreams"]) == len(found["AudioStreams"]) == 1
    ours = found["VideoStreams"][0]
    assert (ours["Width"], ours["Height"]) == (stream["width"], stream["height"]) == (64, 48)
    assert (ours["CodecName"], ours["PixelFormat"]) == (stream["codec_name"], stream["pix_fmt"])
    assert ours["FrameRate"] == stream["r_frame_rate"]
    assert found["Duration"] == pytest.approx(float(expected["format"]["duration"]), abs=0.001)
    assert found["Title"] == "A 标题"
    assert "URI" not in found
    assert "Files" not in found


def test_nothing_is_stored(api: Api, dataset: dict[str, str], video: bytes) -> None:
    uri = api.put("bucket", "clip.mp4", video)
    api("DetectMediaMeta", ProjectName="project", SourceURI=uri)
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 0


@pytest.mark.parametrize(
    ("uri", "code", "text"),
    [
        ("oss://bucket/absent.mp4", "ResourceNotFound", "The specified resource object is not found."),
        ("oss://nowhere/clip.mp4", "ResourceNotFound", "The specified resource bucket is not found."),
        ("oss://bucket/plain.txt", "InvalidArgument", "neither video nor audio"),
        ("http://host/clip.mp4", "InvalidArgument", "SourceURI: "),
        ("oss://bucket", "InvalidArgument", "SourceURI: "),
        ("oss://bucket/../secret", "ResourceNotFound", "object is not found"),
    ],
)
def test_what_cannot_be_detected(api: Api, uri: str, code: str, text: str) -> None:
    api("CreateProject", ProjectName="project")
    api.put("bucket", "plain.txt", b"just text\n")
    refused = api.refused_in_the_end("DetectMediaMeta", ProjectName="project", SourceURI=uri)
    assert refused[:2] == (400, code)
    assert text in refused[2]


def test_names_are_needed(api: Api) -> None:
    assert api.refused("DetectMediaMeta", SourceURI="oss://bucket/a")[1] == "MissingProjectName"
    assert api.refused("DetectMediaMeta", ProjectName="project")[1] == "MissingSourceURI"
    assert api.refused("DetectMediaMeta", ProjectName="nowhere", SourceURI="oss://bucket/a")[2].endswith(
        "resource project is not found."
    )
