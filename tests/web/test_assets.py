"""Scripts and styles: compressed once, kept by browsers, the same bytes for all."""

from __future__ import annotations

import gzip
import http.client

import pytest
from tests.conftest import RunningServer

from bindery.web.assets import load_assets, takes_gzip

SCRIPT = "static/dom.js"


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip, deflate, br, zstd", True),
        ("GZIP;q=0.5", True),
        ("br;q=1, *;q=0.1", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0, *", False),
        ("gzip; q=0.000", False),
        ("x-gzip-not", False),
    ],
)
def test_who_takes_gzip(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


def test_each_is_compressed_once() -> None:
    asset = load_assets().find(SCRIPT)
    assert asset is not None
    assert gzip.decompress(asset.packed) == asset.content
    assert asset.packed is asset.packed


def ask(server: RunningServer, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(server.address, timeout=60)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


@pytest.mark.server
def test_browsers_keep_what_they_have(server: RunningServer) -> None:
    path = load_assets().url(SCRIPT)
    content = load_assets().find(SCRIPT).content
    status, headers, body = ask(server, path)
    assert (status, body, headers["Content-Encoding"]) == (200, content, None)
    status, packed, body = ask(server, path, **{"Accept-Encoding": "gzip, br"})
    assert (status, packed["Content-Encoding"], gzip.decompress(body)) == (200, "gzip", content)
    assert len(body) < len(content) / 2
    for told in (headers, packed):
        assert "immutable" in told["Cache-Control"]
        assert told["Vary"] == "Accept-Encoding"
        assert told["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["ETag"] != packed["ETag"]
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]}
    status, _, body = ask(server, path, **known)
    assert (status, body) == (304, b"")
    assert ask(server, path.replace("/dom", "/none"))[0] == 404
    assert ask(server, path.replace(load_assets().version, "0" * 16))[0] == 404
