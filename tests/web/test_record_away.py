"""Pages while the record cannot be read: their reader is told so, and no answer goes on with another one."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs
from tests.catalog.samples import make_place, write_of

from bindery.app import Application
from bindery.buckets.registry import parse_store
from bindery.catalog.record.registered_buckets import RegisteredBuckets
from bindery.catalog.records import CatalogUnusable
from bindery.config import load_config

from .conftest import Visitor

SECONDS = 60.0
CONTENT = bytes(range(256)) * 8_192
"""More than is read at once."""


class Served:
    """A server in this process, with an object of a registered bucket in a dataset."""

    def __init__(self, folder: Path) -> None:
        (folder / "media").mkdir()
        (folder / "media" / "long.mp4").write_bytes(CONTENT)
        self.application = Application(load_config(None, {"data": folder / "data"}))
        context, address = self.application.gateway.context, parse_store("media", str(folder / "media"))
        context.engine.register_bucket(address)
        etag = context.engine._buckets.open("media").details("long.mp4").info.etag
        write = write_of("long.mp4", "media", etag=f'"{etag}"', size=len(CONTENT), content_type="video/mp4")
        context.catalog.files.write(make_place(context.catalog, bucket="media").dataset.id, [write])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server = self.application.make_server()
        self.visitor = Visitor(self._run(self._server.start("127.0.0.1", 0)))
        root = self.application.identities.find(self.application.identities._root.key_id)
        assert self.visitor.sign_in(root.key_id, root.secret).status == 303

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    def close(self) -> None:
        self._run(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()
        self.application.close()

    def fetch(self, kind: str) -> tuple[int, bytes, bool]:
        """Status and bytes of a page about the object, and whether it has come whole."""
        path = f"/console/{kind}/place/place?" + urlencode({"uri": "oss://media/long.mp4"})
        cookies = "; ".join(f"{name}={value}" for name, value in self.visitor.cookies.items())
        connection = http.client.HTTPConnection(self.visitor.address, timeout=SECONDS)
        try:
            connection.request("GET", path, headers={"Cookie": cookies})
            answer = connection.getresponse()
            try:
                return answer.status, answer.read(), True
            except http.client.IncompleteRead as cut:
                return answer.status, cut.partial, False
        finally:
            connection.close()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    for name in ("BINDERY_ACCESS_KEY_ID", "BINDERY_ACCESS_KEY_SECRET", "BINDERY_SEALING_KEY"):
        monkeypatch.delenv(name, raising=False)
    made = Served(tmp_path)
    yield made
    made.close()


@pytest.fixture
def leave_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Where buckets are can be read so many times from now on."""

    def leave(times: int) -> None:
        left, find = iter(range(times)), RegisteredBuckets.find

        def find_for_now(buckets: RegisteredBuckets, name: str) -> bytes | None:
            if next(left, None) is None:
                raise CatalogUnusable("the record is away")
            return find(buckets, name)

        monkeypatch.setattr(RegisteredBuckets, "find", find_for_now)

    return leave


@pytest.mark.parametrize("kind", ["media", "words", "thumbnails"])
def test_a_page_says_that_the_record_is_away(
    served: Served, leave_after: Callable[[int], None], kind: str
) -> None:
    leave_after(0)
    with capture_logs() as lines:
        status, body, _ = served.fetch(kind)
    assert status == 503
    assert b"the record is away" in body
    assert [line for line in lines if line.get("exc_info")] == []


def test_bytes_that_are_on_their_way_end_where_the_record_went_away(
    served: Served, leave_after: Callable[[int], None]
) -> None:
    assert served.fetch("media") == (200, CONTENT, True)
    leave_after(2)
    with capture_logs() as lines:
        status, body, is_whole = served.fetch("media")
    assert (status, is_whole) == (200, False)
    assert body
    assert CONTENT.startswith(body)
    assert [line for line in lines if line.get("exc_info")] == []
