"""What every store promises (``store.py``), as tests. A store's own test file derives from it and gives
a ``bucket``; nothing here knows which store it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec
import pytest

from bindery.buckets.store import (
    BucketNotFound,
    ObjectChanged,
    ObjectInfo,
    ObjectNotFound,
    Store,
    StoreAddress,
)

PLAIN_KEYS = (
    "a",
    "a-b",
    "a/b",
    "a/b-c",
    "a/b/c",
    "ab",
    "A",
    "Z/z",
    "sp ace/in it.jpg",
    "plus+plus",
    "percent%41",
    "percent%",
    "question?mark=1&x=y",
    "hash#fragment",
    "quo'te\"s",
    "<xml>&amp;",
    "back\\slash",
    "*star~tilde!()",
    "-dash",
    ".hidden",
    "...",
    " leading",
    "trailing ",
    "tab\tin",
    "new\nline",
    "bell\x07",
    "delete\x7f",
    "\u00e9 composed",
    "e\u0301 decomposed",
    "\u4e2d\u6587/\u7167\u7247.jpg",
    "\ufeffbom",
    "\uff5e last of the plane",
    "\uffff",
    "\U0001f600",
    "\U0001f600smile.jpg",
    "\uff01\uff08\uff1a.jpg",
    "in/\U0001f600/\uff01",
    "in/\U0001f600/\U0001f600",
    "in/\uff08\U00020000",
    "in/\uff08\uff1a",
    "\U0010ffff",
    "k" * 200 + "/" + "l" * 200,
)
"""Keys that can be the path of a file too. Among them are pairs that UTF-16 orders the other way round."""

OBJECT_KEYS = (
    "/leading slash",
    "//two",
    "a//b",
    "a/./b",
    "a/../b",
    "../up",
    ".",
    "..",
    " ",
    "a/ /b",
    "k" * 1_023,
    "\u7167" * 341,
)
"""Keys that only an object store takes."""

_REOPEN = """
import sys, msgspec
from bindery.buckets.registry import open_store
from bindery.buckets.store import StoreAddress
store = open_store(msgspec.json.decode(sys.stdin.buffer.read(), type=StoreAddress))
for page in store.list():
    for info in page:
        sys.stdout.buffer.write(msgspec.json.encode([info.key, info.etag, len(store.read(info.key, 0, 9))]) + b"\\n")
