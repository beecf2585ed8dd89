"""Programs in a user and mount namespace of their own, where they may mount and set limits of the kernel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PREFIX = ("unshare", "--user", "--map-root-user", "--mount")


def run_apart(program: str, *arguments: str | Path) -> str:
    """What a Python program prints there. Skips the test where namespaces are not allowed."""
    if subprocess.run([*_PREFIX, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine allows no user namespaces")
    command = [*_PREFIX, sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout
