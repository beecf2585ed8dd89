"""A receiver of notifications: a true HTTP server that verifies every message with the library of Standard Webhooks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_" + "QmluZGVyeSBzaWducyB3aGF0IGl0IHRlbGxzIG90aGVycw=="


class Receiver:
    """Keeps what it was sent. ``answer`` says with which status: by the number of the request, from 0."""

    def __init__(self, secret: str = SECRET) -> None:
        self.messages: list[dict[str, Any]] = []
        self.requests = 0
        self.answer: Callable[[int], int] = lambda _: 204
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver._take(body, {name.lower(): value for name, value in self.headers.items()})
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._webhook = Webhook(secret)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, body: bytes, headers: dict[str, str]) -> int:
        with self._lock:
            number, self.requests = self.requests, self.requests + 1
            status = self.answer(number)
            if status < 300:
                message = self._webhook.verify(body, headers)  # raises, and so breaks the connection
                assert message["id"] == headers["webhook-id"]
                self.messages.append(message)
            return status

    def contents(self, kind: str) -> list[dict[str, Any]]:
        """Contents of the messages of a type, in the order they came."""
        return [
            json.loads(message["content"]) for message in list(self.messages) if message["type"] == kind
        ]

    def wait(self, until: Callable[[], Any], seconds: float = 120) -> None:
        """Wait for messages that make it true."""
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, self.messages
            time.sleep(0.02)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
