"""What systems leave behind in folders of people, which a binding passes over unless its scope says otherwise.

Told by the key alone, but for folders that hold a file ``.nomedia`` (``nomedia.py``). Names of Windows are told in any
case, as its file systems do. Sources: the ignore lists of Syncthing, rclone, PhotoPrism and Immich, and the makers' own
pages on AppleDouble, Spotlight, DSM and QTS.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from bindery.sync.nomedia import NAME, MarkedFolders

FILES = ("._*", ".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", NAME)
"""Names of files: AppleDouble, Finder, the pictures and settings of Windows Explorer, and the mark of Android."""
FOLDERS = (
    ".AppleDouble",
    ".Spotlight-V100",
    ".Trashes",
    ".fseventsd",
    ".TemporaryItems",
    ".DocumentRevisions-V100",
    "__MACOSX",
    "@eaDir",
    "#recycle",
    "#snapshot",
    "@Recycle",
    "@Recently-Snapshot",
    ".@__thumb",
    ".Trash-*",
    "$RECYCLE.BIN",
    "System Volume Information",
)
"""Names of folders, with all below them: macOS, Synology, QNAP, the trash of freedesktop.org, Windows."""

_ANY_CASE = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"}
)


def _expression(name: str) -> str:
    text = re.escape(name.removesuffix("*")) + ("[^/]*" if name.endswith("*") else "")
    return f"(?i:{text})" if name.lower() in _ANY_CASE else text


_FOLDER = re.compile(rf"(?:^|/)(?:{'|'.join(map(_expression, FOLDERS))})/")
_FILE = re.compile("|".join(map(_expression, FILES)))


class DefaultExclusions:
    """Tells keys apart one after the other. A listing names a folder's keys in a row, so that its answer is kept."""

    def __init__(self, marked: MarkedFolders | None = None) -> None:
        """Without ``marked`` folders, no folder is."""
        self._marked = marked
        self._last = ("", False)
        """One value, for several threads ask: a folder and whether it is excluded."""

    def covers(self, key: str) -> bool:
        """Whether a key is excluded."""
        folder, _, name = key.rpartition("/")
        last, excluded = self._last
        if folder != last:
            excluded = _FOLDER.search(f"{folder}/") is not None
            excluded = excluded or (self._marked is not None and self._marked.covers(folder))
            self._last = (folder, excluded)
        if not excluded and _FILE.fullmatch(name) is None:
            return False
        if name == NAME and self._marked is not None:
            self._marked.note(folder)
            self._last = ("", False)
        return True

    def begin_listing(self) -> None:
        """A complete listing begins."""
        if self._marked is not None:
            self._marked.begin_listing()

    def end_listing(self) -> None:
        """It has shown everything."""
        if self._marked is not None:
            self._marked.end_listing()

    def forget(self, markers: Collection[str] = ()) -> list[str]:
        """Forget what was kept of folders, for those of these files have come or gone. The folders, with a slash behind
        each, for which that counts."""
        self._last = ("", False)
        return [] if self._marked is None else self._marked.forget(markers)
