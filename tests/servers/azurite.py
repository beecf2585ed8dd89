"""Azure Blob Storage on loopback: Microsoft's emulator Azurite, from npm (``scripts/install_test_tools.sh``)."""

from __future__ import annotations

import base64
import hmac
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

from tests.servers.ending import ends_with_us
from tests.servers.ports import free_port

PROGRAM = Path(__file__).parents[2] / "node_modules" / ".bin" / "azurite-blob"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's published key."""
_START_SECONDS = 180.0


class Azurite:
    """A running emulator, and the few writing requests that tests need."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"

    def create_container(self, name: str) -> None:
        self._put(f"/{name}", {}, b"", "restype=container")

    def put(self, container: str, key: str, content: bytes, headers: dict[str, str] | None = None) -> None:
        path = quote(f"/{container}/{key}", safe="/~")
        self._put(path, {"x-ms-blob-type": "BlockBlob", **(headers or {})}, content)

    def remove(self, container: str, key: str) -> None:
        self._send("DELETE", quote(f"/{container}/{key}", safe="/~"), {}, b"")

    def _put(self, path: str, headers: dict[str, str], content: bytes, query: str = "") -> None:
        self._send("PUT", path, headers, content, query)

    def _send(
        self, method: str, path: str, headers: dict[str, str], content: bytes, query: str = ""
    ) -> None:
        kind = "application/octet-stream" if content else ""
        sent = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02", **headers}
        lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
        parameter = f"\n{query.replace('=', ':')}" if query else ""
        text = f"{method}\n\n\n{len(content) or ''}\n\n{kind}\n\n\n\n\n\n\n{lines}/{ACCOUNT}/{ACCOUNT}{path}{parameter}"
        signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), "sha256")).decode()
        sent |= {"authorization": f"SharedKey {ACCOUNT}:{signature}", "content-type": kind}
        url = f"{self.endpoint}{path}{f'?{query}' if query else ''}"
        request = urllib.request.Request(url, content if method == "PUT" else None, sent, method=method)
        urllib.request.urlopen(request, timeout=30).close()


@contextmanager
def run_azurite() -> Iterator[Azurite]:
    """Start the emulator with everything in memory, and end it."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="azurite-") as folder:
        command = [PROGRAM, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
        process = subprocess.Popen(
            ends_with_us([*command, "--silent", "--skipApiVersionCheck", "--disableTelemetry"]),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(port, process)
            yield Azurite(port)
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("Azurite did not start")
