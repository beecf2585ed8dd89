"""A server that is killed while users, keys and policies change has each change as a whole or not at all."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bindery.catalog.sqlite_catalog import SqliteCatalog

from .access_writer import changes, picture

WRITER = Path(__file__).with_name("access_writer.py")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random(tmp_path: Path, seed: int) -> None:
    command = [sys.executable, str(WRITER), str(tmp_path / "killed"), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.Random(seed).uniform(0.05, 0.6))
        process.kill()
        said = process.stdout.read().split("\n")[:-1]
    confirmed = int(said[-1]) if said else 0
    killed = SqliteCatalog(tmp_path / "killed", account_id="10001")
    version = killed.access_version()
    assert version in (confirmed, confirmed + 1)
    sound = SqliteCatalog(tmp_path / "sound", account_id="10001")
    for _ in itertools.islice(changes(sound, seed), version):
        pass
    assert picture(killed) == picture(sound)
    killed.close()
    sound.close()
