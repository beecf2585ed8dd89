"""Sidecars: files beside a picture or a video that tell of it, XMP (``x.jpg.xmp`` of darktable and digiKam, ``x.xmp``
of Adobe) and the JSON of Google Takeout.

What a sidecar tells is part of its picture's entry (``extract.sidecars``). Which one an entry was made with is
in no column. Instead this holds in every transaction: the row of a picture that names a version was made with the
sidecars that the ledger has. A commit that changes a sidecar's row makes the pictures beside it forget their version,
and one that brings a picture does so when the sidecars in the ledger are others than it was read with. So the picture
is extracted again, by the inbox at once or, after a crash, by the next listing. Nobody asks the store for sidecars.

A listing names most sidecars behind their pictures. They are taken in before them, page by page, and a picture is read
with those that are on their way too, which are committed with it at the latest: so it is read once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from bindery.buckets.store import AccessDenied, ObjectInfo, ObjectNotFound, Store
from bindery.catalog.interface.ledger import Ledger
from bindery.catalog.records import LedgerEntry, LedgerFilter, Outcome
from bindery.sync import takeout_names

_XMP = (".xmp", ".XMP")
ENDINGS = (*_XMP, takeout_names.ENDING)
"""Of all sidecars; a binding has most often one kind."""
_PICTURES = (
    "jpg", "jpeg", "jpe", "jxl", "heic", "heif", "hif", "avif", "webp", "png", "tif", "tiff", "psd", "dng", "cr2",
    "cr3", "crw", "nef", "nrw", "arw", "sr2", "srf", "orf", "rw2", "rwl", "raf", "pef", "srw", "3fr", "fff", "iiq",
    "gif", "bmp", "kdc", "dcr", "k25", "mef", "mos", "erf", "mrw", "x3f", "gpr",
)  # fmt: skip
_VIDEOS = (
    "mp4", "mov", "m4v", "qt", "3gp", "3g2", "avi", "mkv", "webm", "mts", "m2ts", "mpg", "mpeg", "wmv", "flv", "f4v",
    "mxf", "insv", "360", "lrv",
)  # fmt: skip
_EXTENSIONS = tuple(
    spelled
    for name in (*_PICTURES, *_VIDEOS)
    for spelled in dict.fromkeys((f".{name}", f".{name.upper()}"))
)
"""Of pictures and videos that have sidecars."""
_FEW = 8
"""Keys that are looked up one by one rather than as a range."""
_MOST_BESIDE = 200
"""Keys of such a range; where there are more, only those that may be meant are looked up."""


def sidecars_of(key: str, endings: tuple[str, ...] = ENDINGS) -> tuple[str, ...]:
    """Keys of the sidecars that a picture or a video may have, the one that counts most first; none for anything else.

    ``endings``: of the sidecars that there are.
    """
    extension = _extension(key)
    if not extension:
        return ()
    stem = key.removesuffix(extension)
    stems = (key,) if _extension(stem) else (key, stem)
    xmp = tuple(base + ending for base in stems for ending in _XMP if ending in endings)
    if takeout_names.ENDING not in endings:
        return xmp
    folder, slash, name = stem.rpartition("/")
    beside = takeout_names.names_beside(name, extension, _EXTENSION_SET)
    return (*xmp, *(folder + slash + each for each in beside))


def is_sidecar(key: str) -> bool:
    """Whether a key is named as one."""
    return key.endswith(ENDINGS) and bool(ending_of(key))


def ending_of(key: str) -> str:
    """That of a sidecar, one of ``ENDINGS``; empty for what is not named as one."""
    if not key.endswith(ENDINGS):
        return ""
    if key.endswith(_XMP):
        return key[-4:]
    named = takeout_names.is_named_so(key.rpartition("/")[2], _EXTENSION_SET)
    return takeout_names.ENDING if named else ""


def pictures_of(key: str) -> tuple[str, ...]:
    """Keys of the pictures and videos that a sidecar may be of: those whose ``sidecars_of`` name it, but for names that
    are cut in its own."""
    ending = ending_of(key)
    if ending == takeout_names.ENDING:
        folder, slash, name = key.rpartition("/")
        return tuple(folder + slash + each for each in takeout_names.names_before(name, _EXTENSION_SET))
    if not ending:
        return ()
    base = key[:-4]
    if _extension(base):
        return (base,)
    named = base and not base.endswith("/")
    return tuple(base + extension for extension in _EXTENSIONS) if named else ()


def rows_beside(ledger: Ledger, binding_id: int, key: str) -> dict[str, LedgerEntry]:
    """The rows of the pictures and videos that a sidecar may be of."""
    named = pictures_of(key)
    if len(named) <= _FEW:
        found = ledger.get(binding_id, named)
    else:
        in_range = _in_range(ledger, binding_id, _common(named), key)
        found = ledger.get(binding_id, named) if in_range is None else in_range
    folder, slash, name = key.rpartition("/")
    title = takeout_names.cut_title(name) if ending_of(key) == takeout_names.ENDING else ""
    if title:
        found |= _in_range(ledger, binding_id, folder + slash + title, key) or {}
    return found


def _common(named: Sequence[str]) -> str:
    first, last = min(named), max(named)
    return first[
        : next((at for at, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1), 0)
    ]


def _in_range(ledger: Ledger, binding_id: int, prefix: str, sidecar: str) -> dict[str, LedgerEntry] | None:
    """Rows below a prefix that a sidecar may tell of; None when there are too many to look through."""
    page = ledger.list(binding_id, LedgerFilter(prefix=prefix), limit=_MOST_BESIDE)
    if page.after is not None:
        return None
    return {row.key: row for row in page.rows if sidecar in sidecars_of(row.key)}


def known_sidecars(
    ledger: Ledger,
    binding_id: int,
    keys: Iterable[str],
    endings: tuple[str, ...] = ENDINGS,
    coming: Callable[[str], ObjectInfo | None] = lambda _: None,
) -> dict[str, tuple[ObjectInfo, ...]]:
    """By key of a picture, the sidecars that are ``coming`` or that the ledger knows; pictures without any are left
    out."""
    wanted = {key: beside for key in keys if (beside := sidecars_of(key, endings))}
    names = dict.fromkeys(name for beside in wanted.values() for name in beside)
    found = {name: info for name in names if (info := coming(name)) is not None}
    for name, row in ledger.get(binding_id, [name for name in names if name not in found]).items():
        if (info := as_sidecar(row)) is not None:
            found[name] = info
    return by_picture(wanted, found) if found else {}


def stored_sidecars(store: Store, key: str) -> tuple[ObjectInfo, ...]:
    """The sidecars that the store has of a picture or a video: one page of a listing, and a look at each whose name
    begins otherwise; in a folder a look at each. Those that may not be looked for are none. Raises StoreError."""
    names = sidecars_of(key)
    if not names:
        return ()
    prefix = key.removesuffix(_extension(key)) + "."
    with suppress(AccessDenied):
        found: dict[str, ObjectInfo] = {}
        if not store.capabilities.listing_free:
            found = {
                info.key: info for info in next((page for page in store.list(prefix=prefix) if page), [])
            }
        for name in names:
            if store.capabilities.listing_free or not name.startswith(prefix):
                with suppress(ObjectNotFound):
                    found[name] = store.details(name).info
        return tuple(found[name] for name in names if name in found)
    return ()


def found_sidecars(
    wanted: Mapping[str, Sequence[str]], rows: Mapping[str, LedgerEntry]
) -> dict[str, tuple[ObjectInfo, ...]]:
    """The same of rows."""
    infos = {name: info for name, row in rows.items() if (info := as_sidecar(row)) is not None}
    return by_picture(wanted, infos)


def by_picture(
    wanted: Mapping[str, Sequence[str]], sidecars: Mapping[str, ObjectInfo]
) -> dict[str, tuple[ObjectInfo, ...]]:
    """By key of a picture, those of its ``wanted`` sidecars that there are."""
    found: dict[str, tuple[ObjectInfo, ...]] = {}
    for key, beside in wanted.items():
        infos = tuple(sidecars[name] for name in beside if name in sidecars)
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
