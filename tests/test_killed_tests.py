"""What tests start ends with them, also when they are killed and end nothing themselves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SECONDS = 180.0
KINDS = {
    "server": "from tests.conftest import RunningServer\nRunningServer(folder / 'data', folder / 'buckets')",
    "postgresql": "from tests.servers.postgresql import Postgresql\nPostgresql().__enter__()",
    "ceph": "from tests.servers.ceph import Ceph\nCeph().__enter__()",
    "azurite": "from tests.servers.azurite import run_azurite\nheld = run_azurite()\nheld.__enter__()",
    "mounted": (
        "from tests.servers.fuse_folder import mounted\n"
        "(folder / 'backing').mkdir()\n(folder / 'mount').mkdir()\n"
        "held = mounted(folder / 'backing', folder / 'mount')\nheld.__enter__()"
    ),
}
"""How each is started, in place of the tests."""
TESTS = """
import sys, time
from pathlib import Path
folder = Path(sys.argv[1])
{}
print("started", flush=True)
time.sleep(3_600)
"""


class Process(NamedTuple):
    """One, whoever has its number later."""

    number: int
    begun: int
    parent: int


@pytest.fixture
def folder() -> Iterator[Path]:
    """For all that is left behind. PostgreSQL may run as somebody else, who must reach it."""
    made = Path(tempfile.mkdtemp(prefix="killed-"))
    made.chmod(0o755)
    yield made
    end = time.monotonic() + SECONDS
    while made.exists():  # processes that end remove some of it themselves
        shutil.rmtree(made, ignore_errors=True)
        assert time.monotonic() < end, list(made.rglob("*"))


@pytest.mark.server
@pytest.mark.skipif(sys.platform != "linux", reason="ends_with_us does nothing elsewhere")
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_outlives_tests_that_are_killed(kind: str, folder: Path) -> None:
    if kind == "mounted" and not (os.geteuid() == 0 and os.access("/dev/fuse", os.W_OK)):
        pytest.skip("this user may not mount")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    command = [sys.executable, "-c", TESTS.format(KINDS[kind]), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as tests:
        assert tests.stdout is not None
        assert tests.stdout.readline() == b"started\n"
        started = below(tests.pid)
        tests.kill()
    assert started
    end = time.monotonic() + SECONDS
    try:
        while living(started) and time.monotonic() < end:
            time.sleep(0.05)
        assert living(started) == set()
    finally:
        for each in living(started):
            os.kill(each.number, signal.SIGKILL)
    assert not os.path.ismount(folder / "mount")


def living(processes: set[Process]) -> set[Process]:
    """Those that have not ended, whoever is their parent now."""
    there = {each[:2] for each in running()}
    return {each for each in processes if each[:2] in there}


def below(number: int) -> set[Process]:
    """All that it has started, and what those have."""
    there = running()
    found: set[Process] = set()
    more = {each for each in there if each.parent == number}
    while more:
        found |= more
        numbers = {each.number for each in more}
        more = {each for each in there if each.parent in numbers} - found
    return found


def running() -> set[Process]:
    """All processes of this machine that have not ended."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if fields[0] not in ("Z", "X"):
                found.add(Process(int(path.parent.name), int(fields[19]), int(fields[1])))
    return found
