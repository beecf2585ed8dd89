"""moto's S3 in a process of its own: a fast stand-in that checks no signatures. Run as a program it tells its port."""

from __future__ import annotations

import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from tests.servers.ending import ends_with_us

_START_SECONDS = 180


@contextmanager
def run_moto() -> Iterator[str]:
    """Start it, yield its endpoint once it has answered a request, and end it."""
    process = subprocess.Popen(
        ends_with_us([sys.executable, "-m", __spec__.name]),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("moto did not start")
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(endpoint)
        yield endpoint
    finally:
        process.kill()
        process.communicate()


def _wait_for(endpoint: str) -> None:
    """Its first answer takes as long as loading all that it needs."""
    patience = Config(read_timeout=_START_SECONDS, retries={"mode": "standard", "max_attempts": 8})
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=patience, **keys)
    client.list_buckets()


def _tell_of_a_dropped_connection(_: object, error: BaseException, __: object = None) -> None:
    """Who is left without an answer finds here why; else moto says nothing of it."""
    traceback.print_exception(error)


def _serve() -> None:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from moto.server import ThreadedMotoServer

    MotoRequestHandler.connection_dropped = _tell_of_a_dropped_connection
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    _serve()
