"""What a store takes: its own limit, lowered by its URL, and kept to by every request."""

from __future__ import annotations

import threading
import time

import pytest
from tests.servers.scripted import Asked, Reply, Scripted

from bindery.buckets.portable import portable
from bindery.buckets.rate import Pace
from bindery.buckets.registry import open_store, parse_store
from bindery.buckets.store import Rate, StoreMisconfigured, StoreUnavailable
from bindery.sync.lookups import look_up_all

EMPTY = Reply(body=b"<ListBucketResult></ListBucketResult>")


@pytest.mark.parametrize(
    ("url", "rate"),
    [
        ("s3://name?anonymous=true", Rate(32, 5_500)),
        ("oss://name?anonymous=true", Rate(32, 10_000)),
        ("gcs://name?anonymous=true", Rate(32, 5_000)),
        ("azblob://name?account_name=a", Rate(32, 20_000)),
        ("memory://name", Rate()),
        ("/srv", Rate()),
        ("s3://name?anonymous=true&requests_per_second=20&requests_at_once=2", Rate(2, 20, 1)),
        ("oss://name?anonymous=true&listing_at_once=4", Rate(32, 10_000, 4)),
        ("gcs://name?anonymous=true&requests_per_second=999999&requests_at_once=99", Rate(32, 5_000)),
    ],
)
def test_a_store_says_what_it_takes(url: str, rate: Rate) -> None:
    assert open_store(parse_store("media", url)).capabilities.rate == rate


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "1000000", "%20"])
@pytest.mark.parametrize("name", ["requests_per_second", "requests_at_once", "listing_at_once"])
def test_what_is_no_rate_is_refused(name: str, value: str) -> None:
    for kind in ("s3://name?anonymous=true", "azblob://name?account_name=a"):
        with pytest.raises(StoreMisconfigured, match=f"{name} is a whole number|empty"):
            open_store(parse_store("media", f"{kind}&{name}={value}"))


def test_a_file_has_no_rate() -> None:
    with pytest.raises(StoreMisconfigured, match="no option"):
        parse_store("media", "file:///srv?requests_per_second=5")


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("s3://name?anonymous=true", lambda _: EMPTY),
        ("gcs://name?anonymous=true", lambda _: Reply(body=b"{}", headers={"content-type": "text/json"})),
    ],
)
def test_requests_begin_one_behind_the_other(kind: str, reply: object) -> None:
    """Half of the requests of a second are the server's own: ten are at least 0.1 s apart at twenty."""
    begun: list[float] = []

    def answer(asked: Asked) -> Reply:
        begun.append(time.monotonic())
        return reply(asked)  # type: ignore[operator]

    with Scripted(answer) as server:
        store = open_store(
            parse_store("media", f"{kind}&requests_per_second=20&endpoint={server.endpoint}")
        )
        began = time.monotonic()
        threads = [threading.Thread(target=store.check) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(begun) == 5
    assert time.monotonic() - began >= 0.4


def test_repeated_requests_keep_to_it_too() -> None:
    with Scripted(lambda _: Reply(503, b"<Error><Code>SlowDown</Code></Error>")) as server:
        url = f"s3://name?anonymous=true&requests_per_second=2&endpoint={server.endpoint}"
        store = open_store(parse_store("media", url))
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.check()
        assert time.monotonic() - began >= len(server.asked) - 1 >= 1


def test_so_many_at_once() -> None:
    pace, most, running = Pace(Rate(at_once=2), 1.0), 0, 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal most, running
        with pace:
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.01)
            with lock:
                running -= 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 2


def test_look_ups_are_no_more_at_once_than_the_store_takes() -> None:
    seen: set[str] = set()

    def look(number: int) -> int:
        seen.add(threading.current_thread().name)
        return -number

    assert look_up_all(look, range(20), 3, lambda: None) == [-number for number in range(20)]
    assert 1 <= len(seen) <= 3


def test_workers_share_their_half() -> None:
    address = parse_store("media", "s3://name?anonymous=true&requests_per_second=80")
    assert portable(address, 4).share == 0.125
    pace, began = Pace(Rate(per_second=80), 0.125), time.monotonic()
    for number in range(3):
        with pace:
            assert time.monotonic() - began >= number * 0.1
