"""``bindery bind``: names, URIs and the line that describes a binding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bindery.buckets.uri import check_bucket_name
from bindery.cli.bind import bucket_name, create, describe, ensure_bucket
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


def test_a_known_bucket_is_named_not_registered() -> None:
    client = RecordingClient()
    assert ensure_bucket(client, "photos", None) == "oss://photos"  # type: ignore[arg-type]
    assert ensure_bucket(client, "oss://photos/", None) == "oss://photos"  # type: ignore[arg-type]
    assert client.calls == []


def test_a_folder_is_registered_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "holiday").mkdir()
    monkeypatch.chdir(tmp_path)
    client = RecordingClient()
    assert ensure_bucket(client, "./holiday", None) == "oss://holiday"  # type: ignore[arg-type]
    assert client.calls == [("RegisterBucket", {"Bucket": "holiday", "Store": str(tmp_path / "holiday")})]


def test_a_url_is_registered_under_the_chosen_name() -> None:
    client = RecordingClient()
    url = "s3://media?endpoint=http://127.0.0.1:9000"
    assert ensure_bucket(client, url, "films") == "oss://films"  # type: ignore[arg-type]
    assert client.calls == [("RegisterBucket", {"Bucket": "films", "Store": url})]


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
        "Progress": {"Listed": 1200, "Indexed": 7, "Failed": 0},
    }
    assert describe(binding) == (
        "oss://photos  Running/FullScanning  listed 1,200  indexed 7  failed 0  (listing)"
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
    )
    assert given == {
        "Prefixes": ["a/", "b/"],
        "Exclude": ["*.tmp"],
        "MinSize": 0,
        "MediaTypes": ["image"],
    }
    assert scope_parameter((), (), (), None, None, ()) is None
