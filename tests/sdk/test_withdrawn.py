"""StopBinding and ResumeBinding with SDK 2.1.15, the last that had them.

Its package has the name of the current one, so it is put into a folder of its own, with the two libraries
that only it needs, and runs in a process of its own on the tea libraries that are installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import RunningServer
    from sdk.conftest import Bound

pytestmark = pytest.mark.server
PACKAGES = [
    "alibabacloud_imm20200930==2.1.15",
    "alibabacloud-openapi-util==0.2.4",
    "alibabacloud-endpoint-util==0.0.4",
]


@pytest.fixture(scope="module")
def old_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old-sdk")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--no-deps", "--target", str(folder), *PACKAGES], check=True)
    return folder


def test_stop_and_resume(server: RunningServer, bound: Bound, old_sdk: Path) -> None:
    script = str(Path(__file__).with_name("withdrawn_calls.py"))
    arguments = [server.address, server.key_id, server.key_secret, bound.project, bound.dataset, bound.uri]
    path = os.pathsep.join([str(old_sdk), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, script, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["Running", "IncrementalScanning"],
        ["Stopped", "IncrementalScanning"],
        ["refused", "InvalidArgument"],
        ["Running", "IncrementalScanning"],
    ]
