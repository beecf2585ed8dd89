"""Objects that are put into stores: replaced whole, read back as they were, and refused as reading is."""

from __future__ import annotations

import os
import uuid

import pytest
from tests.servers.azurite import ACCOUNT, KEY, Azurite
from tests.servers.ceph import Ceph
from tests.servers.fake_oss import FakeOss

from bindery.buckets.registry import open_for_writing
from bindery.buckets.store import AccessDenied, BucketNotFound, StoreAddress, StoreMisconfigured

_NAME = f"written-{uuid.uuid4().hex[:12]}"


def s3(ceph: Ceph) -> StoreAddress:
    user = ceph.user
    options = {
        "endpoint": ceph.endpoint, "access_key_id": user.access_key, "secret_access_key": user.secret_key,
    }  # fmt: skip
    return StoreAddress(bucket="media", url=f"s3://{ceph.create_bucket()}/some%20prefix", options=options)


def oss(fake_oss: FakeOss) -> StoreAddress:
    fake_oss.buckets[_NAME] = {}
    options = {
        "endpoint": fake_oss.endpoint,
        "access_key_id": fake_oss.key_id,
        "access_key_secret": fake_oss.key_secret,
    }
    return StoreAddress(bucket="media", url=f"oss://{_NAME}/a/b", options=options)


def azure(azurite: Azurite) -> StoreAddress:
    azurite.create_container(_NAME)
    options = {"endpoint": azurite.endpoint, "account_name": ACCOUNT, "account_key": KEY}
    return StoreAddress(bucket="media", url=f"azblob://{_NAME}", options=options)


def check(address: StoreAddress) -> None:
    store = open_for_writing(address)
    for content in (os.urandom(30_000), b"shorter", b""):
        store.put("part-1 é.parquet", content)
        assert store.read("part-1 é.parquet", 0, 4_000_000) == content
    store.close()


@pytest.mark.server
def test_s3(ceph: Ceph) -> None:
    address = s3(ceph)
    check(address)
    wrong = {**address.options, "secret_access_key": "wrong"}
    with pytest.raises(AccessDenied, match="writing some prefix/x"):
        open_for_writing(StoreAddress(bucket="media", url=address.url, options=wrong)).put("x", b"1")
    missing = StoreAddress(bucket="media", url=f"s3://{_NAME}", options=address.options)
    with pytest.raises(BucketNotFound):
        open_for_writing(missing).put("x", b"1")


@pytest.mark.server
def test_oss(fake_oss: FakeOss) -> None:
    check(oss(fake_oss))


@pytest.mark.server
def test_azure(azurite: Azurite) -> None:
    check(azure(azurite))


def test_what_nothing_is_written_to() -> None:
    with pytest.raises(StoreMisconfigured, match="nothing can be written"):
        open_for_writing(StoreAddress(bucket="media", url="memory://x"))
