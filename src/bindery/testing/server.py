"""A whole Bindery in threads of the calling process: real stores, real extraction, an empty catalog at each reset."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import structlog

from bindery.access.keys import read_root_key
from bindery.api.gateway.listening import bind
from bindery.app import Application, open_pool
from bindery.buckets.uri import check_bucket_name
from bindery.cli.client import Client
from bindery.config import Config, load_config
from bindery.extract.pool import ExtractionPool

DEFAULT_NAME = "default"
"""Of the project and the dataset that ``bind`` makes."""

_POLL_SECONDS = 0.05
_START_SECONDS = 60.0
_OVER = ("Failed", "Stopped")

Content = bytes | str | Path
"""Of an object: bytes, a text (stored as UTF-8), or a file to copy."""


class BinderyServer:
    """A server at ``endpoint`` with keys of its own. Use it as a context manager, or call ``start`` and ``stop``.

    ``settings`` is shaped like the configuration file, and lies over what suits tests: one worker, files that are
    read as soon as they are written. Not safe for several threads at once; the server behind it is.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self._settings = dict(settings or {})
        self._folder: Path | None = None
        self._resets = 0
        self._running: _Running | None = None
        self._pool: ExtractionPool | None = None
        self._quieting = False
        self._listening: list[socket.socket] = []
        """Kept over resets, so that nobody else gets the address; who calls meanwhile waits."""

    # what an SDK needs

    @property
    def address(self) -> str:
        """``HOST:PORT``, which the SDKs call the endpoint."""
        return self._now().address

    @property
    def endpoint(self) -> str:
        """``http://HOST:PORT``."""
        return f"http://{self.address}"

    @property
    def access_key_id(self) -> str:
        """Of the root key."""
        return self._now().key[0]

    @property
    def access_key_secret(self) -> str:
        """Of the root key."""
        return self._now().key[1]

    def sdk_config(self) -> dict[str, str]:
        """Arguments for ``Config`` of ``alibabacloud_tea_openapi.models``."""
        return {
            "access_key_id": self.access_key_id,
            "access_key_secret": self.access_key_secret,
            "endpoint": self.address,
            "protocol": "http",
        }

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Any operation, signed. Raises ``bindery.cli.client.ApiError``, which has ``code``, when it is refused."""
        return self._client().call(action, **parameters)

    def _client(self, data: Path | None = None) -> Client:
        return Client(self.endpoint, self.access_key_id, self.access_key_secret, data=data)

    # buckets

    def bucket(self, name: str, content: Mapping[str, Content] | Path | None = None) -> Path:
        """A bucket ``oss://name`` of these objects by key, or of the files of a folder (copied); its folder.

        What is written into the folder later is found as in any bucket. Raises ValueError for a bad name or key.
        """
        check_bucket_name(name)
        folder = self._buckets() / name
        if isinstance(content, Path):
            shutil.copytree(content, folder, dirs_exist_ok=True)
        else:
            folder.mkdir(exist_ok=True)
            for key, value in (content or {}).items():
                self.put(name, key, value)
        return folder

    def put(self, bucket: str, key: str, content: Content) -> None:
        """Write one object of a bucket that was made here. Raises ValueError when the key leads out of it."""
        folder = self._buckets() / bucket
        path = folder / key
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"the key {key!r} leads out of the bucket {bucket}")
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def bind(
        self,
        bucket: str,
        project: str = DEFAULT_NAME,
        dataset: str = DEFAULT_NAME,
        *,
        timeout: float = 60.0,
    ) -> dict[str, Any]:
        """Bind a bucket, and wait until its first scan is done; the Binding. Project and dataset are made.

        Raises TimeoutError, and RuntimeError with the Reason when the binding cannot go on.
        """
        names = {"ProjectName": project, "DatasetName": dataset}
        if project not in {item["ProjectName"] for item in self.call("ListProjects")["Projects"]}:
            self.call("CreateProject", ProjectName=project)
        if dataset not in {item["DatasetName"] for item in self._datasets(project)}:
            self.call("CreateDataset", **names)
        self.call("CreateBinding", **names, URI=f"oss://{bucket}")
        return self.wait_until_indexed(bucket, project, dataset, timeout=timeout)

    def wait_until_indexed(
        self,
        bucket: str,
        project: str = DEFAULT_NAME,
        dataset: str = DEFAULT_NAME,
        *,
        timeout: float = 60.0,
    ) -> dict[str, Any]:
        """Wait until the binding follows its bucket and nothing is pending; the Binding. Raises as ``bind`` does.

        A file written a moment ago may not have been noticed yet; wait for the answer of the query you expect.
        """
        deadline = time.monotonic() + timeout
        operator = self._client(self._data())
        while True:
            target = {"ProjectName": project, "DatasetName": dataset, "URI": f"oss://{bucket}"}
            binding: dict[str, Any] = operator.call("GetBinding", **target)["Binding"]
            if binding["State"] in _OVER:
                raise RuntimeError(f"the binding is {binding['State']}: {binding.get('Reason', '')}")
            if binding["Phase"] == "IncrementalScanning" and not binding.get("Progress", {}).get("Pending"):
                return binding
            if time.monotonic() > deadline:
                raise TimeoutError(f"not indexed within {timeout:g} s: {binding}")
            time.sleep(_POLL_SECONDS)

    # life

    def start(self) -> Self:
        """Listen on a free port of this machine, with an empty catalog and no buckets."""
        if self._running is None:
            self._quieting = not structlog.is_configured()
            if self._quieting:
                _log_errors_only()
            self._folder = Path(tempfile.mkdtemp(prefix="bindery-testing-"))
            config = self._config()
            self._pool = open_pool(config)  # kept over resets: a worker takes seconds to start
            self._listening = bind(config.server.host, config.server.port)
            self._run()
        return self

    def reset(self) -> None:
        """Forget everything: projects, entries, bindings, buckets and keys. The address stays."""
        self._end()
        shutil.rmtree(self._root(), onerror=_raise_unless_gone)
        # Never the same path again: a late connection to the old catalog would remove the files of the new one.
        self._resets += 1
        self._run()

    def stop(self) -> None:
        """End the server and remove its folder. May be called twice."""
        self._end()
        if self._pool is not None:
            self._pool.close()
            self._pool = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        for listening in self._listening:
            listening.close()
        self._listening = []
        if self._quieting:
            structlog.reset_defaults()
            self._quieting = False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        self._buckets().mkdir(parents=True)
        self._running = _Running(self._config(), self._pool, self._listening)

    def _end(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def _config(self) -> Config:
        given: dict[str, Any] = {
            "extraction": {"workers": 1},
            "sync": {"settle_time": 0.0},
        } | self._settings
        server = {**given.get("server", {}), "port": 0}
        places = {"data": self._data(), "bucket_root": self._buckets(), "server": server}
        return load_config(None, given | places)

    def _root(self) -> Path:
        assert self._folder is not None, "the server is not started"
        return self._folder / str(self._resets)

    def _data(self) -> Path:
        return self._root() / "data"

    def _buckets(self) -> Path:
        return self._root() / "buckets"

    def _now(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the server is not started; call start(), or use it as a context manager")
        return self._running

    def _datasets(self, project: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("ListDatasets", ProjectName=project)["Datasets"]
        return found


def _raise_unless_gone(_remove: object, _path: str, raised: tuple[Any, Any, Any]) -> None:
    """The last connection to a catalog removes files as well, when its thread comes to an end."""
    if not isinstance(raised[1], FileNotFoundError):
        raise raised[1]


def _log_errors_only() -> None:
    """On standard error. No logger keeps that to itself, so that the process has its own logging back afterwards."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,  # without local variables
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Running:
    """One application and its HTTP server, in a thread with an event loop of its own."""

    def __init__(
        self, config: Config, pool: ExtractionPool | None, listening: Sequence[socket.socket]
    ) -> None:
        self._application = Application(config, pool)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bindery-testing", daemon=True)
        self._thread.start()
        self._server = self._application.make_server()
        try:
            sockets = [each.dup() for each in listening]
            self.address: str = self._do(
                self._server.start(config.server.host, config.server.port, sockets)
            )
        except BaseException:
            self._close()
            raise
        self._application.engine.start()
        self._application.delivery.start()
        self._application.identities.uses.start()
        self.key = _root_key(config.data)

    def stop(self) -> None:
        self._do(self._server.stop())
        self._close()

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    def _close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_SECONDS)
        self._loop.close()
        self._application.close()


def _root_key(data: Path) -> tuple[str, str]:
    given = os.environ.get("BINDERY_ACCESS_KEY_ID"), os.environ.get("BINDERY_ACCESS_KEY_SECRET")
    if given[0] and given[1]:
        return given[0], given[1]
    key = read_root_key(data)
    assert key is not None, "a server has a root key"
    return key.id, key.secret
