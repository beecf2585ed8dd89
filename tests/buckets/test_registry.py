"""From names to stores, and what a server remembers of buckets."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bindery.buckets.folder import FolderStore
from bindery.buckets.object_store import ObjectStore
from bindery.buckets.opendal_store import OpendalStore
from bindery.buckets.registered import RegisteredBuckets
from bindery.buckets.registry import Buckets, open_store, parse_store
from bindery.buckets.store import BucketNotFound, StoreAddress, StoreMisconfigured

S3 = "s3://name/prefix?endpoint=http://127.0.0.1:9000&access_key_id=AKID&secret_access_key=hush%2Bhush"


@pytest.mark.parametrize(
    ("store", "kind"),
    [
        ("/srv/photos", FolderStore),
        ("file:///srv/photos", FolderStore),
        (S3, ObjectStore),
        ("oss://name?access_key_id=a&access_key_secret=b", ObjectStore),
        ("gcs://name?anonymous=true", OpendalStore),
        ("azblob://name?account_name=a&account_key=a2V5", OpendalStore),
    ],
)
def test_every_scheme_opens_its_store(store: str, kind: type) -> None:
    opened = open_store(parse_store("media", store))
    assert isinstance(opened, kind)
    assert opened.address.bucket == "media"
    opened.close()


@pytest.mark.parametrize(
    ("bucket", "store", "message"),
    [
        ("media", "ftp://host", "no store for ftp"),
        ("media", "s3://?endpoint=x", "names no bucket"),
        ("media", "s3://AKID:hush@bucket", "options"),
        ("media", "azblob://container", "account_name"),
        ("..", "/srv", "bucket name"),
        ("a/b", "/srv", "bucket name"),
        ("x", "/srv", "bucket name"),
        ("a" * 64, "/srv", "bucket name"),
    ],
)
def test_stores_that_make_no_sense(bucket: str, store: str, message: str) -> None:
    with pytest.raises(StoreMisconfigured, match=message) as raised:
        open_store(parse_store(bucket, store))
    assert "hush" not in str(raised.value)


def test_the_store_of_tests_is_not_offered() -> None:
    with pytest.raises(StoreMisconfigured, match="azblob, file, gcs, oss, s3") as raised:
        parse_store("media", "ftp://host")
    assert "memory" not in str(raised.value)


def test_an_address_never_shows_its_secrets() -> None:
    address = parse_store("media", S3)
    assert address.options["secret_access_key"] == "hush+hush"
    printed = io.StringIO()
    Console(file=printed, width=500).print(address)
    for text in (repr(address), str(address), f"{address}", printed.getvalue()):
        assert "hush" not in text
        assert "AKID" not in text
        assert "http://127.0.0.1:9000" in text


def test_a_plus_sign_in_an_option_is_itself() -> None:
    address = parse_store("media", "s3://name?secret_access_key=a+b%2Bc/d=&endpoint=http%3A%2F%2Fhost")
    assert address.options == {"secret_access_key": "a+b+c/d=", "endpoint": "http://host"}


def test_folders_of_the_root_are_buckets(tmp_path: Path) -> None:
    for name in ("photos", "my.bucket", "x", ".hidden", "sp ace", "a" * 70):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    buckets = Buckets({}, tmp_path)
    assert buckets.names() == ["my.bucket", "photos"]
    assert buckets.open("photos").address.url == f"file://{tmp_path}/photos"
    for name in ("later", "..", ".hidden", "file", "", "photos/../photos", "x"):
        with pytest.raises(BucketNotFound, match="--bucket"):
            buckets.open(name)
    (tmp_path / "later").mkdir()
    assert "later" in buckets.names()
    buckets.open("later").check()


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    assert Buckets({}, tmp_path / "none").names() == []


def test_stores_are_opened_once_until_their_address_changes(tmp_path: Path) -> None:
    buckets = Buckets({})
    buckets.register(parse_store("media", str(tmp_path / "one")))
    first = buckets.open("media")
    assert buckets.open("media") is first
    buckets.register(parse_store("media", str(tmp_path / "two")))
    assert buckets.open("media") is not first
    assert buckets.open("media").address.url.endswith("/two")
    buckets.close()
    buckets.close()


def test_the_configuration_wins(tmp_path: Path) -> None:
    configured = StoreAddress(bucket="media", url="file:///configured")
    registered = RegisteredBuckets({"media": parse_store("media", "/registered")})
    buckets = Buckets({"media": configured}, registered=registered)
    assert buckets.address("media") == configured
    buckets.register(configured)
    with pytest.raises(StoreMisconfigured, match="configuration"):
        buckets.register(parse_store("media", "/elsewhere"))
    assert not buckets.register_over(parse_store("other", "/other"), b"mark")
    assert buckets.addresses(["media", "other"]) == {"media": configured}
    assert Buckets({}, registered=registered).address("media").url == "file:///registered"


def test_a_registered_bucket_comes_before_a_folder_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    buckets = Buckets({}, tmp_path)
    buckets.register(parse_store("media", "/registered"))
    assert buckets.address("media").url == "file:///registered"


def test_a_bucket_that_somebody_registers_meanwhile_is_not_replaced() -> None:
    buckets = Buckets({})
    mark = buckets.mark("media")
    assert buckets.register_over(parse_store("media", "/one"), mark)
    assert not buckets.register_over(parse_store("media", "/two"), mark)
    assert buckets.register_over(parse_store("media", "/two"), buckets.mark("media"))
    assert buckets.address("media").url == "file:///two"


def test_one_that_cannot_be_opened_harms_itself_alone(tmp_path: Path) -> None:
    good = parse_store("good", str(tmp_path))
    odd = StoreAddress(bucket="odd", url="ftp://x")
    buckets = Buckets({}, registered=RegisteredBuckets({"good": good, "odd": odd}, ["lost"]))
    for bucket in ("lost", "odd"):
        with pytest.raises(StoreMisconfigured, match=f"bucket {bucket}"):
            buckets.open(bucket)
        assert buckets.identity(bucket) is None
    assert buckets.open("good").address.bucket == "good"
    assert buckets.names() == ["good", "lost", "odd"]
    assert buckets.addresses(["good", "lost", "none"]) == {"good": good}
    near = parse_store("near", "s3://lost/below?endpoint=http://127.0.0.1:9&region=r&anonymous=true")
    buckets.register(near)
    assert buckets.named_at_store("lost") == [("near", "below/")]
    buckets.register(parse_store("lost", str(tmp_path)))
    assert buckets.open("lost").address.bucket == "lost"
    buckets.close()
