"""Scripts, styles and icons: our own, and those of others that ``scripts/fetch_vendor.py`` has fetched.

Their address holds a hash of all of them, so that browsers may keep them for ever and never mix two releases.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

_NEVER = re.compile(r"q\s*=\s*0(\.0*)?")
_FOLDERS = ("static", "vendor")
_TYPES = {
    "css": "text/css",
    "geojson": "application/json",
    "js": "text/javascript",
    "json": "application/json",
    "mjs": "text/javascript",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
}


class Asset(msgspec.Struct, frozen=True, dict=True):
    """One file."""

    content: bytes
    type: str

    @cached_property
    def packed(self) -> bytes:
        """Compressed, once for all requests; the same bytes at each start. Empty where that makes nothing smaller."""
        packed = gzip.compress(self.content, compresslevel=9, mtime=0)
        return packed if len(packed) < len(self.content) else b""


class Assets:
    """All files, by ``folder/name``."""

    def __init__(self, files: dict[str, Asset]) -> None:
        self._files = files
        digest = hashlib.sha256()
        for name, asset in sorted(files.items()):
            digest.update(f"{name}\0{len(asset.content)}\0".encode() + asset.content)
        self.version = digest.hexdigest()[:16]

    def find(self, name: str) -> Asset | None:
        """None when there is no such file."""
        return self._files.get(name)

    def url(self, name: str) -> str:
        """Its address: ``static/app.js``. Raises KeyError."""
        if name not in self._files:
            raise KeyError(name)
        return f"/assets/{self.version}/{name}"


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client that sent this header may be answered in gzip (RFC 9110, 12.5.3)."""
    for offer in accept_encoding.lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in ("gzip", "*"):
            return not _NEVER.fullmatch(weight.strip())
    return False


@cache
def load_assets() -> Assets:
    """Read once; they are small."""
    found: dict[str, Asset] = {}
    for folder in _FOLDERS:
        _collect(files("bindery.web") / folder, folder, found)
    return Assets(found)


def _collect(folder: Traversable, name: str, found: dict[str, Asset]) -> None:
    for entry in folder.iterdir():
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            _collect(entry, path, found)
        elif (kind := _TYPES.get(entry.name.rpartition(".")[2])) is not None:
            found[path] = Asset(entry.read_bytes(), kind)
