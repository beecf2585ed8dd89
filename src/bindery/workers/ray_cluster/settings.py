"""How the pool uses a Ray cluster."""

from __future__ import annotations

from typing import Annotated

import msgspec

LOCAL = "local"


class RaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """They are settings of ``[ray]``, under the same names."""

    address: Annotated[
        str, msgspec.Meta(pattern=r"^(local|auto|(ray://)?[A-Za-z0-9._\-\[\]:]{1,255}:[0-9]{1,5})\Z")
    ] = "auto"
    """Where the cluster is: ``auto`` (the one that this machine is a node of), ``HOST:PORT`` (the same, by its head),
    ``ray://HOST:PORT`` (from any machine, by Ray's client server), or ``local``: one is started on this machine."""
    workers_per_node: Annotated[int, msgspec.Meta(ge=0, le=1_024)] = 0
    """Worker processes on each node, for which as many CPUs are reserved with Ray. 0: one per CPU, and none is
    reserved, so that several servers share the nodes."""
    most_workers: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 32
    """Worker processes of this server on all nodes together, those not counted that wait for a store."""
    folders: list[str] = []
    """Folders that are mounted on every node under the same path. Buckets in other folders are refused."""
