"""Fetches what the pages use of others, as ``web/vendor/manifest.json`` pins it; a checksum that differs is an error.

Each package is taken from the npm registry, compared with the checksum of its archive, and of it only the files that
are named there are kept, with its licence. ``--check`` compares the files that are here, and fetches nothing.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import msgspec

VENDOR = Path(__file__).resolve().parent.parent / "src/bindery/web/vendor"
MANIFEST = VENDOR / "manifest.json"


class Package(msgspec.Struct):
    """One package."""

    name: str
    version: str
    licence: str
    """As SPDX names it."""
    integrity: str
    """Of the archive: ``sha512-`` and Base64, as the registry shows it."""
    files: dict[str, str]
    """Where a file stands in the archive, and its SHA-256; empty until it was fetched once."""


def read_manifest() -> list[Package]:
    """All packages."""
    return msgspec.json.decode(MANIFEST.read_bytes(), type=list[Package])


def place_of(package: Package, file: str) -> Path:
    """Where a file of a package is kept here."""
    return VENDOR / package.name.lstrip("@").replace("/", "-") / Path(file).name


def fetch(package: Package) -> None:
    """Write its files. Raises SystemExit."""
    with tempfile.TemporaryDirectory() as folder:
        archive = _download(package, Path(folder))
        found = hashlib.sha512(archive.read_bytes()).digest()
        if package.integrity != "sha512-" + base64.b64encode(found).decode():
            sys.exit(f"{package.name} {package.version} is not what the manifest pins")
        with tarfile.open(archive) as packed:
            for file in package.files:
                member = packed.extractfile(f"package/{file}")
                if member is None:
                    sys.exit(f"{package.name} has no {file}")
                place = place_of(package, file)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(member.read())


def _download(package: Package, folder: Path) -> Path:
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder)]
    subprocess.run([*command, f"{package.name}@{package.version}"], check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def differing(package: Package) -> list[str]:
    """Files that are missing or other than pinned."""
    return [
        str(place_of(package, file))
        for file, pinned in package.files.items()
        if not place_of(package, file).is_file() or _digest(place_of(package, file)) != pinned
    ]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str]) -> None:
    """Fetch everything, or only compare."""
    packages = read_manifest()
    if "--check" not in arguments:
        for package in packages:
            fetch(package)
            for file, pinned in package.files.items():
                package.files[file] = pinned or _digest(place_of(package, file))
        MANIFEST.write_bytes(msgspec.json.format(msgspec.json.encode(packages), indent=2) + b"\n")
    wrong = [path for package in packages for path in differing(package)]
    if wrong:
        sys.exit("not as pinned: " + ", ".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1:])
