"""Pages while the record cannot be read: their reader is told so, and no answer goes on with another one, or ends as
if it were whole."""

from __future__ import annotations

import asyncio
import http.client
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs
from tests.catalog.samples import make_place, write_of

from bindery.app import Application
from bindery.buckets.registry import parse_store
from bindery.catalog.record.registered_buckets import RegisteredBuckets
from bindery.catalog.record.usage import Usage
from bindery.catalog.records import CatalogUnusable, UsageKey, UsageRow
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
        return self.get(f"/console/{kind}/place/place?" + urlencode({"uri": "oss://media/long.mp4"}))

    def get(self, path: str, *, version: int = 11) -> tuple[int, bytes, bool]:
        """The same of any page, by HTTP/1.1 or HTTP/1.0."""
        with self.connected(version) as connection:
            connection.request("GET", path, headers=self.cookies)
            answer = connection.getresponse()
            try:
                return answer.status, answer.read(), True
            except http.client.IncompleteRead as cut:
                return answer.status, cut.partial, False
            except ConnectionResetError:
                return answer.status, b"", False

    @contextmanager
    def connected(self, version: int = 11) -> Iterator[http.client.HTTPConnection]:
        """A connection of a client that speaks this version."""
        connection = http.client.HTTPConnection(self.visitor.address, timeout=SECONDS)
        connection._http_vsn = version  # type: ignore[attr-defined]
        connection._http_vsn_str = f"HTTP/1.{version - 10}"  # type: ignore[attr-defined]
        with closing(connection):
            yield connection

    @property
    def cookies(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.visitor.cookies.items())}


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


@pytest.fixture
def usage_pages(served: Served, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Four pages of usage; so many of them can be read from now on."""
    usage = served.application.gateway.context.catalog.usage
    usage.add({UsageKey(usage.today, "place", f"Dimension{at}", exists=True): at for at in range(1, 9)})
    monkeypatch.setattr("bindery.web.usage.usage._PAGE", 3)
    list_page = Usage.list

    def leave(times: int) -> None:
        left = iter(range(times))

        def list_for_now(*asked: Any, **values: Any) -> list[UsageRow]:
            if next(left, None) is None:
                raise CatalogUnusable("the record is away")
            return list_page(*asked, **values)

        monkeypatch.setattr(Usage, "list", list_for_now)

    return leave


@pytest.mark.parametrize("version", [10, 11])
def test_a_table_whose_later_page_is_refused_is_seen_to_be_cut(
    served: Served, usage_pages: Callable[[int], None], version: int
) -> None:
    status, whole, is_whole = served.get("/console/usage.csv", version=version)
    assert (status, is_whole, whole.count(b"\r\n")) == (200, True, 11)  # the head, two of what is stored
    usage_pages(2)
    with capture_logs() as lines:
        status, cut, is_whole = served.get("/console/usage.csv", version=version)
    assert (status, is_whole) == (200, False)
    assert whole.startswith(cut)
    assert b"HTTP/" not in cut
    assert [line["page"] for line in lines if "cut off" in line["event"]] == ["/console/usage.csv"]
    assert [line for line in lines if line.get("exc_info")] == []


def test_a_table_whose_first_page_is_refused_is_none(
    served: Served, usage_pages: Callable[[int], None]
) -> None:
    usage_pages(0)
    status, body, is_whole = served.get("/console/usage.csv")
    assert (status, is_whole, b"the record is away" in body) == (503, True, True)


def test_a_curl_sees_the_cut(served: Served, usage_pages: Callable[[int], None], tmp_path: Path) -> None:
    address, target = f"http://{served.visitor.address}/console/usage.csv", tmp_path / "usage.csv"
    curl = ["curl", "--silent", "--fail", "--header", f"Cookie: {served.cookies['Cookie']}", "--output"]
    for times, options, status in ((4, (), 0), (1, (), 18), (1, ("--http1.0",), 56)):
        usage_pages(times)
        run = subprocess.run([*curl, str(target), *options, address], timeout=SECONDS, check=False)
        assert run.returncode == status  # of curl(1): partial file, failure in receiving


def test_a_defect_ends_a_stream_of_events_and_is_told_once(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> list[object]:
        raise ZeroDivisionError

    monkeypatch.setattr("bindery.web.console.overview._bindings_of", broken)
    with capture_logs() as lines:
        status, body, is_whole = served.get("/console/live")
    assert (status, body, is_whole) == (200, b"retry: 1000\n\n", False)
    assert [line["event"] for line in lines if line.get("exc_info")] == ["an answer was cut off"]


@pytest.mark.parametrize(
    "path", ["usage.csv", "live", "media/place/place?uri=oss%3A%2F%2Fmedia%2Flong.mp4"]
)
def test_heads_alone_are_followed_by_the_next_answer(served: Served, path: str) -> None:
    with served.connected() as connection:
        for method in ("HEAD", "GET"):
            connection.request(
                method, f"/console/{path}" if method == "HEAD" else "/healthz", headers=served.cookies
            )
            answer = connection.getresponse()
            assert answer.status == 200
            body = answer.read()
        assert body == b"ok\n"
