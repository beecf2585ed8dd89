"""A Ray cluster as a source of worker processes: which nodes there are, and the process that speaks with Ray."""

from __future__ import annotations

import itertools
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from importlib.util import find_spec
from typing import IO

import msgspec
import structlog

from bindery.processors import count_processors
from bindery.workers.environment import clean_environment
from bindery.workers.launcher import CannotStart
from bindery.workers.ray_cluster.messages import (
    LENGTH,
    Ask,
    Beat,
    FromBridge,
    NodeGone,
    NodeRefused,
    NodeUp,
    Returned,
    frame,
    from_bridge,
    starts,
)
from bindery.workers.ray_cluster.remote import Node, NodeLost, RemoteWorker
from bindery.workers.ray_cluster.sealing import KeyPair
from bindery.workers.ray_cluster.settings import LOCAL, RaySettings

_BRIDGE = "bindery.workers.ray_cluster.bridge"
_WAIT_SECONDS = 60.0
"""For so long the first files wait for a node; later ones are told at once that there is none."""
_START_SECONDS = 120.0
_SILENT_SECONDS = 60.0
"""A bridge that has said nothing for so long is started again; it speaks every second once it is connected."""
_CONNECT_SECONDS = 300.0
_PAUSES = (1.0, 2.0, 5.0, 10.0)
"""Before the bridge is started again, after each end in a row."""
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_enable_worker_prestart": "0", "RAY_BACKEND_LOG_LEVEL": "error",
}  # fmt: skip
_ON_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""What Ray calls it."""
_END_SECONDS = 8.0
_LISTEN_SECONDS = 1.0
_LINE_CHARACTERS = 500
_log = structlog.get_logger()


class RayMissing(Exception):
    """Ray is not installed; the text says what to do."""


def check_installed() -> None:
    """Raises RayMissing. Nothing is loaded: Ray runs in processes of its own."""
    if find_spec("ray") is None:
        raise RayMissing(
            "extraction.pool is \"ray\", and Ray is not installed: pip install 'bindery-imm[ray]'"
        )


class RayWorkers:
    """A ``WorkerSource``. Safe for threads. It connects at once, and again whenever the cluster was lost."""

    def __init__(
        self,
        settings: RaySettings,
        preload: Sequence[str],
        memory_bytes: int,
        processors: int = 0,
    ) -> None:
        """``processors`` are those of a local cluster; 0: as many as this process may use."""
        self._settings = settings
        self._setup = {
            "address": settings.address,
            "workers_per_node": settings.workers_per_node,
            "preload": list(preload),
            "memory_bytes": memory_bytes,
            "processors": processors or count_processors(),
        }
        self._resize: Callable[[int], None] = lambda _: None
        self._environment = _environment(settings.address)
        self._keys = KeyPair()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[str, Future[bytes]]] = {}
        self._nodes: dict[str, Node] = {}
        self._why = ""
        """Why there is no node."""
        self._patient_until = time.monotonic() + _WAIT_SECONDS
        self._bridge: _Bridge | None = None
        self._connected = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="ray-cluster", daemon=True)

    def open(self, resize: Callable[[int], None]) -> None:
        """Connect, and tell of every change how many workers may compute. May be called again: another pool goes on."""
        self._resize = resize
        if self._thread.ident is None:
            self._thread.start()
        self._tell_size()

    @property
    def pid(self) -> int | None:
        """Process id of the bridge; None when there is none."""
        bridge = self._bridge
        return None if bridge is None else bridge.pid

    @property
    def problem(self) -> str:
        """Why there is no node; empty while there is one, or nothing is known yet."""
        return "" if self._nodes else self._why

    def nodes(self) -> list[Node]:
        """Those that take work."""
        with self._changed:
            return list(self._nodes.values())

    def start(self) -> RemoteWorker:
        """A new worker, on the node that has the least to do. Raises CannotStart."""
        node = self._least_loaded()
        try:
            told = starts.decode(node.ask("start", self._keys.public).result(_START_SECONDS))
        except (NodeLost, TimeoutError, msgspec.MsgspecError) as error:
            node.count(-1)
            reason = str(error) or "it does not answer"
            raise CannotStart(
                f"no worker could be started on the Ray node {node.address}: {reason}"
            ) from None
        if told.problem:
            node.count(-1)
            raise CannotStart(f"on the Ray node {node.address} {told.problem}")
        return RemoteWorker(node, told.number, told.pid)

    def close(self) -> None:
        """Leave the cluster; the workers there end. Does not wait for a cluster that does not answer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        bridge = self._bridge
        if bridge is not None:
            bridge.close()
        self._lose_all("the server stops")

    def _least_loaded(self) -> Node:
        with self._changed:
            while not self._nodes and not self._closed:
                left = self._patient_until - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if self._closed or not self._nodes:
                raise CannotStart(self._problem())
            node = min(self._nodes.values(), key=lambda each: each.load)
            node.count(1)
            return node

    def _problem(self) -> str:
        if self._closed:
            return "the pool is closed"
        lacking = "has no node that takes work yet" if self._connected else "has not answered yet"
        return self._why or f"the Ray cluster at {self._settings.address} {lacking}"

    def _run(self) -> None:
        """Keep a bridge for as long as the pool is open."""
        failures = 0
        while not self._closed:
            began = time.monotonic()
            try:
                self._serve_bridge()
            except (OSError, msgspec.MsgspecError) as error:
                self._lose_all(f"the process that speaks with Ray could not be used: {error}")
            failures = 0 if time.monotonic() - began > 60 else failures + 1
            with self._changed:
                if not self._closed:
                    self._changed.wait(_PAUSES[min(failures, len(_PAUSES)) - 1])

    def _serve_bridge(self) -> None:
        """One life of a bridge. Raises OSError."""
        bridge = _Bridge(self._setup, self._environment)
        self._bridge = bridge
        self._connected = False
        try:
            if self._closed:
                return
            while (message := bridge.receive()) is not None:
                self._take(bridge, message)
        finally:
            self._bridge = None
            bridge.close()
            reason = bridge.end()
            self._lose_all(
                f"the Ray cluster at {self._settings.address} cannot be used: {reason or 'it was lost'}"
            )

    def _take(self, bridge: _Bridge, message: FromBridge) -> None:
        match message:
            case Returned():
                with self._changed:
                    _, waiting = self._waiting.pop(message.number, ("", None))
                if waiting is not None:
                    _settle(waiting, message.content)
            case NodeUp():
                self._add(message, bridge)
            case NodeGone():
                _log.warning("a Ray node is lost; its files are tried again", reason=message.reason)
                self._remove(message.node, message.reason)
            case NodeRefused():
                self._why = f"the Ray node {message.address} takes no work: {message.reason}"
                _log.warning("a Ray node takes no work", node=message.address, reason=message.reason)
            case Beat():
                self._note_beat()

    def _note_beat(self) -> None:
        """The cluster is there; nodes come next."""
        if not self._nodes and not self._connected:
            self._connected = True
            self._why = ""

    def _add(self, said: NodeUp, bridge: _Bridge) -> None:
        channel = self._keys.server_channel(said.public_key)
        node = Node(
            said.node, said.address, max(said.workers, 1), channel,
            lambda name, method, arguments: self._ask(bridge, name, method, arguments),
        )  # fmt: skip
        with self._changed:
            self._nodes[said.node] = node
            self._why = ""
            self._changed.notify_all()
        _log.info("a Ray node takes work", node=said.address, workers=said.workers)
        self._tell_size()

    def _remove(self, name: str, reason: str) -> None:
        with self._changed:
            node = self._nodes.pop(name, None)
            if node is not None:
                node.gone = reason
                self._patient_until = max(self._patient_until, time.monotonic() + _PAUSES[-1])
            lost = [number for number, (where, _) in self._waiting.items() if where == name]
            futures = [self._waiting.pop(number)[1] for number in lost]
        for future in futures:
            _settle(future, NodeLost(reason))
        self._tell_size()

    def _lose_all(self, reason: str) -> None:
        with self._changed:
            self._why = reason
            names = list(self._nodes)
        for name in names:
            self._remove(name, reason)

    def _tell_size(self) -> None:
        with self._changed:
            workers = sum(node.workers for node in self._nodes.values())
        if workers and not self._closed:
            self._resize(min(workers, self._settings.most_workers))

    def _ask(
        self, bridge: _Bridge, node: str, method: str, arguments: Sequence[bytes | int]
    ) -> Future[bytes]:
        future: Future[bytes] = Future()
        with self._changed:
            if node not in self._nodes:
                future.set_exception(NodeLost("the node is gone"))
                return future
            number = next(self._numbers)
            self._waiting[number] = (node, future)
        try:
            bridge.send(Ask(number, node, method, list(arguments)))
        except OSError as error:
            bridge.close()
            with self._changed:
                self._waiting.pop(number, None)
            _settle(future, NodeLost(f"the process that speaks with Ray is gone: {error}"))
        return future


