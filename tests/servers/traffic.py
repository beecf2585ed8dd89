"""Random changes of a bucket of a real S3, by several writers at a time, and how soon a dataset shows them."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.servers.catalogue import BUCKET, Catalogue, Version, any_picture, version_of
from tests.servers.ceph import Ceph

WRITERS = 8
KEYS = 800
_POLL_SECONDS = 0.05
_WATCHED = 100
"""Changes that one request asks for."""

Seen = Callable[[str, str, float], None]
"""Told of each change: key, ETag (empty for a removal), and when its request began."""


class Traffic:
    """Puts, overwrites, copies and removals. Every key has one writer, so that its last change is known."""

    def __init__(self, ceph: Ceph, bucket: str, seed: int, on_change: Seen = lambda *_: None) -> None:
        self._ceph, self._bucket, self._on_change = ceph, bucket, on_change
        self._chances = [random.Random(f"{seed}-{writer}") for writer in range(WRITERS)]
        self._contents: list[dict[str, bytes]] = [{} for _ in range(WRITERS)]
        self._ended = threading.Event()
        self._failures: list[BaseException] = []
        self.changes = 0

    def run(self, changes: int) -> float:
        """So many changes in all; the seconds they took."""
        began = time.perf_counter()
        threads = self._start(changes // WRITERS)
        self._join(threads)
        return time.perf_counter() - began

    def __enter__(self) -> Traffic:
        """Changes until the block ends."""
        self._ended.clear()
        self._threads = self._start(1_000_000)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._join(self._threads)

    def versions(self) -> dict[str, Version]:
        """What the bucket must hold, as the writers remember it."""
        return {key: version_of(content) for held in self._contents for key, content in held.items()}

    def _start(self, changes: int) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._write, args=(writer, changes)) for writer in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _join(self, threads: list[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        assert not self._failures, self._failures[0]

    def _write(self, writer: int, changes: int) -> None:
        client = self._ceph.client()
        try:
            for _ in range(changes):
                if self._ended.is_set():
                    return
                self._change(client, self._chances[writer], self._contents[writer], writer)
        except BaseException as error:
            self._failures.append(error)

    def _change(self, client: Any, chance: random.Random, held: dict[str, bytes], writer: int) -> None:
        began, kind = time.perf_counter(), chance.random()
        key = f"f {writer % 3}+/ü%41/{chance.randrange(KEYS // WRITERS) * WRITERS + writer:04d}.gif"
        if kind < 0.6 or not held:
            content = any_picture(chance)
            client.put_object(Bucket=self._bucket, Key=key, Body=content)
        elif kind < 0.7:
            source = chance.choice(sorted(held.keys() - {key}) or [key])
            if source == key:
                return
            content = held[source]
            client.copy_object(
                Bucket=self._bucket, Key=key, CopySource={"Bucket": self._bucket, "Key": source}
            )
        else:
            key = chance.choice(sorted(held))
            client.delete_object(Bucket=self._bucket, Key=key)
            content = b""
        if content:
            held[key] = content
        else:
            del held[key]
        self.changes += 1
        self._on_change(key, hashlib.md5(content).hexdigest() if content else "", began)


class Freshness:
    """Asks the server all the time for what was changed, until it shows it.

    ``ages`` are seconds from the beginning of the request that made a change to the answer that shows it; of
    changes that a later one of the same key overtook, only the later one counts.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._waiting: dict[str, tuple[str, float]] = {}
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self.ages: list[float] = []
        self.lags: list[float] = []
        """What the binding told as the age of its oldest pending change, at every look."""

    def expect(self, key: str, etag: str, began: float) -> None:
        """A change has been made."""
        with self._lock:
            self._waiting.pop(key, None)
            self._waiting[key] = etag, began

    def __enter__(self) -> Freshness:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        assert self._failure is None, self._failure

    def wait_seen(self, seconds: float) -> None:
        """Until every change has been seen."""
        deadline = time.monotonic() + seconds
        while self._waiting and self._failure is None:
            assert time.monotonic() < deadline, list(self._waiting.items())[:10]
            time.sleep(_POLL_SECONDS)

    def _run(self) -> None:
        try:
            while not self._ended.wait(_POLL_SECONDS):
                self._look()
        except BaseException as error:
            self._failure = error

    def _look(self) -> None:
        with self._lock:
            asked = dict(list(self._waiting.items())[:_WATCHED])
        if asked:
            shown = self._shown(list(asked))
            now = time.perf_counter()
            with self._lock:
                for key, (etag, began) in asked.items():
                    if shown.get(key, "") == etag and self._waiting.get(key) == (etag, began):
                        del self._waiting[key]
                        self.ages.append(now - began)
        self.lags.append(self._catalogue.binding()["Progress"].get("OldestPendingChangeAge", 0))

    def _shown(self, keys: list[str]) -> dict[str, str]:
        uris = [f"oss://{BUCKET}/{key}" for key in keys]
        answer = self._catalogue.server.call(
            "BatchGetFileMeta", **self._catalogue.names, URIs=uris, WithFields=["URI", "ETag"]
        )
        return {
            file["URI"].removeprefix(f"oss://{BUCKET}/"): file["ETag"].strip('"')
            for file in answer["Files"]
        }


def quantiles(values: list[float]) -> str:
    """Milliseconds, for people."""
    ordered = sorted(values)
    shown = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1])
    return "p50 {:.0f} ms, p95 {:.0f} ms, max {:.0f} ms".format(*(1_000 * value for value in shown))
