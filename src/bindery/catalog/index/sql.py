"""SQL of administrators over the columns of a dataset, while the server runs: in processes, one at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import structlog

from bindery.catalog.index import sql_process
from bindery.catalog.index.sql_process import Answer, Question
from bindery.catalog.index.time_limit import Bounds
from bindery.catalog.interface.queries import SqlRows
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import CatalogUnusable, IndexUnavailable

_POLL_SECONDS = 0.02
_WAIT_SECONDS = 5.0
_GRACE_SECONDS = 30.0
"""For the process to start, and to say by itself that the time is over."""
_MOST_BYTES = 4 * 1024 * 1024
_log = structlog.get_logger()


class SqlProcesses:
    """Safe for threads. ``folder``: where copies are for as long as they are asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._running: subprocess.Popen[bytes] | None = None
        self._closed = False
        shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """For one caller at a time. Raises IndexUnavailable when another one takes long."""
        if not self._turn.acquire(timeout=_WAIT_SECONDS):
            raise IndexUnavailable("another SQL statement is being answered; ask again in some seconds")
        try:
            yield
        finally:
            self._turn.release()

    def ask(
        self, columns: Path | None, statement: str, seconds: float, rows: int, stop: threading.Event | None
    ) -> SqlRows:
        """The answer to a statement over a file of columns, or none, for who has the turn.

        Raises QueryError, Interrupted when ``stop`` is set, IndexUnavailable, CatalogUnusable; FileNotFoundError when
        the file is gone.
        """
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with TemporaryDirectory(dir=self._folder) as scratch:
                copy = f"{scratch}/copy.duckdb"
                question = Question(str(columns or ""), copy, statement, seconds, rows, _MOST_BYTES)
                answer = self._answer(question, Bounds(seconds + _GRACE_SECONDS, stop))
        except OSError as error:
            raise IndexUnavailable(f"no process can be started for SQL ({error}); ask again") from error
        if answer.is_gone:
            raise FileNotFoundError(columns)
        if answer.refused:
            raise QueryError(answer.refused)
        if answer.unavailable:
            raise IndexUnavailable(answer.unavailable)
        return SqlRows(tuple(answer.names), tuple(answer.types), tuple(answer.rows), answer.is_cut)

    def _answer(self, question: Question, bounds: Bounds) -> Answer:
        process = self._start()
        try:
            told = _Told(process)
            process.stdin.write(msgspec.json.encode(question) + b"\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            while not told.wait(_POLL_SECONDS):
                self._check_open()
                bounds.check()
        except BrokenPipeError:
            told.wait(_GRACE_SECONDS)
        finally:
            self._end(process)
        self._check_open()
        try:
            return msgspec.json.decode(told.text, type=Answer)
        except msgspec.DecodeError:
            _log.warning("a process that answers SQL ended without an answer", code=process.returncode)
            raise QueryError(
                "The statement ended the process that was to answer it, most likely for its memory: ask for less."
            ) from None

    def _start(self) -> subprocess.Popen[bytes]:
        """Without the environment of the server, which holds keys."""
        self._check_open()
        self._running = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [sys.executable, "-m", sql_process.__name__],
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": str(self._folder)},
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._running

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._running = None
        process.kill()
        process.wait()
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()

    def _check_open(self) -> None:
        if self._closed:
            raise CatalogUnusable("the catalog is closed; the server is stopping")

    def stop(self) -> None:
        """From any thread: end what runs, and begin nothing more."""
        self._closed = True
        running = self._running
        if running is not None:
            running.kill()


class _Told:
    """What a process says, read as it says it, and no more than there is room for."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.text = b""
        self._thread = threading.Thread(target=self._read, name="sql", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        output = self._process.stdout
        assert output is not None
        with output:
            self.text = output.read(4 * _MOST_BYTES)

    def wait(self, seconds: float) -> bool:
        """Whether it has said all."""
        self._thread.join(seconds)
        return not self._thread.is_alive()
