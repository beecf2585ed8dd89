"""A real server is killed ten times in the middle of a full scan, and loses nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILES = 3_000
KILLS = 10


def listed(server: Any, names: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Every file of the dataset by URI; none may be there twice."""
    found: dict[str, dict[str, Any]] = {}
    token = ""
    while True:
        page = server.call("SimpleQuery", **names, MaxResults=100, NextToken=token)
        for file in page["Files"]:
            assert file["URI"] not in found, "an entry is there twice"
            found[file["URI"]] = file
        token = page.get("NextToken", "")
        if not token:
            return found


@pytest.mark.slow
@pytest.mark.server
def test_ten_kills_during_a_full_scan_lose_nothing(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    data, root = tmp_path / "data", tmp_path / "buckets"
    bucket = root / "media"
    sizes = {f"folder{number % 7}/file{number:04d}.bin": 2 + number % 90 for number in range(FILES)}
    for key, size in sizes.items():
        (bucket / key).parent.mkdir(parents=True, exist_ok=True)
        (bucket / key).write_bytes(b"\x00" * size)
    server = start_server(data=data, bucket_root=root)
    server.make_dataset("project", "dataset")
    names = {"ProjectName": "project", "DatasetName": "dataset"}
    server.call("CreateBinding", **names, URI="oss://media")
    created = server.call("GetBinding", **names, URI="oss://media")["Binding"]["CreateTime"]
    before = 0
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.0, 0.6))
        server.kill()
        server = start_server(data=data, bucket_root=root)
        binding = server.call("GetBinding", **names, URI="oss://media")["Binding"]
        progress = binding["Progress"]
        classes = ("Indexed", "Unchanged", "Excluded", "Failed", "Pending")
        assert progress["Listed"] == sum(progress[name] for name in classes)
        assert binding["State"] in ("Ready", "Running")
        assert binding["CreateTime"] == binding["UpdateTime"] == created
        count = server.call("GetDataset", **names, WithStatistics=True)["Dataset"]["FileCount"]
        assert count >= before, "what was committed stays"
        before = count

    def followed(answer: dict[str, Any]) -> bool:
        binding = answer["Binding"]
        return binding["Phase"] == "IncrementalScanning" and bool(
            binding["Progress"].get("LastCompleteListing")
        )

    last = server.wait("GetBinding", followed, 120, **names, URI="oss://media")["Binding"]
    assert (last["State"], last.get("Reason", "")) == ("Running", "")
    assert last["CreateTime"] == last["UpdateTime"] == created
    assert last["Progress"]["Listed"] == FILES
    files = listed(server, names)
    assert {uri.removeprefix("oss://media/"): file["Size"] for uri, file in files.items()} == sizes
    assert {file["ObjectStatus"] for file in files.values()} == {"Indexed"}
    assert server.call("GetDataset", **names, WithStatistics=True)["Dataset"]["FileCount"] == FILES


@pytest.mark.slow
@pytest.mark.server
def test_a_stopped_binding_is_still_stopped_after_a_kill(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    data, root = tmp_path / "data", tmp_path / "buckets"
    for number in range(200):
        (root / "media").mkdir(parents=True, exist_ok=True)
        (root / "media" / f"file{number:04d}.bin").write_bytes(b"\x00")
    server = start_server(data=data, bucket_root=root)
    server.make_dataset("project", "dataset")
    names = {"ProjectName": "project", "DatasetName": "dataset"}
    server.call("CreateBinding", **names, URI="oss://media")
    server.call("StopBinding", **names, URI="oss://media", Reason="pause usage")
    stopped = server.call("GetBinding", **names, URI="oss://media")["Binding"]
    server.kill()
    server = start_server(data=data, bucket_root=root)
    time.sleep(0.3)
    assert server.call("GetBinding", **names, URI="oss://media")["Binding"] == stopped
    assert (stopped["State"], stopped["Reason"]) == ("Stopped", "pause usage")
    server.call("ResumeBinding", **names, URI="oss://media")
    server.wait(
        "GetDataset", lambda answer: answer["Dataset"]["FileCount"] == 200, **names, WithStatistics=True
    )
    assert server.stop() == 0
