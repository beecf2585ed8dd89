"""The store in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.buckets.conformance import OBJECT_KEYS, PLAIN_KEYS, Bucket, StoreConformance

from bindery.buckets.memory import MemoryStore
from bindery.buckets.store import StoreAddress, StoreMisconfigured


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    name = uuid.uuid4().hex
    store = MemoryStore(StoreAddress(bucket="media", url=f"memory://{name}"))
    store.create()
    missing = StoreAddress(bucket="missing", url=f"memory://{name}-missing")
    yield Bucket(store, lambda key, content: void(store.put(key, content)), store.remove, missing)
    store.drop()


def void(_: object) -> None:
    return


class TestMemoryStore(StoreConformance):
    keys = PLAIN_KEYS + OBJECT_KEYS
    open_missing = MemoryStore
    other_process = False


def test_a_bucket_in_memory_is_not_watched(bucket: Bucket) -> None:
    with pytest.raises(StoreMisconfigured):
        bucket.store.watch()


def test_details_tell_what_was_put(bucket: Bucket) -> None:
    assert isinstance(bucket.store, MemoryStore)
    bucket.store.put("a", b"", content_type="image/png", user_metadata={"x": "y"}, tags={"t": "v"})
    details = bucket.store.details("a")
    assert (details.content_type, details.user_metadata, details.tags) == (
        "image/png",
        {"x": "y"},
        {"t": "v"},
    )
