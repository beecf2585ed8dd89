"""A whole server whose files are extracted on a Ray cluster."""

from __future__ import annotations

import io
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from PIL import Image
from tests.servers.ray import RayCluster, on_ray

from bindery.app import open_pool
from bindery.config import ConfigurationError, load_config

if TYPE_CHECKING:
    from conftest import RunningServer

SECRET = "canary-secret-key"
OBJECTS = 240


@pytest.fixture
def bucket(moto: str) -> str:
    """A bucket with pictures and texts; its address, with credentials."""
    name = f"media-{uuid.uuid4().hex[:12]}"
    client = boto3.client(
        "s3",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket=name)
    picture = io.BytesIO()
    Image.new("RGB", (64, 48)).save(picture, "JPEG")
    for at in range(OBJECTS):
        key, body = (
            (f"{at}.jpg", picture.getvalue()) if at % 2 else (f"{at}.txt", b"canary-words of a text")
        )
        client.put_object(Bucket=name, Key=key, Body=body)
    return f"s3://{name}?endpoint={moto}&access_key_id=k&secret_access_key={SECRET}"


@on_ray
def test_a_bucket_is_scanned_while_the_process_on_the_node_is_killed(
    ray_cluster: RayCluster, bucket: str, start_server: Callable[..., RunningServer], tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    file = tmp_path / "bindery.toml"
    file.write_text(
        f'[extraction]\npool = "ray"\n[ray]\naddress = "{ray_cluster.address}"\n'
        f'[register]\nfolders = ["{tmp_path}"]\n[buckets]\nmedia = "{bucket}"\nown = "{tmp_path}/own"\n'
    )
    server = start_server("--config", str(file), env=ray_cluster.environment)
    server.make_dataset("p", "d")
    place = {"ProjectName": "p", "DatasetName": "d", "URI": "oss://media"}
    server.call("CreateBinding", **place)
    killed = 0

    def done(answer: dict[str, dict[str, object]]) -> bool:
        nonlocal killed
        if not killed and _indexed(server) > 0:
            killed = _kill_actors(server.process.pid, ray_cluster)
        return answer["Binding"]["Phase"] == "IncrementalScanning"

    server.wait("GetBinding", done, 600, **place)
    assert killed >= 1
    assert _indexed(server) == OBJECTS
    found = server.call(
        "SimpleQuery", ProjectName="p", DatasetName="d", MaxResults=1,
        Query='{"Field":"ImageWidth","Operation":"eq","Value":"64"}', WithoutTotalHits="false",
    )  # fmt: skip
    assert found["TotalHits"] == OBJECTS // 2
    _check_refusals(server, tmp_path)
    assert server.stop() == 0
    held = b"".join(_read(path) for path in _files(ray_cluster)) + server.log.read_bytes()
    assert held
    assert SECRET.encode() not in held
    assert b"canary-words" not in held


def _check_refusals(server: RunningServer, folder: Path) -> None:
    place = {"ProjectName": "p", "DatasetName": "d"}
    calls = [
        ("CreateBinding", {"URI": "oss://own"}),
        ("IndexFileMeta", {"File": '{"URI":"oss://own/a.jpg"}'}),
        ("BatchIndexFileMeta", {"Files": '[{"URI":"oss://own/a.jpg"}]'}),
        ("DetectMediaMeta", {"SourceURI": "oss://own/a.jpg"}),
        ("RegisterBucket", {"Bucket": "another", "Store": str(folder / "own")}),
    ]
    for action, parameters in calls:
        named = {} if action == "RegisterBucket" else place
        if action == "DetectMediaMeta":
            named = {"ProjectName": "p"}
        status, body = server.request_again(action, **named, **parameters)
        assert (status, body["Code"]) == (400, "InvalidArgument"), (action, body)
        assert "workers on a Ray cluster cannot read" in body["Message"], (action, body)


def _indexed(server: RunningServer) -> int:
    dataset = server.call("GetDataset", ProjectName="p", DatasetName="d", WithStatistics="true")["Dataset"]
    count: int = dataset["FileCount"]
    return count


def _kill_actors(server: int, cluster: RayCluster) -> int:
    """Of whoever uses the cluster: all recover."""
    killed = 0
    for path in Path("/proc").iterdir():
        with suppress(OSError):
            if (path / "comm").read_bytes().startswith(b"ray::NodeWorker") and _belongs(path, cluster):
                os.kill(int(path.name), signal.SIGKILL)
                killed = 1
    return killed


def _belongs(process: Path, cluster: RayCluster) -> bool:
    return cluster.environment["RAY_AUTH_TOKEN"].encode() in (process / "environ").read_bytes()


def _files(cluster: RayCluster) -> Iterator[Path]:
    """All that Ray has written."""
    return (path for path in cluster.folder.rglob("*") if path.is_file())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_without_ray_the_server_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bindery.workers.ray_cluster.cluster.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'bindery-imm\[ray\]'"):
        open_pool(load_config(None, {"extraction": {"pool": "ray"}}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extraction": {"pool": "dask"}}, "extraction.pool must be one of local, ray"),
        ({"ray": {"address": "http://head:8265"}}, "ray.address must be auto, local, HOST:PORT or ray://"),
        ({"ray": {"folders": ["media"]}}, "ray.folders: 'media' must be a whole path"),
        ({"ray": {"most_workers": 0}}, "ray.most_workers must be"),
    ],
)
def test_mistakes_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message.replace(".", r"\.")):
        load_config(None, settings)
    for address in ("auto", "local", "head:6379", "10.0.0.5:6379", "ray://head.lan:10001"):
        assert load_config(None, {"ray": {"address": address}}).ray.address == address
