"""What the server, its bridge to Ray, and the processes on nodes tell each other.

The bridge and the server exchange frames: four bytes with the length, then a message. What is for a node goes through
the bridge as it is.
"""

from __future__ import annotations

import struct

import msgspec

from bindery.workers.job import Answer, Job, Lost

LENGTH = struct.Struct(">I")
GIVE_UP = "give up"
"""In the place of a method: end the process on that node."""


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """What a process on a node tells of itself."""

    version: str
    """Of Bindery."""
    public_key: bytes


class Started(msgspec.Struct, frozen=True, array_like=True):
    """A worker was started there; with a ``problem`` it was not."""

    number: int = 0
    pid: int = 0
    problem: str = ""


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Jobs for one worker; see ``WorkerProcess.begin``."""

    jobs: list[Job]
    at_once: bool


class Death(msgspec.Struct, frozen=True, array_like=True):
    """A ``WorkerLost``."""

    position: int
    lost: Lost


class Report(msgspec.Struct, frozen=True, array_like=True):
    """How far the batch of a worker is since the last report."""

    answers: list[Answer] = []
    ended: bool = False
    is_outside: bool = False
    death: Death | None = None


# From the server to its bridge


class Ask(msgspec.Struct, frozen=True, array_like=True):
    """Call a method of the process on a node. With the number 0 nobody waits for what it returns."""

    number: int
    node: str
    method: str
    arguments: list[bytes | int]


# From the bridge to the server


class Beat(msgspec.Struct, frozen=True, array_like=True, tag="beat"):
    """The cluster answers; it has so many nodes."""

    nodes: int


class NodeUp(msgspec.Struct, frozen=True, array_like=True, tag="up"):
    """A node takes work: ``workers`` at a time. ``node`` names this process on it, and no later one."""

    node: str
    address: str
    workers: int
    public_key: bytes


class NodeGone(msgspec.Struct, frozen=True, array_like=True, tag="gone"):
    """A node, or the process there, is gone."""

    node: str
    reason: str


class NodeRefused(msgspec.Struct, frozen=True, array_like=True, tag="refused"):
    """A node is there that takes no work; it is tried again."""

    address: str
    reason: str


class Returned(msgspec.Struct, frozen=True, array_like=True, tag="returned"):
    """What a method returned."""

    number: int
    content: bytes


FromBridge = Beat | NodeUp | NodeGone | NodeRefused | Returned


# Made before there are threads: msgspec prepares a type when it is first decoded.
asks = msgspec.msgpack.Decoder(Ask)
from_bridge = msgspec.msgpack.Decoder(FromBridge)
hellos = msgspec.msgpack.Decoder(Hello)
starts = msgspec.msgpack.Decoder(Started)
batches = msgspec.msgpack.Decoder(Batch)
reports = msgspec.msgpack.Decoder(Report)
encode = msgspec.msgpack.encode


def frame(message: msgspec.Struct) -> bytes:
    """A message with its length."""
    content = encode(message)
    return LENGTH.pack(len(content)) + content
