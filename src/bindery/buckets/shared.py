"""Which buckets workers on other machines can reach: every object store, and folders that are mounted there too."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from bindery.buckets.store import StoreAddress, StoreMisconfigured


def shared_folders(folders: Iterable[str]) -> tuple[Path, ...]:
    """They have the same path on every machine, so that links are followed on the server alone."""
    return tuple(Path(os.path.realpath(Path(folder).expanduser())) for folder in folders)


def check_shared(address: StoreAddress, folders: Iterable[Path]) -> None:
    """Raise StoreMisconfigured when the bucket is in this machine's memory, or in a folder outside of ``folders``."""
    if address.url.startswith("memory://"):
        raise StoreMisconfigured(
            f"the bucket {address.bucket} is in this server's memory, where workers on a Ray cluster cannot read it"
        )
    if address.folder is None:
        return
    found = Path(os.path.realpath(address.folder))
    if not any(found.is_relative_to(folder) for folder in folders):
        raise StoreMisconfigured(
            f"the bucket {address.bucket} is a folder of this server, which workers on a Ray cluster cannot read; "
            f"mount {address.folder} on every node under the same path and add it to ray.folders, bind it as an object "
            "store, or set extraction.pool to local"
        )
