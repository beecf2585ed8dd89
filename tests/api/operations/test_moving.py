"""A bucket's name, the store that it means, and what is said before it means another one."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bindery.buckets.registration import Registration

if TYPE_CHECKING:
    from tests.api.conftest import Api

NAMES = {"ProjectName": "project", "DatasetName": "dataset", "URI": "oss://photos"}


@pytest.fixture
def api(make_api: Callable[..., Api], tmp_path: Path) -> Api:
    """A server of its own, for what is registered stays."""
    api = make_api(registration=Registration((str(tmp_path),)))
    api.context.engine.start()
    return api


@pytest.fixture
def places(api: Api, tmp_path: Path) -> tuple[Path, Path]:
    """A bucket that is registered and bound, and another place with one of its two files."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    for name in ("a.txt", "b.txt"):
        (here / name).write_text(name)
    shutil.copytree(here, there)
    (there / "b.txt").unlink()
    api("CreateProject", ProjectName="project")
    api("CreateDataset", ProjectName="project", DatasetName="dataset")
    api("RegisterBucket", Bucket="photos", Store=str(here))
    api("CreateBinding", **NAMES)
    wait(lambda: file_count(api) == 2)
    return here, there


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def result(api: Api, kind: str, task_id: str) -> dict[str, Any]:
    """What a task has found."""
    names = {"ProjectName": "project", "TaskType": kind, "TaskId": task_id}
    wait(lambda: api("GetTask", **names)["Status"] != "Running")
    found: dict[str, Any] = json.loads(api("GetTask", **names)["Result"])
    return found


def file_count(api: Api) -> int:
    count: int = api("GetDataset", ProjectName="project", DatasetName="dataset")["Dataset"]["FileCount"]
    return count


def test_another_store_is_refused_by_both_addresses(api: Api, places: tuple[Path, Path]) -> None:
    status, code, message = api.refused("RegisterBucket", Bucket="photos", Store=str(places[1]))
    assert (status, code) == (400, "InvalidArgument")
    assert str(places[0]) in message
    assert str(places[1]) in message
    api("RegisterBucket", Bucket="photos", Store=str(places[0]))


def test_an_estimate_of_another_store_registers_nothing(api: Api, places: tuple[Path, Path]) -> None:
    task = api("EstimateBinding", ProjectName="project", URI="oss://photos", Store=str(places[1]))["TaskId"]
    assert result(api, "BindingEstimate", task)["Listed"] == 1
    assert api.context.engine._buckets.names() == ["photos"]
    assert api.catalog.bindings.get("project", "dataset", "photos").store_location == f"file://{places[0]}"


def test_an_audit_of_the_new_place_comes_first_and_what_it_lacks_is_asked_about(
    api: Api, places: tuple[Path, Path]
) -> None:
    before = result(api, "BindingAudit", api("AuditBinding", **NAMES, Store=str(places[1]))["TaskId"])
    assert (before["Matching"], before["ExtraKeys"]) == (1, ["b.txt"])
    assert api.refused("AuditBinding", **NAMES, Store=str(places[1]), Repair="true")[1] == "InvalidArgument"
    api("RegisterBucket", Bucket="photos", Store=str(places[1]), Move="true")
    wait(lambda: api("GetBinding", **NAMES)["Binding"].get("Reason", "").startswith("DeletionGuard"))
    assert file_count(api) == 2
    api("ConfirmDeletion", **NAMES)
    wait(lambda: file_count(api) == 1)
    after = result(api, "BindingAudit", api("AuditBinding", **NAMES)["TaskId"])
    assert after["Equal"]


def test_a_store_is_needed_except_for_a_move(api: Api, places: tuple[Path, Path]) -> None:
    assert api.refused("RegisterBucket", Bucket="photos")[1] == "MissingStore"
    api("RegisterBucket", Bucket="photos", Move="true")
    assert api.refused("RegisterBucket", Bucket="nobody", Move="true")[1] == "ResourceNotFound"
    wait(lambda: api("GetBinding", **NAMES)["Binding"]["State"] == "Running")


def test_a_full_dataset_takes_no_more_files_by_either_cap(api: Api, places: tuple[Path, Path]) -> None:
    other = {"ProjectName": "project", "DatasetName": "small"}
    api("CreateDataset", **other, DatasetMaxTotalFileSize=7)
    api("IndexFileMeta", **other, File='{"URI":"oss://photos/a.txt"}')
    wait(lambda: api("GetDataset", **other)["Dataset"]["TotalFileSize"] == len("a.txt"))
    refused = api.refused("IndexFileMeta", **other, File='{"URI":"oss://photos/b.txt"}')
    assert refused[:2] == (400, "LimitExceededError")
    assert "DatasetMaxTotalFileSize" in refused[2]
    api("UpdateDataset", **other, DatasetMaxTotalFileSize=10)
    api("IndexFileMeta", **other, File='{"URI":"oss://photos/b.txt"}')
