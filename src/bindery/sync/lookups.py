"""What single objects are now: requests to a store that wait for the network, several at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from bindery.buckets.folder import is_spelled_as_listed
from bindery.buckets.store import BucketNotFound, ObjectInfo, ObjectNotFound, Store

_THREADS = 8
_POLL_SECONDS = 0.1
_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def look(store: Store, key: str) -> ObjectInfo | None:
    """The object as it is now; None when it does not exist.

    A key of which the store will not or cannot tell anything, like one that may not be read or has headers that make
    no sense, is looked for in a listing: one object must not hold up its bucket. Raises StoreError; PartlyListed when
    nothing is known.
    """
    try:
        return store.details(key).info
    except ObjectNotFound:
        return None
    except (BucketNotFound, MemoryError):
        raise
    except Exception:
        return look_in_listing(store, key)


def look_in_listing(store: Store, key: str) -> ObjectInfo | None:
    """The object as a listing shows it; None when it is not listed. Raises StoreError; PartlyListed when nothing is
    known."""
    first = next((page for page in store.list(prefix=key) if page), [])
    return next((info for info in first if info.key == key), None)


def look_as_listed(store: Store, key: str) -> ObjectInfo | None:
    """The object as it is now; None when it does not exist, or only under another spelling of its key, as a folder
    may find it. Raises as ``look`` does."""
    found = look(store, key)
    if found is None or is_spelled_as_listed(store, key):
        return found
    return look_in_listing(store, key)


def look_up_all(
    look_up: Callable[[_Item], _Found], items: Sequence[_Item], at_once: int, check_stop: Callable[[], None]
) -> list[_Found]:
    """``look_up`` of every item, in their order, up to ``at_once`` of them at a time, in threads that do not
    hold up the end of the server.

    Raises what ``check_stop`` raises, or the first exception of an item; the others are not begun then.
    """
    if len(items) == 1:
        return [look_up(items[0])]
    count = min(_THREADS, at_once, len(items))
    found: dict[int, _Found] = {}
    failures: list[BaseException] = []
    ended = threading.Event()

    def work(first: int) -> None:
        try:
            for position in range(first, len(items), count):
                if ended.is_set():
                    return
                found[position] = look_up(items[position])
        except BaseException as error:
            failures.append(error)
            ended.set()

    threads = [threading.Thread(target=work, args=(first,), daemon=True) for first in range(count)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(_POLL_SECONDS)
                check_stop()
    finally:
        ended.set()
    if failures:
        raise failures[0]
    return [found[position] for position in range(len(items))]
