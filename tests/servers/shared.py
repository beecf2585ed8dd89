"""Servers that share a record in PostgreSQL, each with its own way there, and a bucket that one of them works on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from tests.conftest import RunningServer
from tests.servers.catalogue import Catalogue, wait_until
from tests.servers.cut import Cuttable
from tests.servers.fencing import fenced_commits, note_commits
from tests.servers.postgresql import catalog_table


class Shared(Catalogue):
    """A binding on servers that share a record, each with a data folder and a way to the record of its own."""

    def __init__(self, start: Callable[..., RunningServer], folder: Path, url: str, count: int) -> None:
        super().__init__(start, folder / "none", folder / "buckets")
        self._folder, self.url = folder, url
        self._ways = [Cuttable(urlsplit(url).port or 0) for _ in range(count)]
        for number, way in enumerate(self._ways):
            record = url.replace(f":{urlsplit(url).port}/", f":{way.port}/")
            self._config(number).write_text(
                f"{catalog_table(record)}[sync]\nsettle_time = 0.05\nguard_count = 1000\n"
                f'[extraction]\nworkers = 1\n[access]\nsealing_key_file = "{folder / "sealing-keys"}"\n'
                f'[register]\nfolders = ["{folder / "registered"}"]\n'
            )
        self.servers = [self._start_one(number) for number in range(count)]
        self.server = self.servers[0]
        note_commits(url)

    def _config(self, number: int) -> Path:
        return self._folder / f"{number}.toml"

    def _start_one(self, number: int, bucket_root: Path | None = None) -> RunningServer:
        return self._start(
            "--config",
            str(self._config(number)),
            data=self._folder / f"data-{number}",
            bucket_root=bucket_root or self.bucket_root,
        )

    def restart(self, number: int) -> None:
        """A server that was killed, over what it has left."""
        self.servers[number] = self._start_one(number)

    def restart_elsewhere(self, number: int, bucket_root: Path) -> RunningServer:
        """A server anew, with other buckets than the rest."""
        self.servers[number].kill()
        self.servers[number] = self._start_one(number, bucket_root)
        return self.servers[number]

    def cut(self, number: int) -> None:
        """From PostgreSQL."""
        self._ways[number].cut()

    def mend(self, number: int) -> None:
        """It is reached again."""
        self._ways[number].mend()

    def holder(self) -> int | None:
        """The number of the server that works on the binding, of those that are alive."""
        found = self._find(
            "SELECT s.name FROM lease JOIN server AS s ON s.id = lease.server "
            "WHERE starts_with(lease.name, 'binding/') AND s.until > clock_ms()"
        )
        return next(iter(self._numbers(found)), None)

    def alive(self) -> list[int]:
        """Numbers of the servers whose heartbeats come."""
        return self._numbers(self._find("SELECT name FROM server WHERE until > clock_ms()"))

    def is_committed(self, key: str) -> bool:
        """Whether the object is in the record, as it is indexed."""
        return bool(self._find("SELECT key FROM ledger WHERE key = %s AND outcome = 'Indexed'", key))

    def _find(self, statement: str, *values: str) -> list[str]:
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(statement.encode(), values)]

    def _numbers(self, names: list[str]) -> list[int]:
        """Of servers, by what the record calls them: host, process and more."""
        processes = {int(name.split("/")[1]) for name in names}
        return [at for at, each in enumerate(self.servers) if each.process.pid in processes]

    def wait_held(self, but: int | None = None) -> int:
        """Who works on the binding, other than ``but``."""
        wait_until(lambda: self.holder() not in (None, but), 120, self.holder)
        held = self.holder()
        assert held is not None
        return held

    def is_calm(self) -> bool:
        """A server that was away shows the books that it knew, until it notices that others go on with the binding."""
        return super().is_calm() and self.binding()["Progress"]["Listed"] == len(self.entries())

    def entries(self) -> dict[str, dict[str, Any]]:
        """Those of the bucket; not the user's own."""
        return {key: entry for key, entry in super().entries().items() if "://" not in key}

    def check_fencing(self) -> None:
        """All that was committed for the binding was committed by the server that held it."""
        assert fenced_commits(self.url) == []

    def estimate(self, server: RunningServer, bucket: str) -> None:
        """Have a server list a bucket that it must know."""
        names = {"ProjectName": self.names["ProjectName"]}
        task = server.call("EstimateBinding", **names, URI=f"oss://{bucket}")["TaskId"]
        done = server.wait(
            "GetTask",
            lambda answer: answer["Status"] != "Running",
            **names,
            TaskType="BindingEstimate",
            TaskId=task,
        )
        assert done["Status"] == "Succeeded", done

    def close(self) -> None:
        for server in self.servers:
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGCONT)
                server.kill()
        for way in self._ways:
            way.close()