class _Bridge:
    """The process that speaks with Ray, and the connection to it."""

    def __init__(self, setup: dict[str, object], environment: dict[str, str]) -> None:
        """Raises OSError."""
        self._folder = tempfile.mkdtemp(prefix="bindery-ray-") if setup["address"] == LOCAL else ""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", _BRIDGE, str(theirs.fileno())]
        command.append(json.dumps(setup | {"folder": self._folder}))
        try:
            self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
                command,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the server, which ends this process in its turn
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        ours.settimeout(_CONNECT_SECONDS)
        self._connection = ours
        self._arrived = ours.makefile("rb")
        self._sending = threading.Lock()
        self._said = ""
        assert self._process.stderr is not None
        self._listener = threading.Thread(
            target=self._listen, args=(self._process.stderr,), name="ray-messages", daemon=True
        )
        self._listener.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, message: Ask) -> None:
        """Raises OSError."""
        with self._sending:
            self._connection.sendall(frame(message))

    def receive(self) -> FromBridge | None:
        """The next message; None when the process has ended. Raises OSError when it has said nothing for long."""
        head = self._arrived.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return None
        self._connection.settimeout(_SILENT_SECONDS)
        (length,) = LENGTH.unpack(head)
        content = self._arrived.read(length)
        return None if len(content) < length else from_bridge.decode(content)

    def end(self) -> str:
        """Wait for its end; the last line that it wrote."""
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._listener.join(_LISTEN_SECONDS)
        with suppress(OSError):
            self._arrived.close()
            self._connection.close()
        return self._said

    def close(self) -> None:
        """Let it leave the cluster and end. For any thread, may be called again."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _listen(self, stderr: IO[bytes]) -> None:
        """Until it has ended, and then what is left of it is cleared away."""
        with stderr:
            while line := stderr.readline(_LINE_CHARACTERS):
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    self._said = text
                    _log.debug("the process that speaks with Ray said", text=text)
        self._process.wait()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _environment(address: str) -> dict[str, str]:
    """Harmless variables, and Ray's own; it tells nobody that it is used. A cluster that is started here stays on
    loopback, and only who knows its token may use it."""
    rays = {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
    if address == LOCAL:
        rays = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), **_ON_LOOPBACK, **rays}
    return {
        **_QUIET,
        **clean_environment(os.environ),
        **rays,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }


def _settle(future: Future[bytes], outcome: bytes | Exception) -> None:
    """Nobody may wait any more."""
    with suppress(InvalidStateError):
        if isinstance(outcome, bytes):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
