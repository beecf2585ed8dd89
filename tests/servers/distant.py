"""A server as it answers from far away: a process that hands connections on, each request after a delay."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.connection import Connection
from types import TracebackType
from urllib.parse import urlsplit

_CHUNK = 256 * 1024


class Distant:
    """``endpoint`` leads to another endpoint of this machine (http), ``delay`` seconds later."""

    def __init__(self, endpoint: str, delay: float) -> None:
        parts = urlsplit(endpoint)
        here, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_run, args=(parts.hostname, parts.port, delay, there), daemon=True
        )
        self._process.start()
        self.endpoint = f"http://127.0.0.1:{here.recv()}"

    def __enter__(self) -> Distant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()


def _run(host: str, port: int, delay: float, ready: Connection) -> None:
    asyncio.run(_serve(host, port, delay, ready))


async def _serve(host: str, port: int, delay: float, ready: Connection) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(host, port)
        await asyncio.gather(_copy(reader, requests, delay), _copy(answers, writer, 0.0))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    try:
        while data := await reader.read(_CHUNK):
            await asyncio.sleep(delay)
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
