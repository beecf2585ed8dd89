"""Google Cloud Storage: addresses, and errors of a scripted server (no emulator of it runs here)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.servers.scripted import Asked, Reply, Scripted

from bindery.buckets import opendal_store
from bindery.buckets.gcs import open_gcs
from bindery.buckets.store import (
    AccessDenied,
    BucketNotFound,
    ObjectNotFound,
    PartlyListed,
    Store,
    StoreAddress,
    StoreMisconfigured,
    StoreUnavailable,
)


def store_at(endpoint: str, path: str = "") -> Store:
    options = {"endpoint": endpoint, "anonymous": "true"}
    return open_gcs(StoreAddress(bucket="media", url=f"gcs://media{path}", options=options))


def answer(status: int, **body: object) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"content-type": "application/json"})


def item(name: str) -> dict[str, str]:
    return {
        "name": name, "size": "3", "etag": "CAE=", "updated": "2024-05-06T07:08:09.123Z", "generation": "1",
        "contentType": "image/jpeg", "md5Hash": "XUFAKrxLKna5cZ2REBfFkg==",
    }  # fmt: skip


def test_a_listing() -> None:
    with Scripted(lambda _: answer(200, items=[item("root/a"), item("root/a/b")])) as server:
        (page,) = store_at(server.endpoint, "/root").list()
    assert [info.key for info in page] == ["a", "a/b"]
    assert (page[0].size, page[0].modified_ns) == (3, 1_714_979_289 * 10**9)


@pytest.mark.parametrize("size", [2**53, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_size_that_no_object_has(size: int) -> None:
    with Scripted(lambda _: answer(200, items=[item("a"), item("b") | {"size": str(size)}])) as server:
        pages = store_at(server.endpoint).list()
        assert [info.key for info in next(pages)] == ["a"]
        with pytest.raises(PartlyListed, match=f"'b' .a size of {size} bytes, which no object has"):
            next(pages)


@pytest.mark.parametrize(
    "odd", [{"size": "-5"}, {"size": str(2**64)}, {"size": "x"}, {"updated": "12345-01-01T00:00:00Z"}]
)
def test_a_page_that_the_library_cannot_read_is_told_as_such(odd: dict[str, str]) -> None:
    with (
        Scripted(lambda _: answer(200, items=[item("a"), item("b") | odd])) as server,
        pytest.raises(StoreUnavailable, match="a page of its listing cannot be read; the size or the time"),
    ):
        list(store_at(server.endpoint).list())


def test_empty_pages_without_an_end_come_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opendal_store, "_PAGE_SECONDS", 0.5)
    tokens = iter(range(10**9))
    with (
        Scripted(lambda _: answer(200, items=[], nextPageToken=f"t{next(tokens)}")) as server,
        pytest.raises(StoreUnavailable, match="one empty page after the other"),
    ):
        list(store_at(server.endpoint).list())


ABANDONED = """
import gc, threading, time
from bindery.buckets import opendal_store
from bindery.buckets.store import StoreUnavailable
from tests.buckets.test_gcs import answer, item, store_at
from tests.servers.scripted import Scripted
gc.disable()
given_up, asked = threading.Event(), []
def reply(_):
    asked.append(1)
    if len(asked) > 1:
        return answer(200, items=[item("a")])
    given_up.wait(60)
    return answer(200, items=[], nextPageToken="t")
class Kept:
    pass
with Scripted(reply) as server:
    store, kept = store_at(server.endpoint), Kept()
    patience, opendal_store._PAGE_SECONDS = opendal_store._PAGE_SECONDS, 0.3
    try:
        list(store.list())
    except StoreUnavailable as error:
        kept.error, kept.itself = error, kept
    opendal_store._PAGE_SECONDS = patience
    given_up.set()
    time.sleep(1)  # the answer comes to a listing that nobody waits for
    assert kept.error
    del kept
    gc.collect()
    for each in (store, store_at(server.endpoint)):
        assert [info.key for page in each.list() for info in page] == ["a"]
"""


def test_a_listing_that_was_given_up_leaves_all_stores_usable() -> None:
    """Whenever the garbage collector comes to what is left of it. In a process of its own, for it ended all stores."""
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED], capture_output=True, text=True, check=False, timeout=240
    )
    assert (done.returncode, "panicked" in done.stderr) == (0, False), done.stderr


def test_a_listing_out_of_order_proves_nothing() -> None:
    with (
        Scripted(lambda _: answer(200, items=[item("b"), item("a")])) as server,
        pytest.raises(StoreUnavailable, match="out of order"),
    ):
        list(store_at(server.endpoint).list())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, BucketNotFound),
        (403, AccessDenied),
        (401, AccessDenied),
        (503, StoreUnavailable),
        (429, StoreUnavailable),
    ],
)
def test_statuses_become_errors(status: int, expected: type[Exception]) -> None:
    error = {"code": status, "message": "no", "errors": [{"reason": "x"}]}
    with Scripted(lambda _: answer(status, error=error)) as server:
        store = store_at(server.endpoint)
        for ask in (
            store.check,
            lambda: list(store.list()),
            lambda: store.details("a"),
            lambda: store.read("a", 0, 1),
        ):
            with pytest.raises(expected):
                ask()


def test_a_missing_object() -> None:
    def reply(asked: Asked) -> Reply:
        return (
            answer(200, items=[])
            if "/o?" in asked.target
            else answer(404, error={"code": 404, "message": "no"})
        )

    with Scripted(reply) as server, pytest.raises(ObjectNotFound):
        store_at(server.endpoint).details("a")


def test_folders_without_an_end_come_to_one() -> None:
    def reply(_: Asked) -> Reply:
        folder = {"name": "a/", "size": "0", "etag": "x", "updated": "2026-01-01T00:00:00Z"}
        return answer(200, items=[folder] * 1_000, nextPageToken="more")

    with Scripted(reply) as server:
        with pytest.raises(StoreUnavailable, match="nothing new"):
            list(store_at(server.endpoint).list())
        assert len(server.asked) < 50


def test_nothing_listens() -> None:
    with pytest.raises(StoreUnavailable):
        store_at("http://127.0.0.1:9").check()


def test_a_credential_that_makes_no_sense() -> None:
    options = {"credential": "not base64 at all!", "disable_vm_metadata": "true"}
    with pytest.raises(StoreMisconfigured, match="Base64"):
        open_gcs(StoreAddress(bucket="media", url="gcs://media", options=options))
