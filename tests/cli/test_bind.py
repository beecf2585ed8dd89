"""``bindery bind``: names, URIs and the line that describes a binding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from bindery.buckets.uri import check_bucket_name
from bindery.cli.bind import create, describe, undo
from bindery.cli.bucket_argument import StoreArgument, bucket_name, folder_beside, parse_store_argument
from bindery.cli.client import ApiError
from bindery.cli.scope import scope_parameter


class RecordingClient:
    """Stands in for the signed client: remembers calls, refuses what it is told to refuse."""

    def __init__(self, refusal: str | None = None) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._refusal = refusal

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        self.calls.append((action, parameters))
        if self._refusal:
            raise ApiError(action, 400, {"Code": self._refusal, "Message": "no", "RequestId": "1"})
        return {}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/srv/My Photos", "my-photos"),
        ("s3://media?endpoint=http://127.0.0.1:9000", "media"),
        ("gcs://Archive.2024/prefix", "archive-2024"),
        ("/a/b", "bucket-b"),
        ("file:///srv/photos?follow=poll", "photos"),
        ("/srv/杭州", "bucket"),
        ("/srv/" + "x" * 200, "x" * 63),
    ],
)
def test_bucket_name_is_made_from_the_location(location: str, expected: str) -> None:
    assert bucket_name(location) == expected
    check_bucket_name(expected)


@pytest.mark.parametrize("text", ["photos", "oss://photos", "oss://photos/"])
def test_a_bare_word_is_a_bucket_whatever_lies_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    assert parse_store_argument(text) == StoreArgument("photos")
    assert folder_beside("photos") == "; for the folder here write ./photos"
    assert folder_beside("films") == ""


@pytest.mark.parametrize("text", ["./holiday", "holiday/", "{here}/holiday", "../{name}/holiday"])
def test_what_has_a_slash_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "holiday").mkdir()
    monkeypatch.chdir(tmp_path)
    found = parse_store_argument(text.format(here=tmp_path, name=tmp_path.name))
    assert found == StoreArgument("holiday", str(tmp_path / "holiday"))
    assert found.uri == "oss://holiday"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("./nosuch", "./nosuch is no folder"),
        ("/nonexistent/folder", "is no folder"),
        ("/etc/passwd", "is a file"),
        ("~nosuchuser/x", "nosuchuser"),
        ("/" + "x" * 5_000, "cannot be looked at"),
    ],
)
def test_a_folder_that_is_not_there_is_named(text: str, problem: str) -> None:
    with pytest.raises(click.ClickException, match=problem):
        parse_store_argument(text)


def test_a_url_is_registered_under_the_chosen_name() -> None:
    url = "s3://media?endpoint=http://127.0.0.1:9000"
    assert parse_store_argument(url, "films") == StoreArgument("films", url)
    assert parse_store_argument(url) == StoreArgument("media", url)


def test_what_was_made_is_undone_innermost_first() -> None:
    client = RecordingClient("ResourceNotEmpty")
    undo(client, [("DeleteProject", {"ProjectName": "p"}), ("DeleteDataset", {"DatasetName": "d"})])  # type: ignore[arg-type]
    assert [action for action, _ in client.calls] == ["DeleteDataset", "DeleteProject"]


def test_create_tells_whether_it_made_the_resource() -> None:
    assert create(RecordingClient(), "CreateProject", ProjectName="p")  # type: ignore[arg-type]
    taken = RecordingClient("ResourceAlreadyExists")
    assert not create(taken, "CreateProject", ProjectName="p")  # type: ignore[arg-type]
    with pytest.raises(ApiError, match="LimitExceededError"):
        create(RecordingClient("LimitExceededError"), "CreateProject", ProjectName="p")  # type: ignore[arg-type]


def test_description_has_state_phase_counts_and_reason() -> None:
    binding = {
        "URI": "oss://photos",
        "State": "Running",
        "Phase": "FullScanning",
        "Reason": "listing",
        "Progress": {"Listed": 1200, "Indexed": 7, "Unchanged": 1100, "Failed": 3},
    }
    assert describe(binding) == (
        "oss://photos  Running/FullScanning  listed 1,200  entries 1,110  failed 3  (listing)"
    )
    assert describe({"URI": "oss://photos", "State": "Ready", "Phase": ""}) == "oss://photos  Ready"


def test_options_make_a_scope() -> None:
    given = scope_parameter(
        prefix=("a/", "b/"),
        include=(),
        exclude=("*.tmp",),
        min_size=0,
        max_size=None,
        media_type=("image",),
        everything=True,
    )
    assert given == {
        "DefaultExclusions": False,
        "Prefixes": ["a/", "b/"],
        "Exclude": ["*.tmp"],
        "MinSize": 0,
        "MediaTypes": ["image"],
    }
    assert scope_parameter((), (), (), None, None, (), None) is None
    assert scope_parameter((), (), (), None, None, (), False) == {"DefaultExclusions": True}
