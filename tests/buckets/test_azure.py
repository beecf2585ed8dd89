"""Azure Blob Storage, against Microsoft's emulator."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator

import pytest
from tests.buckets.conformance import PLAIN_KEYS, Bucket, StoreConformance
from tests.servers.azurite import ACCOUNT, KEY, Azurite

from bindery.buckets.azure import open_azure
from bindery.buckets.store import (
    AccessDenied,
    ObjectNotFound,
    Store,
    StoreAddress,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)

UNREADABLE = (" leading", "trailing ", "a//b", "a/./b", "a/../b", "..")
"""Keys that OpenDAL would change into others."""
UNLISTED = ("back\\slash", "bell\x07", "\uffff")
"""Keys that the emulator itself changes, or cannot list."""


@pytest.fixture
def bucket(azurite: Azurite) -> Iterator[Bucket]:
    name = f"container-{uuid.uuid4().hex[:12]}"
    azurite.create_container(name)
    options = {"endpoint": azurite.endpoint, "account_name": ACCOUNT, "account_key": KEY}
    yield Bucket(
        open_azure(StoreAddress(bucket="media", url=f"azblob://{name}", options=options)),
        lambda key, content: azurite.put(name, key, content),
        lambda key: azurite.remove(name, key),
        StoreAddress(bucket="media", url=f"azblob://{name}-missing", options=options),
    )


def with_options(bucket: Bucket, path: str = "", **options: str) -> Store:
    address = bucket.store.address
    return open_azure(
        StoreAddress(bucket="media", url=address.url + path, options={**address.options, **options})
    )


@pytest.mark.server
class TestAzure(StoreConformance):
    keys = tuple(key for key in PLAIN_KEYS if key not in UNREADABLE + UNLISTED)
    many = 1_200
    open_missing = staticmethod(open_azure)


@pytest.mark.server
@pytest.mark.parametrize("key", UNREADABLE)
def test_keys_that_cannot_be_addressed_are_listed_and_say_so(bucket: Bucket, key: str) -> None:
    bucket.put(key, b"content")
    bucket.put("b", b"another")
    assert key in bucket.listed()
    for ask in (lambda: bucket.store.details(key), lambda: bucket.store.read(key, 0, 1)):
        with pytest.raises(StoreError, match="rename") as raised:
            ask()
        assert not raised.value.retryable
        assert not isinstance(raised.value, ObjectNotFound)


@pytest.mark.server
def test_details_tell_the_headers(bucket: Bucket, azurite: Azurite) -> None:
    name = bucket.store.address.url.removeprefix("azblob://")
    azurite.put(
        name,
        "a.jpg",
        b"hello",
        {
            "x-ms-blob-content-type": "image/jpeg",
            "x-ms-blob-content-disposition": "attachment",
            "x-ms-blob-content-encoding": "identity",
        },
    )
    details = bucket.store.details("a.jpg")
    assert details.content_type == "image/jpeg"
    assert details.content_disposition == "attachment"
    assert details.content_encoding == "identity"
    assert details.content_md5 == "XUFAKrxLKna5cZ2REBfFkg=="


@pytest.mark.server
def test_a_prefix_in_the_address_is_the_root(bucket: Bucket) -> None:
    bucket.fill(["other", "root/a", "root/a/b", "root/b", "root-2/a", "z"])
    store = with_options(bucket, "/root")
    assert [info.key for page in store.list() for info in page] == ["a", "a/b", "b"]
    assert [info.key for page in store.list(start_after="a") for info in page] == ["a/b", "b"]
    assert store.read("a", 0, 99) == b"content of root/a"


@pytest.mark.server
def test_a_wrong_key(bucket: Bucket) -> None:
    wrong = base64.b64encode(b"not-the-key").decode()
    store = with_options(bucket, account_key=wrong)
    for ask in (store.check, lambda: store.details("a"), lambda: store.read("a", 0, 1)):
        with pytest.raises(AccessDenied) as raised:
            ask()
        assert wrong not in str(raised.value)


def test_nothing_listens() -> None:
    options = {"endpoint": "http://127.0.0.1:9/account", "account_name": "account", "account_key": KEY}
    store = open_azure(StoreAddress(bucket="media", url="azblob://media", options=options))
    for ask in (
        store.check,
        lambda: list(store.list()),
        lambda: store.details("a"),
        lambda: store.read("a", 0, 1),
    ):
        with pytest.raises(StoreUnavailable) as raised:
            ask()
        assert raised.value.retryable
        assert KEY not in str(raised.value)


@pytest.mark.parametrize("options", [{}, {"account_name": "a", "account_key": "no base64!"}])
def test_addresses_that_make_no_sense(options: dict[str, str]) -> None:
    with pytest.raises(StoreMisconfigured):
        open_azure(StoreAddress(bucket="media", url="azblob://media", options=options))
