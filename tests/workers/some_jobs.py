"""Jobs for the tests: small functions from bytes to bytes."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bindery.workers.job_time import outside


def echo(body: bytes) -> bytes:
    return body


def sleep(body: bytes) -> bytes:
    time.sleep(float(body))
    return body


def wait_outside(body: bytes) -> bytes:
    with outside():
        time.sleep(float(body))
    return body


def spin(_: bytes) -> bytes:
    while True:
        pass


def environment(_: bytes) -> bytes:
    return Path("/proc/self/environ").read_bytes() + repr(dict(os.environ)).encode()


def limits(_: bytes) -> bytes:
    return Path("/proc/self/limits").read_bytes() + Path("/proc/self/status").read_bytes()


def long_answer(body: bytes) -> bytes:
    return bytes(int(body))


def wait_for_file(body: bytes) -> bytes:
    """Until there is a file of this name; the job's way to stay busy for as long as a test wants."""
    path = Path(body.decode())
    while not path.exists():
        time.sleep(0.005)
    return body


def note(body: bytes) -> bytes:
    """Leave an empty file whose name begins with the time: the order in which jobs were begun."""
    folder, _, name = body.decode().partition("|")
    Path(folder, f"{time.monotonic_ns():020d} {name}").touch()
    return body
