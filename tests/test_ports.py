"""Ports that servers of tests are told: each is one server's, until its tests have ended."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.servers import ports
from tests.servers.ports import free_port

ROOT = Path(__file__).parent.parent
FEW = """
from tests.servers import ports
ports._candidates = lambda: {}
try:
    print(ports.free_port())
except RuntimeError:
    print("none")
"""


def test_the_system_gives_them_to_no_connection() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not [port for port in (free_port() for _ in range(50)) if first <= port <= last]


def test_one_that_is_listened_on_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "_candidates", lambda: [port])
        with pytest.raises(RuntimeError):
            free_port()


def test_nobody_else_gets_one_before_it_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this process nor another one."""
    two = [free_port(), free_port()]
    for claim in ports._claims[-2:]:
        claim.close()
    monkeypatch.setattr(ports, "_candidates", lambda: list(two))
    one = free_port()
    (other,) = set(two) - {one}
    command = [sys.executable, "-c", FEW.format(two)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    assert told.split() == [str(other)]
    assert free_port() == other, "it ended, and its claim with it"
    with pytest.raises(RuntimeError):
        free_port()
