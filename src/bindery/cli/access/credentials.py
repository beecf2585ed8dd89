"""``bindery access credentials``: temporary credentials for the programs of this machine, renewed by themselves.

``alibabacloud_credentials`` asks a URI for them (``credentials_uri``, or ``ALIBABA_CLOUD_CREDENTIALS_URI``) without
signing anything. The server itself offers no such thing; this command does, on the loopback interface, below a path
that nobody guesses, for one role, and with the key of a user in its environment.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click

from bindery.api.spec.model import load_model
from bindery.cli.access import completing
from bindery.cli.access.ram import Ram
from bindery.cli.client import ApiError, connect
from bindery.cli.options import server_options
from bindery.cli.output import say
from bindery.secrecy import same_secret

_LOOPBACK = "127.0.0.1"
_RENEWED_BEFORE = 20 * 60
"""Seconds before their end: the vendor's library asks for others 15 minutes before it."""
_LEAST_SHARE = 0.5
"""Of the whole time, for sessions that are shorter than that."""
_PATH_BYTES = 32


@click.command()
@click.argument("role", shell_complete=completing.roles)
@click.option("--session", default="credentials", show_default=True, help="Name of the session.")
@click.option(
    "--duration", type=click.IntRange(900, 43_200), default=3_600, show_default=True,
    help="Seconds that credentials are good for.",
)  # fmt: skip
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A session policy (JSON), which narrows what the role may do.",
)  # fmt: skip
@click.option("--external-id", help="What the trust policy asks for as sts:ExternalId.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, help="Port on 127.0.0.1; 0 takes a free one."
)
@server_options
def credentials(
    *,
    role: str,
    session: str,
    duration: int,
    policy: Path | None,
    external_id: str | None,
    port: int,
    endpoint: str,
    data: Path,
) -> None:
    """Offer temporary credentials of ROLE to programs of this machine, until Ctrl-C.

    Prints the address, which is a secret: whoever knows it, on this machine, has what the role has. Programs with the
    vendor's SDK take it from their environment. Signs with the key in BINDERY_ACCESS_KEY_ID and
    BINDERY_ACCESS_KEY_SECRET, of a user that the role trusts and that may assume it; the root key may not.

    \b
    bindery access credentials reader
    ALIBABA_CLOUD_CREDENTIALS_URI=http://127.0.0.1:41234/Zm9v… python application.py
    """
    ram = Ram(connect(endpoint, data))
    sessions = Sessions(
        ram,
        RoleArn=role if role.startswith("acs:") else f"acs:ram::{ram.account_id()}:role/{role}",
        RoleSessionName=session,
        DurationSeconds=duration,
        Policy=None if policy is None else policy.read_text("utf-8"),
        ExternalId=external_id,
    )
    sessions.current()  # what is wrong is told before anything is offered
    with CredentialServer(sessions, port) as server:
        say(f"ALIBABA_CLOUD_CREDENTIALS_URI={server.uri}")
        _wait_for_end()


class Sessions:
    """Credentials of one role that are good for a while yet; safe for threads."""

    def __init__(self, ram: Ram, **wanted: Any) -> None:
        self._ram = ram
        self._wanted = wanted
        self._lock = threading.Lock()
        self._held: dict[str, str] = {}
        self._renew_at = 0.0

    def current(self) -> dict[str, str]:
        """AccessKeyId, AccessKeySecret, SecurityToken and Expiration. Raises ClickException."""
        with self._lock:
            if time.time() >= self._renew_at:
                self._renew()
            return self._held

    def _renew(self) -> None:
        client, version = self._ram.client, load_model("sts").version
        self._held = client.call("AssumeRole", version=version, **self._wanted)["Credentials"]
        end = datetime.strptime(self._held["Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        left = end.timestamp() - time.time()
        self._renew_at = time.time() + max(left - _RENEWED_BEFORE, left * _LEAST_SHARE)


class CredentialServer:
    """Answers at one secret path of the loopback interface."""

    def __init__(self, sessions: Sessions, port: int = 0) -> None:
        """Raises OSError when the port is taken."""
        path = "/" + secrets.token_urlsafe(_PATH_BYTES)

        class Handler(_Handler):
            offered = sessions
            secret_path = path

        self._server = ThreadingHTTPServer((_LOOPBACK, port), Handler)
        self.uri = f"http://{_LOOPBACK}:{self._server.server_port}{path}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="credentials", daemon=True)

    def __enter__(self) -> CredentialServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    offered: Sessions
    secret_path: str
    timeout = 10.0  # seconds: nobody holds a thread for longer
    server_version, sys_version = "bindery", ""

    def do_GET(self) -> None:
        """The credentials, as the vendor's library takes them."""
        if not same_secret(self.secret_path, self.path):
            self._answer(404, {"Code": "NotFound", "Message": "There is nothing here."})
            return
        try:
            held = self.offered.current()
        except ApiError as error:
            self._answer(502, {"Code": error.code, "Message": error.message})
        except click.ClickException as error:
            self._answer(502, {"Code": "ServiceUnavailable", "Message": error.message})
        else:
            self._answer(200, {"Code": "Success", **held})

    def _answer(self, status: int, body: dict[str, str]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: the path is a secret."""


def _wait_for_end() -> None:
    """Until Ctrl-C or SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with contextlib.suppress(KeyboardInterrupt):
        while not ended.wait(1.0):
            pass
