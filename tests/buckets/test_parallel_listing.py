"""One listing by several requests at a time: it must be the plain listing, whatever the keys and the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.servers.scripted import Asked, Reply, Scripted
from tests.servers.served_keys import ServedKeys

from bindery.buckets.key_space import KeySpace
from bindery.buckets.parallel_listing import list_in_ranges
from bindery.buckets.rate import Pace
from bindery.buckets.registry import open_store, parse_store
from bindery.buckets.store import Rate, Store, StoreUnavailable

LONG = "x" * 1_000
_MOMENT_SECONDS = 0.25


@dataclass(frozen=True)
class Item:
    key: str
    placed: bool = True


class Lister:
    """Keys by pages of ten, as a store lists them after any key; ``before`` is called ahead of each page. From the
    fifth on requests wait a moment for ``together`` of them to be under way, however busy the machine is."""

    def __init__(
        self, keys: Sequence[str], before: Callable[[str], None] = lambda _: None, together: int = 1
    ) -> None:
        self.items = [Item(key) for key in sorted(keys)]
        self.before = before
        self.requests = 0
        self.most_at_once = self._at_once = 0
        self._together, self._met = together, threading.Event()
        self._lock = threading.Lock()

    def open_after(self, after: str) -> Iterator[list[Item]]:
        while True:
            with self._lock:
                self.requests += 1
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                is_held = self.requests > 4
                if self._at_once >= self._together:
                    self._met.set()
            try:
                if is_held:
                    self._met.wait(_MOMENT_SECONDS)
                self.before(after)
                page = list(islice((item for item in self.items if item.key > after), 10))
            finally:
                with self._lock:
                    self._at_once -= 1
            if page:
                yield page
            if len(page) < 10:
                return
            after = page[-1].key

    def list(self, *, prefix: str = "", start_after: str = "", at_once: int = 6) -> Iterator[str]:
        pages = list_in_ranges(
            self.open_after,
            prefix=prefix,
            start_after=start_after,
            at_once=at_once,
            lists_after=lambda _: True,
            is_placed=lambda item: item.placed,
        )
        return (item.key for page in pages for item in page)


_PARTS = st.sampled_from(
    [
        *"0179aB/~ é照",
        "IMG_",
        "%",
        "%2F",
        "//",
        "\ufffd",
        "\ufffe",
        "😀",
        "\U0010ffff",
        LONG,
        "\x01",
        "0000",
        ".jpg",
    ]
)
_KEYS = st.sets(st.lists(_PARTS, min_size=1, max_size=5).map("".join), min_size=20, max_size=150)


@given(_KEYS, st.lists(_PARTS, max_size=3).map("".join))
@example({f"{LONG}{number:03d}" for number in range(150)}, "")
@example({f"{number:03d}/" for number in range(150)}, "")
@example({f"a{chr(0xFFF0 + number)}" for number in range(150)}, "")
def test_the_union_of_the_ranges_is_the_plain_listing(keys: set[str], start: str) -> None:
    assert list(Lister(sorted(keys)).list(start_after=start)) == sorted(key for key in keys if key > start)


@pytest.mark.parametrize(
    "key",
    [
        lambda number: f"photos/{number % 40:03d}/IMG_{number:07d}.jpg",
        lambda number: f"IMG_{number:07d}.jpg",
        lambda number: f"{number * 2_654_435_761 % 2**32:08x}",
        lambda number: f"{2000 + number % 25}/{number % 12 + 1:02d}/{number:06d}",
        lambda number: f"{'abc'[number % 3]}/{'x' * (number % 7)}{number}",
        lambda number: f"{LONG}{number:08d}",
    ],
    ids=["folders", "flat", "hexadecimal", "dates", "uneven", "long"],
)
def test_a_bucket_is_listed_by_many_at_a_time(key: Callable[[int], str]) -> None:
    """Of 400 pages most are fetched beside others, few requests are in vain, and no more run than may."""
    keys = sorted({key(number) for number in range(4_000)})
    lister = Lister(keys, lambda _: time.sleep(0.0005), together=4)
    assert list(lister.list()) == keys
    assert 4 <= lister.most_at_once <= 6
    assert lister.requests <= 2 * len(keys) / 10


def test_little_is_held_of_a_large_bucket() -> None:
    """A caller who does not take pages has few fetched, and the end of what he leaves is the end of the requests."""
    lister = Lister([f"{number:06d}" for number in range(5_000)])
    listing = lister.list(at_once=4)
    assert [next(listing) for _ in range(600)] == [f"{number:06d}" for number in range(600)]
    wait_until_still(lister)
    assert lister.requests <= 60 + 4 * 6 + 30
    listing.close()  # type: ignore[attr-defined]
    wait_until_still(lister)


def wait_until_still(lister: Lister) -> None:
    seen = -1
    while seen != lister.requests:
        seen = lister.requests
        time.sleep(0.05)


def test_a_small_bucket_is_listed_as_before() -> None:
    lister = Lister([f"{number:03d}" for number in range(15)])
    assert len(list(lister.list())) == 15
    assert (lister.requests, lister.most_at_once) == (2, 1)


def test_a_failure_comes_behind_what_was_listed_before_it() -> None:
    def fail(after: str) -> None:
        if after >= "1500":
            raise StoreUnavailable("broken")

    seen: list[str] = []
    with pytest.raises(StoreUnavailable, match="broken"):
        for key in Lister([f"{number:04d}" for number in range(3_000)], fail).list():
            seen.append(key)
    assert seen == [f"{number:04d}" for number in range(len(seen))]
    assert 1_490 <= len(seen) <= 1_510


def test_a_fault_in_a_thread_is_told() -> None:
    def fail(after: str) -> None:
        if after > "0100":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(Lister([f"{number:04d}" for number in range(500)], fail).list())


def test_what_is_refused_for_being_too_much_is_tried_with_less() -> None:
    lister = Lister([f"{number:04d}" for number in range(3_000)], together=3)
    refused = 0

    def refuse(_: str) -> None:
        nonlocal refused
        time.sleep(0.0005)
        if lister._at_once > 2:
            refused += 1
            raise StoreUnavailable("slow down", throttled=True)

    lister.before = refuse
    assert list(lister.list()) == [f"{number:04d}" for number in range(3_000)]
    assert 1 <= refused <= 12


def test_keys_that_cannot_be_read_are_where_the_store_has_them() -> None:
    """They stand at the place of bytes that are lost; at a border they may come twice, and never not at all."""
    lister = Lister([f"{number:04d}" for number in range(1_000)])
    lister.items = [
        each for item in lister.items for each in (item, Item(f"{item.key[:2]}\ufffd", placed=False))
    ]
    positions = {id(item): number for number, item in enumerate(lister.items)}

    def open_after(after: str) -> Iterator[list[Item]]:
        rest = [item for item in lister.items if not item.placed or item.key > after]
        first = next((number for number, item in enumerate(rest) if item.placed), len(rest))
        rest = rest[max(0, first - 1) :]
        for start in range(0, len(rest), 10):
            yield rest[start : start + 10]

    found = list_in_ranges(
        open_after,
        prefix="",
        start_after="",
        at_once=4,
        lists_after=lambda _: True,
        is_placed=lambda item: item.placed,
    )
    seen = [positions[id(item)] for page in found for item in page]
    assert set(seen) == set(range(2_000))
    assert [number for number in seen if number % 2 == 0] == list(range(0, 2_000, 2))


@given(_KEYS, st.data())
def test_a_guess_lies_between(keys: set[str], data: st.DataObject) -> None:
    """And at a place that stores which order keys by UTF-8 and by UTF-16 agree about."""
    ascending = sorted(keys)
    space = KeySpace("")
    space.learn(ascending)
    low = data.draw(st.integers(0, len(ascending) - 2))
    high = data.draw(st.integers(low + 1, len(ascending)))
    until = ascending[high] if high < len(ascending) else None
    guess = space.between(ascending[0], ascending[low], until)
    if guess is not None:
        assert ascending[low] < guess and (until is None or guess < until)
        assert max(guess) < "\ud800" and len(guess.encode()) <= 1_024
    assert 0 <= space.progress(ascending[0], ascending[low], until) <= 1


# Against servers that speak the protocol


def open_bucket(server: ServedKeys | Scripted, options: str = "") -> Store:
    return open_store(parse_store("media", f"s3://name?anonymous=true&endpoint={server.endpoint}{options}"))


def keys_of(store: Store, **arguments: str) -> list[str]:
    return [info.key for page in store.list(**arguments) for info in page]


ODD = [f"{part}/{number:04d}{end}" for part in ("%", "a b", "é", "😀", "！", LONG[:900]) for number in range(700)
       for end in (".jpg", "\ufffd")]  # fmt: skip


def test_over_http_with_prefix_and_cursor() -> None:
    keys = sorted(ODD)
    with ServedKeys(keys, together=2) as server:
        store = open_bucket(server)
        assert keys_of(store) == keys
        assert keys_of(store, prefix="a b/", start_after="a b/0099.jpg") == [
            key for key in keys if key.startswith("a b/") and key > "a b/0099.jpg"
        ]
        store = open_store(
            parse_store("media", f"s3://name/a%20b?anonymous=true&endpoint={server.endpoint}")
        )
        assert keys_of(store) == [key[4:] for key in keys if key.startswith("a b/")]
        assert 2 <= server.most_at_once <= 16


def test_so_many_requests_as_the_url_allows() -> None:
    keys = [f"{number:05d}" for number in range(20_000)]
    with ServedKeys(keys, delay=0.005, together=2) as server:
        assert keys_of(open_bucket(server, "&listing_at_once=3")) == keys
        assert 2 <= server.most_at_once <= 3
    with ServedKeys(keys, delay=0.001) as server:
        assert keys_of(open_bucket(server, "&requests_at_once=2")) == keys
        assert (server.most_at_once, server.requests) == (1, 20)


def test_a_store_that_does_not_list_after_a_key_is_listed_once() -> None:
    keys = [f"{number:05d}" for number in range(8_000)]
    with ServedKeys(keys, lists_after=False) as server:
        assert keys_of(open_bucket(server)) == keys
        assert (server.most_at_once, server.requests) == (1, 8 + 1)


@pytest.mark.parametrize("option", ["&order=none", "&order=utf16"])
def test_another_order_is_listed_once(option: str) -> None:
    keys = [f"{number:05d}" for number in range(5_000)]
    with ServedKeys(keys) as server:
        assert keys_of(open_bucket(server, option)) == keys
        assert (server.most_at_once, server.requests) == (1, 5)


def test_a_store_out_of_order_is_not_believed() -> None:
    keys = [f"{number:05d}" for number in range(6_000)]
    keys[5_100], keys[5_101] = keys[5_101], keys[5_100]
    with ServedKeys(keys) as server, pytest.raises(StoreUnavailable, match="out of order"):
        keys_of(open_bucket(server))


def test_a_store_that_throttles_gets_fewer_requests() -> None:
    """At most two at a time are answered; the listing is whole, and most of its requests are none too many."""
    keys = [f"{number:06d}" for number in range(100_000)]
    with ServedKeys(keys, delay=0.005, most_at_once=2) as server:
        assert keys_of(open_bucket(server)) == keys
        assert 1 <= server.refused <= server.requests // 2


def test_a_pace_is_halved_and_recovers() -> None:
    """By one for a round of requests that are taken, and by one a second where rounds are shorter than that."""
    now = [100.0]
    pace = Pace(Rate(at_once=16), 1.0, clock=lambda: now[0])
    pace.slow_down()
    pace.slow_down()  # of requests that went out together
    assert pace.limit == 8
    for _ in range(8 * 9):
        pace.taken()
    assert pace.limit == 8
    for second in range(1, 9):
        for _ in range(1_000):
            now[0] += 0.001
            pace.taken()
        assert pace.limit in (8 + second - 1, 8 + second)
    now[0] += 100
    pace.slow_down()
    for _ in range(8 * 16):
        now[0] += 100
        pace.taken()
    assert pace.limit == 16


def test_refusals_reach_the_pace() -> None:
    answers = [
        Reply(503, b"<Error><Code>SlowDown</Code></Error>"),
        Reply(429),
        Reply(body=b"<ListBucketResult/>"),
    ]

    def answer(_: Asked) -> Reply:
        return answers.pop(0)

    with Scripted(answer) as server:
        store = open_bucket(server)
        store.check()
        assert store._http._pace.limit < 32  # type: ignore[attr-defined]
