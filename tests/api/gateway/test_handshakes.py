"""Connections by TLS, before and while their handshake is done: counted, bounded in time, and told what is wrong."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.gateway.test_connections import said, until
from tests.api.gateway.test_server import PATIENT, Listening, is_error, read_answer, signed_body
from tests.servers.certificate import make_certificate

from bindery.api.gateway.connection import READ_SIZE, Connection
from bindery.api.gateway.server import HttpLimits, Server
from bindery.api.gateway.tls import Certificate

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["said"]
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100
"""The beginning of a ClientHello that says it is longer."""


class Secure(Listening):
    """A server that speaks TLS."""

    def __init__(self, api: Api, certificate: Certificate, files: tuple[Path, Path], **limits: Any) -> None:
        self.certificate, self.files = certificate, files
        super().__init__(api, HttpLimits(**limits))

    def make_server(self, api: Api, limits: HttpLimits) -> Server:
        return Server(api.gateway, limits, self.certificate)

    def connect_by_tls(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(self.connect())

    def ask(self) -> int:
        """The status of a signed call on a connection of its own."""
        with self.connect_by_tls() as connection:
            lines = "".join(f"{n}: {v}\r\n" for n, v in self.signed("ListProjects", []).items())
            connection.sendall(f"POST / HTTP/1.1\r\n{lines}\r\n".encode())
            return read_answer(connection)[0]

    async def end(self) -> None:
        """All but the gateway, which other tests use too."""
        assert self.server._handshakes is not None
        assert self.server._following is not None
        assert self.server._runner is not None
        self.server._handshakes.close()
        self.server._following.cancel()
        await self.server._runner.cleanup()

    async def follow_no_more(self) -> None:
        """Who changes the certificate tells it himself."""
        assert self.server._following is not None
        self.server._following.cancel()

    @property
    def count(self) -> int:
        return self.server._house.connections.count


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def secure(api: Api, files: tuple[Path, Path], tmp_path: Path) -> Iterator[Callable[..., Secure]]:
    opened: list[Secure] = []
    own = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for source, target in zip(files, own, strict=True):
        shutil.copy(source, target)

    def make(**limits: Any) -> Secure:
        opened.append(Secure(api, Certificate(*own), own, **limits))
        return opened[-1]

    yield make
    for listening in opened:
        listening.run(listening.end())
        listening.close()


def test_a_call_by_tls(secure: Callable[..., Secure]) -> None:
    listening = secure()
    assert [listening.ask() for _ in range(3)] == [200] * 3
    until(lambda: listening.count == 0)


def test_unfinished_handshakes_count_and_make_room(secure: Callable[..., Secure]) -> None:
    listening = secure(connections=20)
    trusted = listening.connect_by_tls()
    lines = "".join(f"{name}: {value}\r\n" for name, value in listening.signed("ListProjects", []).items())
    trusted.sendall(f"POST / HTTP/1.1\r\n{lines}\r\n".encode())
    assert read_answer(trusted)[0] == 200
    crowd = []
    for number in range(60):
        crowd.append(listening.connect())
        if number % 2:
            crowd[-1].sendall(HELLO)
        if number % 20 == 0:
            assert listening.ask() == 200
    until(lambda: listening.count <= 20)
    assert listening.ask() == 200
    lines = "".join(f"{name}: {value}\r\n" for name, value in listening.signed("ListProjects", []).items())
    trusted.sendall(f"POST / HTTP/1.1\r\n{lines}\r\n".encode())
    assert read_answer(trusted)[0] == 200
    gone = [connection for connection in crowd if is_closed(connection)]
    assert len(gone) >= 40
    for connection in (trusted, *crowd):
        connection.close()
    until(lambda: listening.count == 0)


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [b"", HELLO], ids=["nothing", "half a hello"])
def test_a_handshake_that_does_not_end(secure: Callable[..., Secure], sent: bytes) -> None:
    listening = secure(handshake_seconds=0.3)
    with listening.connect() as connection:
        connection.sendall(sent)
        with suppress(ConnectionError):
            assert connection.recv(100) == b""
    until(lambda: listening.count == 0)


def test_slow_handshakes_keep_nobody_waiting(secure: Callable[..., Secure]) -> None:
    listening = secure(handshake_seconds=PATIENT)
    slow = [listening.connect() for _ in range(30)]
    for connection in slow:
        connection.sendall(HELLO)
    assert [listening.ask() for _ in range(5)] == [200] * 5
    assert listening.count >= 30
    for connection in slow:
        connection.close()
    until(lambda: listening.count == 0)


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\n" + b"a" * 400_000]
)
def test_plain_http_is_told_what_the_port_speaks(
    secure: Callable[..., Secure], said: Callable[[], list[dict[str, Any]]], sent: bytes
) -> None:
    listening = secure()
    for _ in range(2):
        answer = listening.raw(sent)
        is_error(answer, 400, "InvalidParameter")
        assert b"https://" in answer[2]
    (line,) = [line for line in said() if "plain HTTP" in line["event"]]
    assert line["level"] == "warning"
    assert "--tls-certificate" in line["event"]
    assert listening.ask() == 200


@pytest.mark.parametrize(
    "sent", [b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"\xff" * 300, b"\x80\x2e\x01\x00\x02"]
)
def test_what_is_neither_ends_without_a_word(
    secure: Callable[..., Secure], said: Callable[[], list[dict[str, Any]]], sent: bytes
) -> None:
    listening = secure(handshake_seconds=PATIENT)
    with listening.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while connection.recv(1_000):
                pass
    until(lambda: listening.count == 0)
    assert [line for line in said() if line["level"] != "debug"] == []
    assert listening.ask() == 200


def test_no_more_is_read_at_once_than_from_plain_connections(
    secure: Callable[..., Secure], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    receive = Connection.data_received

    def counted(self: Connection, data: bytes) -> None:
        sizes.append(len(data))
        receive(self, data)

    monkeypatch.setattr(Connection, "data_received", counted)
    listening = secure()
    body = b"ProjectName=secure&Description=" + b"a" * 3_000_000
    head = signed_body(listening, body) + b"content-length: %d\r\n\r\n" % len(body)
    with listening.connect_by_tls() as connection:
        connection.sendall(head + body)
        assert read_answer(connection)[0] == 400  # the description is too long
    assert sum(sizes) >= len(body)
    assert max(sizes) <= READ_SIZE


def test_a_certificate_is_renewed_while_many_shake_hands(
    secure: Callable[..., Secure], tmp_path: Path
) -> None:
    listening = secure()
    listening.run(
        listening.follow_no_more()
    )  # else it may put an older one, read before, in the place of a newer
    done, statuses, problems = threading.Event(), [], []

    def ask() -> None:
        while not done.is_set():
            try:
                statuses.append(listening.ask())
            except OSError as error:
                problems.append(error)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    shown = set()
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = make_certificate(folder)
        text = made[0].read_text()
        for source, target in zip(reversed(made), reversed(listening.files), strict=True):
            shutil.move(source, target)  # between the two they do not match
            listening.certificate.renew()
        assert ssl.get_server_certificate((listening.host, listening.port)) == text
        shown.add(text)
        before = len(statuses)
        until(lambda at=before: len(statuses) > at + 3)  # type: ignore[misc]
    done.set()
    for asker in askers:
        asker.join(PATIENT)
    assert problems == []
    assert set(statuses) == {200}
    assert len(shown) == 6


def test_a_server_that_stops_ends_handshakes(api: Api, files: tuple[Path, Path]) -> None:
    listening = Secure(api, Certificate(*files), files)
    with listening.connect() as connection:
        connection.sendall(HELLO)
        until(lambda: listening.count == 1)
        listening.run(listening.end())
        with suppress(ConnectionError):
            assert connection.recv(100) == b""
        with pytest.raises(ConnectionError):
            listening.connect()
    listening.close()


def test_an_idle_connection_by_tls_is_closed(secure: Callable[..., Secure]) -> None:
    listening = secure(headers_seconds=0.2)
    with listening.connect_by_tls() as connection:
        assert connection.recv(100) == b""
