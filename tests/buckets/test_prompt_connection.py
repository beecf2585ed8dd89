"""Every answer is acknowledged at once, also on a connection that has been used."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from tests.servers.scripted import Reply, Scripted

from bindery.buckets import prompt_connection
from bindery.buckets.s3 import open_s3
from bindery.buckets.store import StoreAddress


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux only")
def test_every_answer_is_acknowledged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    acknowledge = prompt_connection._acknowledge_at_once

    def record(connection: Any) -> None:
        acknowledge(connection)
        own_port = connection.getsockname()[1]
        told.append((own_port, connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK)))

    monkeypatch.setattr(prompt_connection, "_acknowledge_at_once", record)
    with Scripted(lambda _: Reply(body=b"body")) as server:
        options = {"endpoint": server.endpoint, "anonymous": "true"}
        store = open_s3(StoreAddress(bucket="media", url="s3://media", options=options))
        for _ in range(20):
            assert store.read("key", 0, 4) == b"body"
        store.close()
    assert len({port for port, _ in told}) == 1, "the connection is kept"
    assert [quick for _, quick in told] == [1] * 20
