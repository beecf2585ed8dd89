"""A way to a server on loopback that can be cut, as a network may be."""

from __future__ import annotations

import contextlib
import socket
import threading


class Cuttable:
    """Passes on what comes to ``port``, until it is cut; from then on nothing, until it is mended."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._cut = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and take no others."""
        self._cut.set()
        with self._lock:
            ended, self._sockets = self._sockets, set()
        for each in ended:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def mend(self) -> None:
        """Take connections again."""
        self._cut.clear()

    def close(self) -> None:
        """For good."""
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                came, _ = self._listening.accept()
                try:
                    if self._cut.is_set():
                        raise ConnectionRefusedError
                    going = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    came.close()
                    continue
                with self._lock:
                    self._sockets |= {came, going}
                for one, other in ((came, going), (going, came)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        with self._lock:
            self._sockets -= {one, other}
