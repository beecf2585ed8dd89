"""PostgreSQL on loopback, from Debian's packages, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import psycopg
from psycopg import sql
from tests.servers.ending import Argument, ends_with_us
from tests.servers.ports import free_port

USER = "bindery"
_START_SECONDS = 180.0
_UNPRIVILEGED = 65_534
"""PostgreSQL refuses to run as root."""


class Postgresql:
    """A running server. ``fsync`` is off: nobody cuts its power."""

    def __enter__(self) -> Postgresql:
        self._folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self._port = free_port()
        if os.geteuid() == 0:
            os.chown(self._folder, _UNPRIVILEGED, _UNPRIVILEGED)
        command = [_program("initdb"), "-D", str(self._data), "-U", USER, "-A", "trust", "--no-sync"]
        subprocess.run(
            _as_somebody([*command, "-E", "UTF8", "--locale", "C"]), check=True, stdout=subprocess.DEVNULL
        )
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it, again after ``kill``, on the same port."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "200",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _as_somebody([_program("postgres"), "-D", str(self._data), *options]),
                stdout=log,
                stderr=log,
            )
        self._wait()

    def kill(self) -> None:
        """End it at once, with every connection."""
        self._process.terminate()  # a smart shutdown would wait for clients
        self._process.send_signal(3)  # SIGQUIT: immediate
        self._process.wait()

    def url(self, schema: str = "public", database: str = "postgres") -> str:
        """A connection URI; ``schema`` must exist."""
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{database}?options=-csearch_path%3D{schema}"

    def create_schema(self, name: str) -> str:
        """A place for the tables of one record; its URI."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))
        return self.url(name)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()[-2000:]}")


def catalog_table(url: str) -> str:
    """TOML: the record of a server is there."""
    return f'[catalog]\nurl = "{url}"\n'


def _as_somebody(command: list[str]) -> list[Argument]:
    """Ends with this process; without root's rights."""
    lowered = ["--reuid", str(_UNPRIVILEGED), "--regid", str(_UNPRIVILEGED), "--clear-groups"]
    return ends_with_us(command, *(lowered if os.geteuid() == 0 else []))


def _program(name: str) -> str:
    """The newest one: Debian keeps them beside each other, outside of PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[-3]),
        reverse=True,
    )
    program = str(found[0]) if found else shutil.which(name)
    if program is None:
        raise RuntimeError(f"{name} is not there; scripts/install_test_tools.sh installs PostgreSQL")
    return program
