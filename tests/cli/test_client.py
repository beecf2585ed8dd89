"""The commands' own client: what is no endpoint, no server or no key is told in a sentence."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import click
import pytest

from bindery.access.keys import root_key_file
from bindery.cli.client import Client, connect

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "endpoint",
    ["", "http://", "http://[::1", "http://h:abc", "http://h:99999", "http://h:0", "http://a b/", "ftp://h",
     "http://user:secret@h", "http://h\x1b[2J"],
)  # fmt: skip
def test_what_is_no_endpoint_is_told(endpoint: str) -> None:
    with pytest.raises(click.ClickException, match="not an endpoint") as told:
        Client(endpoint, "id", "secret")
    assert "\x1b" not in told.value.message


@pytest.mark.parametrize("endpoint", ["127.0.0.1:8180", "http://h", "https://h:443/", "http://[::1]:8180"])
def test_endpoints_with_and_without_scheme(endpoint: str) -> None:
    assert Client(endpoint, "id", "secret").endpoint.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"", "no server at"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "is not a Bindery server"),
        (HEAD + b"Content-Length: 2\r\n\r\n[]", "is not a Bindery server"),
        (HEAD + b"Content-Length: 5\r\n\r\nhello", "is not a Bindery server"),
        (HEAD + b"Content-Length: 500\r\n\r\n{", "broke off"),
    ],
)
def test_answers_of_something_else(answer: bytes, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        serving = threading.Thread(target=serve)
        serving.start()
        with pytest.raises(click.ClickException, match=told):
            Client(f"127.0.0.1:{listening.getsockname()[1]}", "id", "secret").call("ListProjects")
        serving.join()


def test_a_key_that_cannot_be_used_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINDERY_ACCESS_KEY_ID", raising=False)
    with pytest.raises(click.ClickException, match="no key in"):
        connect("127.0.0.1:1", tmp_path)
    root_key_file(tmp_path).write_text("{")
    with pytest.raises(click.ClickException, match="is damaged"):
        connect("127.0.0.1:1", tmp_path)
    if os.getuid() != 0:  # root may read everything
        root_key_file(tmp_path).chmod(0)
        with pytest.raises(click.ClickException, match="may not read"):
            connect("127.0.0.1:1", tmp_path)
