"""OSS, against a fake that checks signatures with the vendor's SDK (no OSS server runs outside its cloud)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import quote

import alibabacloud_oss_v2 as sdk
import pytest
from tests.buckets.conformance import OBJECT_KEYS, PLAIN_KEYS, Bucket, StoreConformance
from tests.servers.fake_oss import FakeOss, StoredObject

from bindery.buckets.oss import _location, open_oss
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    ObjectNotFound,
    Store,
    StoreAddress,
    StoreMisconfigured,
    StoreUnavailable,
)


@pytest.fixture
def bucket(fake_oss: FakeOss) -> Iterator[Bucket]:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    objects = fake_oss.buckets[name] = {}
    options = {
        "endpoint": fake_oss.endpoint,
        "access_key_id": fake_oss.key_id,
        "access_key_secret": fake_oss.key_secret,
    }
    yield Bucket(
        open_oss(StoreAddress(bucket="media", url=f"oss://{name}", options=options)),
        lambda key, content: objects.update({key: StoredObject(content)}),
        lambda key: void(objects.pop(key, None)),
        StoreAddress(bucket="media", url=f"oss://{name}-missing", options=options),
    )
    fake_oss.refusal = lambda _method, _target: None


def void(_: object) -> None:
    return


@pytest.fixture
def client(fake_oss: FakeOss) -> sdk.Client:
    """The vendor's own client, which writes what is read here."""
    config = sdk.config.load_default()
    config.credentials_provider = sdk.credentials.StaticCredentialsProvider(
        fake_oss.key_id, fake_oss.key_secret
    )
    config.region, config.endpoint, config.use_path_style = fake_oss.region, fake_oss.endpoint, True
    return sdk.Client(config)


def name_of(bucket: Bucket) -> str:
    return bucket.store.address.url.removeprefix("oss://")


class TestOss(StoreConformance):
    keys = PLAIN_KEYS + OBJECT_KEYS
    open_missing = staticmethod(open_oss)


def test_details_tell_what_the_vendors_client_put(bucket: Bucket, client: sdk.Client) -> None:
    client.put_object(
        sdk.PutObjectRequest(
            bucket=name_of(bucket),
            key="a b/\u00fc+.jpg",
            body=b"123456789",
            content_type="image/jpeg",
            cache_control="no-cache",
            content_disposition="attachment",
            content_encoding="identity",
            expires="Thu, 01 Jan 2120 12:00:00 GMT",
            metadata={"location": "hangzhou"},
            tagging="owner=John&place=West%20Lake",
            acl="public-read",
            storage_class="IA",
            server_side_encryption="KMS",
            server_side_encryption_key_id="key-1",
            server_side_data_encryption="SM4",
        )
    )
    details = bucket.store.details("a b/\u00fc+.jpg")
    assert details.info == bucket.infos()[0]
    assert (details.info.storage_class, details.info.object_type) == ("IA", "Normal")
    assert details.crc64 == str(0x995DC9BBDF1939FA)  # the check value of CRC-64/XZ
    assert details.content_md5 == "JfnnlDI7RTiF9RgfG2JNCw=="
    assert details.content_type == "image/jpeg"
    assert details.cache_control == "no-cache"
    assert details.content_disposition == "attachment"
    assert details.content_encoding == "identity"
    assert details.expires == "2120-01-01T12:00:00.000Z"
    assert details.user_metadata == {"location": "hangzhou"}
    assert details.tags == {"owner": "John", "place": "West Lake"}
    assert details.acl == "public-read"
    assert details.server_side_encryption == "KMS"
    assert details.server_side_encryption_key_id == "key-1"
    assert details.server_side_data_encryption == "SM4"


def test_unicode_metadata(bucket: Bucket, fake_oss: FakeOss) -> None:
    headers = {"x-oss-meta-title": "\u4e2d\u6587"}
    fake_oss.buckets[name_of(bucket)]["a"] = StoredObject(b"", headers)
    assert bucket.store.details("a").user_metadata == {"title": "\u4e2d\u6587"}


def requests_of(fake_oss: FakeOss, ask: object) -> list[str]:
    before = len(fake_oss.requests)
    assert callable(ask)
    ask()
    return [
        request.split()[0] + request.partition("?")[2].partition("=")[0]
        for request in fake_oss.requests[before:]
    ]


def test_what_details_cost(bucket: Bucket, fake_oss: FakeOss) -> None:
    objects = fake_oss.buckets[name_of(bucket)]
    objects["plain"], objects["tagged"] = StoredObject(b"x"), StoredObject(b"x", tags={"k": "v"})
    store = bucket.store
    assert requests_of(fake_oss, lambda: store.details("plain")) == ["HEAD", "GETacl"]
    assert requests_of(fake_oss, lambda: store.details("tagged")) == ["HEAD", "GETacl", "GETtagging"]
    options = {**store.address.options, "object_acl": "false"}
    thrifty = open_oss(StoreAddress(bucket="media", url=store.address.url, options=options))
    assert requests_of(fake_oss, lambda: thrifty.details("plain")) == ["HEAD"]
    assert thrifty.details("plain").acl is None


def test_what_an_absent_object_costs(bucket: Bucket, fake_oss: FakeOss) -> None:
    def absent() -> None:
        with pytest.raises(ObjectNotFound):
            bucket.store.details("absent")

    def missing() -> None:
        with pytest.raises(BucketNotFound):
            bucket.store.details("absent")

    assert requests_of(fake_oss, absent) == ["HEAD"]
    del fake_oss.buckets[name_of(bucket)]
    assert requests_of(fake_oss, missing) == ["HEAD"]


