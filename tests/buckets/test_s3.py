"""S3: against Ceph's object gateway, which checks everything, and against moto, which is quick."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.buckets.conformance import OBJECT_KEYS, PLAIN_KEYS, Bucket, StoreConformance
from tests.servers.ceph import Ceph

from bindery.buckets.registry import open_store
from bindery.buckets.s3 import open_s3
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    ObjectNotFound,
    Store,
    StoreAddress,
    StoreMisconfigured,
    StoreUnavailable,
)

Remake = Callable[..., Store]


def under_test(client: Any, endpoint: str, name: str, key: str, secret: str) -> Bucket:
    options = {"endpoint": endpoint, "access_key_id": key, "secret_access_key": secret}
    address = StoreAddress(bucket="media", url=f"s3://{name}", options=options)
    missing = StoreAddress(bucket="media", url=f"s3://{name}-missing", options=options)
    return Bucket(
        open_s3(address),
        lambda key, content: void(client.put_object(Bucket=name, Key=key, Body=content)),
        lambda key: void(client.delete_object(Bucket=name, Key=key)),
        missing,
    )


def void(_: object) -> None:
    return


@pytest.fixture
def ceph_bucket(ceph: Ceph) -> Bucket:
    name = ceph.create_bucket()
    return under_test(ceph.client(), ceph.endpoint, name, ceph.user.access_key, ceph.user.secret_key)


@pytest.fixture
def moto_client(moto: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=moto, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s",
        config=Config(retries={"mode": "standard", "max_attempts": 8}),
    )  # fmt: skip


@pytest.mark.server
class TestS3OnCeph(StoreConformance):
    keys = PLAIN_KEYS + OBJECT_KEYS
    open_missing = staticmethod(open_s3)

    @pytest.fixture
    def bucket(self, ceph_bucket: Bucket) -> Bucket:
        return ceph_bucket


class TestS3OnMoto(StoreConformance):
    keys = tuple(key for key in PLAIN_KEYS if "\n" not in key)  # which moto does not take
    many = 1_200
    open_missing = staticmethod(open_s3)

    @pytest.fixture
    def bucket(self, moto: str, moto_client: Any) -> Iterator[Bucket]:
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        moto_client.create_bucket(Bucket=name)
        yield under_test(moto_client, moto, name, "k", "s")


@pytest.fixture
def again(ceph: Ceph, ceph_bucket: Bucket) -> Remake:
    """Opens the bucket of ``ceph_bucket`` with other options or another path."""

    def remake(path: str = "", **options: str) -> Store:
        given = {**ceph_bucket.store.address.options, **options}
        given = {name: value for name, value in given.items() if value}
        url = ceph_bucket.store.address.url + path
        return open_store(StoreAddress(bucket="media", url=url, options=given, trusted=True))

    return remake


def keys_of(store: Store, **arguments: str) -> list[str]:
    return [info.key for page in store.list(**arguments) for info in page]


@pytest.mark.server
def test_details_tell_every_header(ceph: Ceph, ceph_bucket: Bucket) -> None:
    ceph.client().put_object(
        Bucket=name_of(ceph_bucket),
        Key="a b.jpg",
        Body=b"hello",
        ContentType="image/jpeg",
        CacheControl="max-age=60",
        ContentDisposition='attachment; filename="x.jpg"',
        ContentEncoding="identity",
        ContentLanguage="zh-CN",
        Expires="Thu, 01 Jan 2120 12:00:00 GMT",
        Metadata={"Colour": "red", "place": "a=b; c"},
        Tagging="owner=John&empty=&sp%20ace=1%2B1",
    )
    details = ceph_bucket.store.details("a b.jpg")
    assert details.content_type == "image/jpeg"
    assert details.cache_control == "max-age=60"
    assert details.content_disposition == 'attachment; filename="x.jpg"'
    assert details.content_encoding == "identity"
    assert details.content_language == "zh-CN"
    assert details.expires == "2120-01-01T12:00:00.000Z"
    assert details.user_metadata == {"colour": "red", "place": "a=b; c"}
    assert details.tags == {"owner": "John", "empty": "", "sp ace": "1+1"}
    assert details.content_md5 == "XUFAKrxLKna5cZ2REBfFkg=="
    assert (details.info.storage_class, details.info.object_type) == ("Standard", "Normal")


@pytest.mark.server
def test_a_multipart_object(ceph: Ceph, ceph_bucket: Bucket) -> None:
    client, name = ceph.client(), name_of(ceph_bucket)
    upload = client.create_multipart_upload(Bucket=name, Key="big")["UploadId"]
    bodies = [b"x" * 5 * 1024 * 1024, b"end"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(
                Bucket=name, Key="big", UploadId=upload, PartNumber=number, Body=body
            )["ETag"],
        }
        for number, body in enumerate(bodies, 1)
    ]
    client.complete_multipart_upload(
        Bucket=name, Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    (info,) = ceph_bucket.infos()
    assert info.object_type == "Multipart"
    assert ceph_bucket.store.details("big").content_md5 is None
    assert ceph_bucket.store.read("big", 5 * 1024 * 1024 - 1, 9, etag=info.etag) == b"xend"


def test_metadata_beyond_ascii(moto: str, moto_client: Any) -> None:
    moto_client.create_bucket(Bucket="unicode-metadata")
    bucket = under_test(moto_client, moto, "unicode-metadata", "k", "s")
    words = "=?UTF-8?B?5Lit5paH?="
    moto_client.put_object(Bucket="unicode-metadata", Key="a", Body=b"", Metadata={"title": words})
    assert bucket.store.details("a").user_metadata == {"title": "\u4e2d\u6587"}


@pytest.mark.server
def test_a_versioned_bucket_shows_the_current_versions(ceph: Ceph, ceph_bucket: Bucket) -> None:
    client, name = ceph.client(), name_of(ceph_bucket)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    ceph_bucket.put("kept", b"one")
    ceph_bucket.put("kept", b"second")
    ceph_bucket.put("removed", b"x")
    ceph_bucket.remove("removed")
    current = client.head_object(Bucket=name, Key="kept")["VersionId"]
    assert ceph_bucket.listed() == ["kept"]
    assert ceph_bucket.store.details("kept").version_id == current
    assert ceph_bucket.store.read("kept", 0, 9) == b"second"
    with pytest.raises(ObjectNotFound):
        ceph_bucket.store.details("removed")


@pytest.mark.server
def test_a_prefix_in_the_address_is_the_root(ceph_bucket: Bucket, again: Remake) -> None:
    ceph_bucket.fill(["other", "root", "root/", "root/a", "root/a/b", "root/b", "root-2/a", "z"])
    store = again("/root")
    store.check()
    assert keys_of(store) == ["a", "a/b", "b"]
    assert keys_of(store, start_after="a") == ["a/b", "b"]
    assert keys_of(store, prefix="a/") == ["a/b"]
    assert store.details("a/b").info.key == "a/b"
    assert store.read("a", 0, 99) == b"content of root/a"
    with pytest.raises(ObjectNotFound):
        store.details("z")
    assert keys_of(again("/none")) == []


@pytest.mark.server
def test_wrong_credentials(ceph_bucket: Bucket, again: Remake) -> None:
    ceph_bucket.put("file", b"x")
    for options in ({"secret_access_key": "not-the-secret"}, {"access_key_id": "nobody"}):
        store = again(**options)
        for ask in (
            store.check,
            lambda store=store: list(store.list()),
            lambda store=store: store.details("file"),
            lambda store=store: store.read("file", 0, 1),
        ):
            with pytest.raises(AccessDenied) as raised:
                ask()
            assert not raised.value.retryable
            assert "not-the-secret" not in str(raised.value)


@pytest.mark.server
def test_another_account_is_refused_until_it_may_read(
    ceph: Ceph, ceph_bucket: Bucket, again: Remake
) -> None:
    ceph_bucket.put("file", b"x")
    user = ceph.add_user()
    store = again(access_key_id=user.access_key, secret_access_key=user.secret_key)
    with pytest.raises(AccessDenied):
        store.check()
    with pytest.raises(AccessDenied):
        store.read("file", 0, 1)


@pytest.mark.server
def test_a_public_bucket_needs_no_credentials(ceph: Ceph, ceph_bucket: Bucket, again: Remake) -> None:
    client, name = ceph.client(), name_of(ceph_bucket)
    client.put_object(Bucket=name, Key="open", Body=b"x", ACL="public-read")
    client.put_object(Bucket=name, Key="closed", Body=b"x")
    store = again(anonymous="true", access_key_id="", secret_access_key="")
    with pytest.raises(AccessDenied):
        store.check()
    client.put_bucket_acl(Bucket=name, ACL="public-read")
    assert keys_of(store) == ["closed", "open"]
    assert store.read("open", 0, 9) == b"x"
    assert store.details("open").info.size == 1
    with pytest.raises(AccessDenied):
        store.read("closed", 0, 9)


@pytest.mark.server
def test_credentials_of_the_environment(
    ceph: Ceph, ceph_bucket: Bucket, again: Remake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bindery.buckets import s3

    ceph_bucket.put("file", b"x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ceph.user.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ceph.user.secret_key)
    s3._credential_source.cache_clear()
    assert keys_of(again(access_key_id="", secret_access_key="")) == ["file"]
    s3._credential_source.cache_clear()


@pytest.mark.server
def test_no_credentials_anywhere(again: Remake, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from bindery.buckets import s3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    s3._credential_source.cache_clear()
    with pytest.raises(AccessDenied, match="AWS_ACCESS_KEY_ID"):
        again(access_key_id="", secret_access_key="").check()
    with pytest.raises(StoreMisconfigured, match="profile"):
        again(access_key_id="", secret_access_key="", profile="nobody").check()
    s3._credential_source.cache_clear()


@pytest.mark.server
@pytest.mark.slow
def test_a_gateway_that_dies_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Ceph() as ceph:
        name = ceph.create_bucket()
        user = ceph.user
        bucket = under_test(ceph.client(), ceph.endpoint, name, user.access_key, user.secret_key)
        bucket.fill(f"{number:04d}" for number in range(1_500))
        pages = bucket.store.list()
        assert len(next(pages)) == 1_000
        ceph.kill_gateway()
        for ask in (
            lambda: next(pages),
            bucket.store.check,
            lambda: bucket.store.details("0001"),
            lambda: bucket.store.read("0001", 0, 9),
        ):
            with pytest.raises(StoreUnavailable) as raised:
                ask()
            assert raised.value.retryable
            assert user.secret_key not in str(raised.value)
        ceph.start_gateway()
        assert len(bucket.listed()) == 1_500
    assert user.secret_key not in caplog.text


def test_nothing_listens(moto: str) -> None:
    options = {
        "endpoint": "http://127.0.0.1:9",
        "access_key_id": "k",
        "secret_access_key": "secret-of-mine",
    }
    store = open_s3(StoreAddress(bucket="media", url="s3://media", options=options))
    for ask in (
        store.check,
        lambda: list(store.list()),
        lambda: store.details("a"),
        lambda: store.read("a", 0, 1),
    ):
        with pytest.raises(StoreUnavailable, match="does not answer") as raised:
            ask()
        assert "secret-of-mine" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "url", "message"),
    [
        ({"endpoint": "ftp://host"}, "s3://media", "endpoint"),
        ({"endpoint": "http://user:secret@host"}, "s3://media", "endpoint"),
        ({"endpoint": "http://host/path"}, "s3://media", "endpoint"),
        ({"endpoint": "http://host:99999"}, "s3://media", "endpoint"),
        ({"addressing": "sideways"}, "s3://media", "addressing"),
        ({"access_key_id": "alone"}, "s3://media", "set both, or neither"),
        ({"ca_bundle": "/nonexistent/ca.pem"}, "s3://media", "certificates"),
    ],
)
def test_addresses_that_make_no_sense(options: dict[str, str], url: str, message: str) -> None:
    with pytest.raises(StoreMisconfigured, match=message) as raised:
        open_s3(StoreAddress(bucket="media", url=url, options=options))
    assert not raised.value.retryable


def name_of(bucket: Bucket) -> str:
    return bucket.store.address.url.removeprefix("s3://")


def test_a_missing_bucket_is_told_from_a_missing_object(moto: str) -> None:
    options = {"endpoint": moto, "access_key_id": "k", "secret_access_key": "s"}
    store = open_s3(StoreAddress(bucket="media", url="s3://nowhere-at-all", options=options))
    with pytest.raises(BucketNotFound):
        store.read("a", 0, 1)
