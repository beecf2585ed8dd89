"""The keys that earlier releases kept in ``access-keys.json`` move into the record, sealed, when a server starts.

The file goes after the transaction that holds them is on the disk. A crash before it changes nothing, and one after
it leaves keys that are known already: the next start finds them and removes the file.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from bindery.access.keys import KeysUnusable
from bindery.access.sealing import Sealer
from bindery.catalog.access_records import SealedKey
from bindery.catalog.interface.access_keys import AccessKeys
from bindery.clock import now_ns

_FILE = "access-keys.json"
_log = structlog.get_logger()


class _EarlierKey(msgspec.Struct, rename={"id": "AccessKeyId", "secret": "AccessKeySecret"}):
    id: str
    secret: str
    active: bool = msgspec.field(default=True, name="Active")
    label: str = msgspec.field(default="", name="Label")


def take_over_key_file(data: Path, sealer: Sealer, keys: AccessKeys) -> None:
    """Once; a file that cannot be read stays, and the log says so. Raises CatalogUnusable."""
    path = data / _FILE
    try:
        earlier = _read(path)
    except KeysUnusable as error:
        _log.error("access keys were not taken over; mend the file and start again", problem=str(error))
        return
    if earlier is None:
        return
    known = keys.take_over([_sealed(key, sealer) for key in earlier])
    path.unlink()
    _log.info(
        "the access keys of the file are in the record now", file=str(path), keys=len(earlier) - len(known)
    )
    if known:
        _log.warning("keys of the file were in the record already, and stay as they are there", ids=known)


def _read(path: Path) -> list[_EarlierKey] | None:
    """None when there is no such file. Raises KeysUnusable."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[_EarlierKey])
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise KeysUnusable(f"{path} cannot be read as a list of access keys: {error}") from error


def _sealed(key: _EarlierKey, sealer: Sealer) -> SealedKey:
    return SealedKey(
        id=key.id,
        sealed=sealer.seal(key.secret, key.id),
        active=key.active,
        label=key.label,
        create_time=now_ns(),
    )
