"""Folders that hold a file ``.nomedia``, which players and galleries pass over with all below them.

Such a file is an object of the bucket, excluded as other leftovers of systems are, and the ledger has a row of it. So a
folder is looked up there: one look for each folder that a listing comes to, none for each object, and none in the
store, however large that is. A listing names the file before most others of its folder. Where it comes later, or comes
and goes by itself, the folder is listed again as soon as the row is committed.

It counts below what the scope names, the bucket or its prefixes: one that lies directly there says nothing, for who
binds a folder wants it, and a stray file must not empty a dataset. Source: ``MediaStore`` of Android, which passes over
such folders, but not the root of a storage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from bindery.buckets.store import ObjectInfo
from bindery.catalog.interface.ledger import Ledger
from bindery.catalog.records import LedgerEntry, Outcome

NAME = ".nomedia"
_BELOW_FOLDER = f"/{NAME}"
_MOST_KNOWN = 10_000
"""Folders whose answers are kept."""

Rows = Callable[[Sequence[str]], Mapping[str, LedgerEntry]]
"""Rows of the ledger by key."""


def is_marker(key: str) -> bool:
    """Whether a key is that of such a file."""
    return key.endswith(_BELOW_FOLDER) or key == NAME


class MarkedFolders:
    """For one thread, which asks in the order of the keys for the most part."""

    def __init__(self, prefixes: tuple[str, ...], rows: Rows = lambda _: {}) -> None:
        """``prefixes``: those of the scope; none for the whole bucket."""
        self._prefixes = prefixes or ("",)
        self._rows = rows
        self._known: dict[str, bool] = {}
        self._noted: set[str] = set()
        """Those of which the ledger may know nothing yet."""
        self._none = self._seen = False
        """Whether it is known that there are none, and whether the listing in hand has shown one."""

    def covers(self, folder: str) -> bool:
        """Whether a folder, written without a slash behind it, or one above it is marked."""
        if self._none:
            return False
        path, unknown = folder, list[str]()
        while path and path not in self._known:
            unknown.append(path)
            path = path.rpartition("/")[0]
        covered = self._known.get(path, False)
        if unknown:
            marked = self._marked(unknown)
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            for path in reversed(unknown):
                covered = covered or path in marked
                self._known[path] = covered
        return covered

    def note(self, folder: str) -> None:
        """A folder holds the file, as a listing or a look tells."""
        if not self._counts(folder):
            return
        self._none, self._seen = False, True
        if not self.covers(folder):
            self._noted.add(folder)
            self._known.clear()

    def note_page(self, page: Iterable[ObjectInfo]) -> None:
        """The same of all that a page of a listing holds."""
        for info in page:
            if is_marker(info.key):
                self.note(info.key.rpartition("/")[0])

    def begin_listing(self) -> None:
        """A complete listing begins."""
        self._seen = False

    def end_listing(self) -> None:
        """It has shown everything. Where no folder is marked none is looked up any more, until such a file comes."""
        self._none = not self._seen

    def forget(self, keys: Collection[str] = ()) -> list[str]:
        """The ledger tells something else now, of the files with these keys too. The folders, with a slash behind each,
        for which those count."""
        folders = [key.rpartition("/")[0] for key in keys]
        self._noted.difference_update(folders)
        self._known.clear()
        self._none = self._none and not folders
        return [f"{folder}/" for folder in folders if self._counts(folder)]

    def _marked(self, folders: Sequence[str]) -> set[str]:
        folders = [folder for folder in folders if self._counts(folder)]
        rows = self._rows([folder + _BELOW_FOLDER for folder in folders])
        return {
            folder
            for folder in folders
            if folder in self._noted or _is_there(rows.get(folder + _BELOW_FOLDER))
        }

    def _counts(self, folder: str) -> bool:
        path = f"{folder}/"
        return bool(folder) and any(path != prefix and path.startswith(prefix) for prefix in self._prefixes)


def marked_in(ledger: Ledger, binding_id: int, prefixes: tuple[str, ...]) -> MarkedFolders:
    """The marked folders of a binding, by its ledger."""
    return MarkedFolders(prefixes, lambda keys: ledger.get(binding_id, keys))


def came_or_went(after: Mapping[str, LedgerEntry | None], before: Mapping[str, LedgerEntry]) -> list[str]:
    """Keys of such files that a commit brings or removes."""
    return [
        key
        for key, row in after.items()
        if is_marker(key) and _is_there(row) is not _is_there(before.get(key))
    ]


def _is_there(row: LedgerEntry | None) -> bool:
    return row is not None and row.outcome is not Outcome.DELETED
