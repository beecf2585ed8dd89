"""What ends a query."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import duckdb
import pytest
from tests.own_threads import replace_here

from bindery.catalog.index.time_limit import Bounds
from bindery.stopping import Interrupted


class Watched:
    """A connection, and whether it has been interrupted twice: then the first time is over."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._times = 0
        self.interrupted = threading.Event()

    def interrupt(self) -> None:
        self._times += 1
        if self._times == 2:
            self.interrupted.set()
        self._connection.interrupt()


@pytest.mark.parametrize("connect", [duckdb.connect, sqlite3.connect])
def test_a_connection_that_was_closed_meanwhile_is_let_be(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Any] = []
    replace_here(monkeypatch, threading, "excepthook", said.append)
    connection, stop = connect(":memory:"), threading.Event()
    watched, bounds = Watched(connection), Bounds(600, stop)
    with bounds.watch(watched):
        connection.close()
        stop.set()
        assert watched.interrupted.wait(60) or said
    with pytest.raises(Interrupted):
        bounds.check()
    assert not said