def test_rights_that_lack_are_asked_for_once(bucket: Bucket, fake_oss: FakeOss) -> None:
    fake_oss.buckets[name_of(bucket)]["a"] = StoredObject(b"x", tags={"k": "v"})
    refused = {"acl", "tagging"}
    fake_oss.refusal = lambda _method, target: (
        (403, "AccessDenied") if target.rpartition("?")[2] in refused else None
    )
    details = bucket.store.details("a")
    assert (details.acl, details.tags, details.info.size) == (None, {}, 1)
    assert requests_of(fake_oss, lambda: bucket.store.details("a")) == ["HEAD"]


def test_symbolic_links_show_their_target(bucket: Bucket, fake_oss: FakeOss) -> None:
    objects = fake_oss.buckets[name_of(bucket)]
    objects["target"] = StoredObject(b"the target")
    objects["link"] = StoredObject(b"", target="target")
    objects["dangling"] = StoredObject(b"", target="nowhere")
    link, target = bucket.infos()
    assert (link.key, link.object_type, link.size, link.etag) == ("link", "Symlink", 10, target.etag)
    assert bucket.store.read("link", 4, 99, etag=link.etag) == b"target"
    with pytest.raises(ObjectNotFound):
        bucket.store.details("dangling")


@pytest.mark.parametrize(
    ("status", "code"), [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")]
)
def test_throttling_is_tried_again_and_then_said(
    bucket: Bucket, fake_oss: FakeOss, status: int, code: str
) -> None:
    bucket.fill(["file"])
    refusals = [(status, code)] * 2
    fake_oss.refusal = lambda _method, _target: refusals.pop() if refusals else None
    assert bucket.store.read("file", 0, 7) == b"content"
    assert not refusals
    fake_oss.refusal = lambda _method, _target: (status, code)
    for ask in (bucket.store.check, bucket.listed, lambda: bucket.store.details("file")):
        with pytest.raises(StoreUnavailable, match=str(status)) as raised:
            ask()
        assert raised.value.retryable


def test_an_archived_object_says_so(bucket: Bucket, fake_oss: FakeOss) -> None:
    bucket.fill(["old"])
    fake_oss.refusal = lambda method, _target: (403, "InvalidObjectState") if method == "GET" else None
    with pytest.raises(AccessDenied, match="restore"):
        bucket.store.read("old", 0, 1)


def test_wrong_credentials(bucket: Bucket) -> None:
    for change in (
        {"access_key_secret": "wrong-secret"},
        {"access_key_id": "nobody"},
        {"access_key_id": "", "access_key_secret": "", "anonymous": "true"},
    ):
        options = {**bucket.store.address.options, **change}
        options = {name: value for name, value in options.items() if value}
        store: Store = open_oss(StoreAddress(bucket="media", url=bucket.store.address.url, options=options))
        with pytest.raises(AccessDenied) as raised:
            store.check()
        assert "wrong-secret" not in str(raised.value)


def test_credentials_of_the_environment(
    bucket: Bucket, fake_oss: FakeOss, monkeypatch: pytest.MonkeyPatch
) -> None:
    for prefix in ("ALIBABA_CLOUD_", "OSS_"):
        for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"):
            monkeypatch.delenv(prefix + name, raising=False)
    options = {"endpoint": fake_oss.endpoint}
    store = open_oss(
        StoreAddress(bucket="media", url=bucket.store.address.url, options=options, trusted=True)
    )
    with pytest.raises(AccessDenied, match="ALIBABA_CLOUD_ACCESS_KEY_ID"):
        store.check()
    for prefix in ("OSS_", "ALIBABA_CLOUD_"):
        with monkeypatch.context() as patch:
            patch.setenv(f"{prefix}ACCESS_KEY_ID", fake_oss.key_id)
            patch.setenv(f"{prefix}ACCESS_KEY_SECRET", fake_oss.key_secret)
            store.check()


@pytest.mark.parametrize(
    ("options", "authority", "region"),
    [
        ({}, "media.oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"),
        ({"region": "cn-beijing"}, "media.oss-cn-beijing.aliyuncs.com", "cn-beijing"),
        ({"endpoint": "oss-us-west-1.aliyuncs.com"}, "media.oss-us-west-1.aliyuncs.com", "us-west-1"),
        (
            {"endpoint": "https://oss-cn-shanghai-internal.aliyuncs.com"},
            "media.oss-cn-shanghai-internal.aliyuncs.com",
            "cn-shanghai",
        ),
        ({"endpoint": "http://127.0.0.1:8080", "region": "r"}, "127.0.0.1:8080", "r"),
        ({"endpoint": "https://my.domain", "addressing": "path"}, "my.domain", "cn-hangzhou"),
    ],
)
def test_where_requests_go(
    options: dict[str, str], authority: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OSS_REGION", "OSS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    location = _location("media", options)
    assert (location.authority(), location.region) == (authority, region)


def test_half_a_key_is_refused() -> None:
    with pytest.raises(StoreMisconfigured, match="set both, or neither"):
        open_oss(StoreAddress(bucket="media", url="oss://media", options={"access_key_id": "alone"}))


def test_the_fake_answers_ranges_as_oss_does(bucket: Bucket, client: sdk.Client) -> None:
    bucket.fill(["file"])
    whole = client.get_object(
        sdk.GetObjectRequest(bucket=name_of(bucket), key="file", range_header="bytes=99-100")
    )
    assert (whole.status_code, whole.body.content) == (200, b"content of file")
    assert quote("file") in bucket.listed()
