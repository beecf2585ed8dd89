"""XMP sidecars: files beside a picture that tell of it, ``x.jpg.xmp`` (darktable, digiKam) and ``x.xmp`` (Adobe).

What a sidecar tells is part of its picture's entry (``extract.pictures.sidecar``). Which one an entry was made with is
in no column. Instead this holds in every transaction: the row of a picture that names a version was made with the
sidecars that the ledger has. A commit that changes a sidecar's row makes the pictures beside it forget their version,
and one that brings a picture does so when the sidecars in the ledger are others than it was read with. So the picture
is extracted again, by the inbox at once or, after a crash, by the next listing. Nobody asks the store for sidecars.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bindery.buckets.store import ObjectInfo
from bindery.catalog.interface.ledger import Ledger
from bindery.catalog.records import LedgerEntry, Outcome

_ENDINGS = (".xmp", ".XMP")
_PICTURES = (
    "jpg", "jpeg", "jpe", "jxl", "heic", "heif", "hif", "avif", "webp", "png", "tif", "tiff", "psd", "dng", "cr2",
    "cr3", "crw", "nef", "nrw", "arw", "sr2", "srf", "orf", "rw2", "rwl", "raf", "pef", "srw", "3fr", "fff", "iiq",
    "kdc", "dcr", "k25", "mef", "mos", "erf", "mrw", "x3f", "gpr",
)  # fmt: skip
_EXTENSIONS = tuple(spelled for name in _PICTURES for spelled in (f".{name}", f".{name.upper()}"))
"""Of pictures that have sidecars; looked up one by one, so that a folder of any size costs the same."""


def sidecars_of(key: str) -> tuple[str, ...]:
    """Keys of the sidecars that a picture may have, the one that counts most first; none for what is no picture."""
    extension = _extension(key)
    if not extension:
        return ()
    stem = key.removesuffix(extension)
    stems = (key,) if _extension(stem) else (key, stem)
    return tuple(base + ending for base in stems for ending in _ENDINGS)


def is_sidecar(key: str) -> bool:
    """Whether a key is named as one."""
    return key.endswith(_ENDINGS)


def pictures_of(key: str) -> tuple[str, ...]:
    """Keys of the pictures that a sidecar may be of: those whose ``sidecars_of`` name it."""
    if not is_sidecar(key):
        return ()
    base = key[:-4]
    if _extension(base):
        return (base,)
    named = base and not base.endswith("/")
    return tuple(base + extension for extension in _EXTENSIONS) if named else ()


def known_sidecars(
    ledger: Ledger, binding_id: int, keys: Iterable[str]
) -> dict[str, tuple[ObjectInfo, ...]]:
    """By key of a picture, the sidecars that the ledger knows; pictures without any are left out."""
    wanted = {key: beside for key in keys if (beside := sidecars_of(key))}
    rows = ledger.get(binding_id, list({name: None for beside in wanted.values() for name in beside}))
    return found_sidecars(wanted, rows) if rows else {}


def found_sidecars(
    wanted: Mapping[str, Sequence[str]], rows: Mapping[str, LedgerEntry]
) -> dict[str, tuple[ObjectInfo, ...]]:
    """The same of rows."""
    found: dict[str, tuple[ObjectInfo, ...]] = {}
    for key, beside in wanted.items():
        infos = tuple(info for name in beside if (info := as_sidecar(rows.get(name))) is not None)
        if infos:
            found[key] = infos
    return found


def as_sidecar(row: LedgerEntry | None) -> ObjectInfo | None:
    """The object to read, when the row is of one that is within the scope and was looked at."""
    if row is None or row.outcome not in (Outcome.INDEXED, Outcome.FAILED) or not row.etag:
        return None
    return ObjectInfo(row.key, row.size, row.etag, row.modified_ns)


def is_same_sidecar(before: LedgerEntry | None, after: LedgerEntry | None) -> bool:
    """Whether pictures beside it need not be read again: one that could not be read may be readable now."""
    one, other = as_sidecar(before), as_sidecar(after)
    if one is None or other is None or before is None or after is None:
        return one is other
    return (one.etag, one.size, before.outcome) == (other.etag, other.size, after.outcome)


def is_made_with(used: Sequence[ObjectInfo], known: Sequence[ObjectInfo]) -> bool:
    """Whether these are the same versions of the same sidecars."""
    return [(info.key, info.etag, info.size) for info in used] == [
        (info.key, info.etag, info.size) for info in known
    ]


def _extension(key: str) -> str:
    """That of a picture with its dot, else nothing; a name that is all extension has none."""
    name = key.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:] if dot > 0 and name[dot:] in _EXTENSION_SET else ""


_EXTENSION_SET = frozenset(_EXTENSIONS)
