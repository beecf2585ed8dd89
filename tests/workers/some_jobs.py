"""Jobs for the tests: small functions from bytes to bytes."""

from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path

from bindery.workers.job_time import at_most, outside


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


def note_when(body: bytes) -> bytes:
    """The same once there is a file."""
    held, _, rest = body.partition(b"|")
    wait_for_file(held)
    return note(rest)


def note_and_wait(body: bytes) -> bytes:
    """Leave such a file, then wait until there is another one."""
    held, _, rest = body.partition(b"|")
    note(rest)
    return wait_for_file(held)


def spin_in_a_step(body: bytes) -> bytes:
    """A step that may take so long and never ends."""
    with at_most(float(body)):
        while True:
            pass


def spin_after_a_step(body: bytes) -> bytes:
    """What a step has used counts for the job as well."""
    with at_most(10.0):
        _use_processor(float(body))
    while True:
        pass


def two_short_steps(body: bytes) -> bytes:
    for _ in range(2):
        with at_most(1.0), at_most(0.9):
            _use_processor(0.05)
    return body


def _use_processor(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def speak_nonsense(_: bytes) -> bytes:
    """Write into every socket there is what is no answer, and wait for the end."""
    for path in Path("/proc/self/fd").iterdir():
        try:
            if stat.S_ISSOCK(path.stat().st_mode):
                os.write(int(path.name), b"D\xff\xff\xff\xff" + bytes(1_000))
        except OSError:
            continue
    time.sleep(60)
    return b""


def priority(_: bytes) -> bytes:
    return str(os.getpriority(os.PRIO_PROCESS, 0)).encode()


def kill_node(_: bytes) -> bytes:
    """End the process that has started this worker's fork server, as a node that is lost would."""
    fork_server = int(Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(fork_server, signal.SIGKILL)
    time.sleep(100)
    return b""