"""


@dataclass
class Bucket:
    """A bucket under test: the store, and a way to change it that does not go through the store."""

    store: Store
    put: Callable[[str, bytes], None]
    remove: Callable[[str], None]
    missing: StoreAddress
    """Of a bucket that does not exist, at the same store."""

    def fill(self, keys: Iterable[str]) -> list[str]:
        """Put objects; their keys in the order of a listing."""
        wanted = list(keys)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda key: self.put(key, f"content of {key}".encode()), wanted))
        return sorted(wanted, key=str.encode)

    def listed(self, prefix: str = "", start_after: str = "") -> list[str]:
        return [info.key for info in self.infos(prefix, start_after)]

    def infos(self, prefix: str = "", start_after: str = "") -> list[ObjectInfo]:
        return [info for page in self.store.list(prefix=prefix, start_after=start_after) for info in page]


class StoreConformance:
    """Derive, and give a fixture ``bucket`` that is empty for each test."""

    keys = PLAIN_KEYS
    open_missing: Callable[[StoreAddress], Store]
    other_process = True
    many = 5_001

    def test_empty(self, bucket: Bucket) -> None:
        bucket.store.check()
        assert list(bucket.store.list()) == []
        assert list(bucket.store.list(prefix="a/", start_after="a/b")) == []

    def test_order_is_that_of_utf8_bytes(self, bucket: Bucket) -> None:
        expected = bucket.fill(self.keys)
        assert bucket.listed() == expected
        assert expected != sorted(expected, key=lambda key: key.encode("utf-16-be"))

    def test_every_key_leads_to_its_object(self, bucket: Bucket) -> None:
        for key in bucket.fill(self.keys):
            content = f"content of {key}".encode()
            details = bucket.store.details(key)
            assert (details.info.key, details.info.size) == (key, len(content))
            assert bucket.store.read(key, 0, len(content) + 10, etag=details.info.etag) == content

    def test_details_and_listing_agree(self, bucket: Bucket) -> None:
        bucket.fill(["one", "two/three"])
        for info in bucket.infos():
            assert bucket.store.details(info.key).info == info
            assert info.etag
            assert '"' not in info.etag
            assert info.modified_ns > 1_600_000_000 * 10**9

    @pytest.mark.parametrize(
        "prefix", ["a", "a/", "a/b", "sp ace/", "percent%", "\u4e2d", "none/", "plus+", "a/b/c"]
    )
    def test_prefix(self, bucket: Bucket, prefix: str) -> None:
        expected = [key for key in bucket.fill(self.keys) if key.startswith(prefix)]
        assert bucket.listed(prefix=prefix) == expected

    def test_start_after(self, bucket: Bucket) -> None:
        keys = bucket.fill(self.keys)
        between = ["a,", "a.", "a/a", "a/b.", "a0", "sp ace/", "\uffff\uffff", "\U0010ffff\U0010ffff"]
        for start in [*keys, *between]:
            expected = [key for key in keys if key.encode() > start.encode()]
            assert bucket.listed(start_after=start) == expected, start

    def test_start_after_within_a_prefix(self, bucket: Bucket) -> None:
        keys = bucket.fill(["a/1", "a/2", "a/3", "b/1", "A/1"])
        for start in ["", "A/1", "a/", "a/2", "a/3", "b/1"]:
            expected = [key for key in keys if key.startswith("a/") and key > start]
            assert bucket.listed(prefix="a/", start_after=start) == expected, start

    @pytest.mark.slow
    def test_many_objects_come_in_pages(self, bucket: Bucket) -> None:
        keys = bucket.fill(f"{number % 7}/{number:05d}" for number in range(self.many))
        pages = list(bucket.store.list())
        assert [info.key for page in pages for info in page] == keys
        assert all(0 < len(page) <= 1_000 for page in pages)
        middle = self.many // 2
        assert bucket.listed(start_after=keys[middle]) == keys[middle + 1 :]

    def test_directory_markers_are_left_out(self, bucket: Bucket) -> None:
        for key in ["folder/", "folder/below/"]:
            bucket.put(key, b"")
        bucket.put("folder/object", b"x")
        assert bucket.listed() == ["folder/object"]
        with pytest.raises(ObjectNotFound):
            bucket.store.details("folder/")

    def test_ranges(self, bucket: Bucket) -> None:
        content = bytes(range(256)) * 1_000
        bucket.put("file", content)
        size = len(content)
        ranges = [
            (0, 1),
            (0, size),
            (0, size + 1),
            (size - 1, 1),
            (size - 1, 9),
            (1_000, 70_000),
            (255, 256),
        ]
        for offset, length in [
            *ranges,
            (size, 1),
            (size + 1, 1),
            (10 * size, 9),
            (0, 0),
            (9, 0),
            (size, 0),
        ]:
            assert bucket.store.read("file", offset, length) == content[offset : offset + length], (
                offset,
                length,
            )

    def test_an_empty_object(self, bucket: Bucket) -> None:
        bucket.put("nothing", b"")
        (info,) = bucket.infos()
        assert info.size == 0
        assert bucket.store.details("nothing").info == info
        assert bucket.store.read("nothing", 0, 100, etag=info.etag) == b""
        assert bucket.store.read("nothing", 5, 100) == b""

    def test_an_overwritten_object_is_another_version(self, bucket: Bucket) -> None:
        bucket.put("file", b"first content")
        before = bucket.store.details("file").info
        bucket.put("file", b"second")
        after = bucket.store.details("file").info
        assert before.etag != after.etag
        assert bucket.infos() == [after]
        assert bucket.store.read("file", 0, 99, etag=after.etag) == b"second"
        for offset in (0, 3, 99):
            with pytest.raises(ObjectChanged):
                bucket.store.read("file", offset, 10, etag=before.etag)

    def test_a_removed_object(self, bucket: Bucket) -> None:
        bucket.put("file", b"content")
        etag = bucket.store.details("file").info.etag
        bucket.remove("file")
        assert bucket.listed() == []
        for ask in (
            lambda: bucket.store.details("file"),
            lambda: bucket.store.read("file", 0, 1),
            lambda: bucket.store.read("file", 0, 0),
            lambda: bucket.store.read("file", 0, 1, etag=etag),
        ):
            with pytest.raises(ObjectNotFound) as raised:
                ask()
            assert not raised.value.retryable

    @pytest.mark.parametrize("key", ["absent", "file/below", "a/b/c", "", "\ud800"])
    def test_keys_of_nothing(self, bucket: Bucket, key: str) -> None:
        bucket.put("file", b"content")
        with pytest.raises(ObjectNotFound):
            bucket.store.details(key)
        with pytest.raises(ObjectNotFound):
            bucket.store.read(key, 0, 1)

    def test_a_bucket_that_does_not_exist(self, bucket: Bucket) -> None:
        store = type(self).open_missing(bucket.missing)
        for ask in (store.check, lambda: list(store.list()), lambda: store.details("file")):
            with pytest.raises(BucketNotFound) as raised:
                ask()
            assert not raised.value.retryable

    def test_several_threads(self, bucket: Bucket) -> None:
        keys = bucket.fill(f"file-{number}" for number in range(20))

        def work(key: str) -> tuple[bytes, list[str]]:
            info = bucket.store.details(key).info
            return bucket.store.read(key, 0, 100, etag=info.etag), bucket.listed()

        with ThreadPoolExecutor(8) as threads:
            for key, (content, listed) in zip(keys * 3, threads.map(work, keys * 3), strict=True):
                assert content == f"content of {key}".encode()
                assert listed == keys

    def test_another_process_opens_the_same_bucket(self, bucket: Bucket) -> None:
        if not self.other_process:
            pytest.skip("a bucket of this kind lives in one process")
        bucket.fill(["one", "two/\U0001f600"])
        done = subprocess.run(
            [sys.executable, "-c", _REOPEN],
            input=msgspec.json.encode(bucket.store.address),
            capture_output=True,
            check=True,
            timeout=60,
        )
        seen = [msgspec.json.decode(line) for line in done.stdout.splitlines()]
        assert seen == [[info.key, info.etag, 9] for info in bucket.infos()]

    def test_closing_twice(self, bucket: Bucket) -> None:
        bucket.store.close()
        bucket.store.close()
