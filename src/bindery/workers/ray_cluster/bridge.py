"""The server's process in the Ray cluster: it keeps an actor on every node and passes on what is for them.

``python -m bindery.workers.ray_cluster.bridge DESCRIPTOR SETUP``, started by ``cluster.py`` alone. Ray ends the process
that uses it when a cluster is lost; this one may end at any time, the server starts it again. It ends when the server
does, and the actors with it. What it passes on is sealed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from typing import Any

import bindery
from bindery.workers.ray_cluster.messages import (
    GIVE_UP,
    LENGTH,
    Ask,
    Beat,
    NodeGone,
    NodeRefused,
    NodeUp,
    Returned,
    asks,
    frame,
    hellos,
)
from bindery.workers.ray_cluster.settings import LOCAL

_LOOK_SECONDS = 1.0
_ANSWER_SECONDS = 20.0
"""For so long the cluster may leave the question unanswered which nodes it has."""
_START_SECONDS = 180.0
"""For so long the process on a node may take to start; the first one after a node has come loads Python from disk."""
_AGAIN_SECONDS = 10.0
"""After so long a node is tried again that took no work."""
_END_SECONDS = 3.0
_BEYOND = 16
"""Calls of an actor at the same time, beside those that wait for workers."""
_SLOTS = 3
"""See ``workers/pool.py``."""
_OBJECT_STORE_BYTES = 80 * 1024 * 1024


class _Node:
    """An actor on a node; ``name`` is of this actor alone."""

    def __init__(self, name: str, address: str, actor: Any) -> None:
        self.name = name
        self.address = address
        self.actor = actor


class Bridge:
    """All of it runs in one event loop."""

    def __init__(self, ray: Any, setup: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        self._ray = ray
        self._setup = setup
        self._writer = writer
        self._nodes: dict[str, _Node] = {}
        """By the name of the actor."""
        self._kept: set[str] = set()
        """Nodes, by Ray's id, that have an actor or are being given one."""
        self._not_before: dict[str, float] = {}
        self._made = 0
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Until the server is gone. Raises whatever Ray raises when the cluster is lost."""
        watching = asyncio.create_task(self._watch())
        passing = asyncio.create_task(self._pass_on(reader))
        done, _ = await asyncio.wait({watching, passing}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _pass_on(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                ask = asks.decode(await reader.readexactly(length))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            node = self._nodes.get(ask.node)
            if node is None:
                continue  # the server learns, or has learnt, that it is gone
            if ask.method == GIVE_UP:
                self._lose(node, "it did not answer")
            else:
                self._begin(self._call(node, ask))

    async def _call(self, node: _Node, ask: Ask) -> None:
        try:
            told = await getattr(node.actor, ask.method).remote(*ask.arguments)
        except Exception as error:
            self._lose(node, _first_line(error))
            return
        if ask.number:
            await self._tell(Returned(ask.number, told))

    async def _watch(self) -> None:
        while True:
            looking = asyncio.get_running_loop().run_in_executor(None, self._ray.nodes)
            nodes = [node for node in await asyncio.wait_for(looking, _ANSWER_SECONDS) if node["Alive"]]
            for node in nodes:
                node_id, processors = node["NodeID"], int(node["Resources"].get("CPU", 0))
                is_due = time.monotonic() >= self._not_before.get(node_id, 0.0)
                if processors and is_due and node_id not in self._kept:
                    self._kept.add(node_id)
                    self._begin(self._keep(node_id, _address(node), processors))
            await self._tell(Beat(len(nodes)))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _keep(self, node_id: str, address: str, processors: int) -> None:
        """Have an actor on a node until it ends."""
        self._not_before[node_id] = time.monotonic() + _AGAIN_SECONDS
        node: _Node | None = None
        try:
            node = self._make(node_id, address, processors)
            hello = hellos.decode(await asyncio.wait_for(node.actor.hello.remote(), _START_SECONDS))
            if hello.version != bindery.__version__:
                told = f"it has Bindery {hello.version}, and this server is {bindery.__version__}"
                raise RuntimeError(told)
            self._nodes[node.name] = node
            workers = self._setup["workers_per_node"] or processors
            await self._tell(NodeUp(node.name, address, workers, hello.public_key))
            self._not_before[node_id] = time.monotonic() + _LOOK_SECONDS
            await node.actor.hold.remote()
        except Exception as error:
            if node is not None and node.name in self._nodes:
                self._lose(node, _first_line(error))
            else:
                await self._tell(NodeRefused(address, _first_line(error)))
        finally:
            self._kept.discard(node_id)
            if node is not None:
                self._end(node)

    def _make(self, node_id: str, address: str, processors: int) -> _Node:
        strategies = importlib.import_module("ray.util.scheduling_strategies")
        actor_class = importlib.import_module("bindery.workers.ray_cluster.node").NodeWorkers
        reserved = self._setup["workers_per_node"]
        made = (
            self._ray.remote(actor_class)
            .options(
                num_cpus=reserved,
                max_restarts=0,
                max_task_retries=0,
                max_concurrency=_SLOTS * (reserved or processors) + _BEYOND,
                scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node_id, soft=False),
            )
            .remote(self._setup["preload"], self._setup["memory_bytes"])
        )
        self._made += 1
        return _Node(f"{self._made}", address, made)

    def _lose(self, node: _Node, reason: str) -> None:
        if self._nodes.pop(node.name, None) is not None:
            self._begin(self._tell(NodeGone(node.name, reason)))
            self._end(node)

    def _end(self, node: _Node) -> None:
        try:
            self._ray.kill(node.actor)
        except Exception as error:  # it is gone, or the cluster is, which shows elsewhere
            logging.getLogger(__name__).debug("an actor was not ended: %s", _first_line(error))

    async def _tell(self, message: Beat | NodeUp | NodeGone | NodeRefused | Returned) -> None:
        self._writer.write(frame(message))
        await self._writer.drain()

    def _begin(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


def main() -> None:
    """Connect, then pass on until the server is gone. Why it ends else is the last line on standard error."""
    connection, setup = socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_server, args=(connection.fileno(),), daemon=True).start()
    try:
        ray = importlib.import_module("ray")
        _connect(ray, setup)
        asyncio.run(_run(ray, setup, connection))
    except Exception as error:
        _leave(_first_line(error))
    ray.shutdown()
    _leave("")


async def _run(ray: Any, setup: dict[str, Any], connection: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 20)
    await Bridge(ray, setup, writer).run(reader)


def _connect(ray: Any, setup: dict[str, Any]) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "namespace": "bindery"}
    address = setup["address"]
    if address == LOCAL:
        ray.init(
            address=LOCAL,
            num_cpus=setup["processors"],
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            _temp_dir=setup["folder"],
            _node_ip_address="127.0.0.1",
            **quiet,
        )
    else:
        ray.init(address=address, **quiet)


def _end_with_the_server(descriptor: int) -> None:
    """Also while Ray connects or ends, which may take for ever."""
    poll = select.poll()
    poll.register(descriptor, select.POLLRDHUP)
    poll.poll()
    time.sleep(_END_SECONDS)
    os._exit(0)


def _leave(reason: str) -> None:
    if reason:
        sys.stderr.write(reason + "\n")
        sys.stderr.flush()
    os._exit(1 if reason else 0)


def _address(node: dict[str, Any]) -> str:
    return str(node.get("NodeManagerHostname") or node.get("NodeManagerAddress") or node["NodeID"])


def _first_line(error: BaseException) -> str:
    """What happened, without the remote traceback that Ray puts into its messages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else ''}"[:500]


if __name__ == "__main__":
    main()
