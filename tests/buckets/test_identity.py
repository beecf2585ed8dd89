"""What tells one store from another."""

from __future__ import annotations

from pathlib import Path

import pytest

from bindery.buckets.identity import StoreIdentity, location_of
from bindery.buckets.registry import open_store, parse_store


def identity(store: str) -> StoreIdentity:
    return open_store(parse_store("media", store)).identity()


def test_credentials_and_other_options_are_no_part_of_it() -> None:
    one = identity("s3://media?endpoint=http://127.0.0.1:9000&access_key_id=a&secret_access_key=secret")
    other = identity("s3://media?endpoint=http://127.0.0.1:9000&region=eu-west-1&anonymous=true")
    assert one == other == StoreIdentity("s3://media?endpoint=http://127.0.0.1:9000")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://media?endpoint=http://127.0.0.1:9000", "s3://media?endpoint=http://127.0.0.1:9001"),
        ("s3://media?endpoint=http://127.0.0.1:9000", "s3://media"),
        ("s3://media", "s3://media/2024"),
        ("s3://media", "s3://medium"),
        ("s3://media", "oss://media"),
        ("s3://media?region=eu-west-1", "s3://media?region=cn-north-1"),
        (
            "azblob://media?account_name=one&account_key=eA==",
            "azblob://media?account_name=two&account_key=eA==",
        ),
    ],
)
def test_stores_that_differ(one: str, other: str) -> None:
    assert not identity(one).is_same(identity(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://media?region=eu-west-1", "s3://media?region=us-east-1"),
        ("s3://media", "s3://media?endpoint=https://s3.eu-west-1.amazonaws.com"),
        (
            "oss://media?region=cn-beijing",
            "oss://media?endpoint=https://oss-cn-beijing-internal.aliyuncs.com",
        ),
    ],
)
def test_regions_of_one_provider_share_their_names(one: str, other: str) -> None:
    """The endpoint that a configuration names is shown, but does not count where names are global."""
    assert identity(one).is_same(identity(other))


def test_an_endpoint_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = identity("s3://media")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    assert not identity("s3://media").is_same(elsewhere)


def test_a_folder_keeps_its_mark_when_it_is_renamed(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    before = identity(str(tmp_path / "one"))
    assert before.mark.endswith(f"-{(tmp_path / 'one').stat().st_ino:x}")
    (tmp_path / "one").rename(tmp_path / "two")
    (tmp_path / "one").mkdir()
    assert identity(str(tmp_path / "two")).is_same(before)
    assert not identity(str(tmp_path / "one")).is_same(before)


def test_a_location_without_options_is_the_url() -> None:
    assert location_of("file:///srv/photos", {"follow": "poll"}) == "file:///srv/photos"
