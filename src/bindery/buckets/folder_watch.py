"""Watching a local folder through the kernel's inotify.

Every folder below the root has a watch of its own; symbolic links are never followed. The instances, and the thread
that reads them, are shared by all watches (``kernel_events.py``). What the kernel
loses (queue overflow, a disk that is mounted or unmounted) is reported as overflow, so that a listing decides.
On network mounts the kernel reports only what this machine itself changes; ``unseen`` names them.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Collection, Mapping

from inotify_simple import Event, flags

from bindery.buckets.folder_files import folders_in
from bindery.buckets.folder_names import folded, key_of_path
from bindery.buckets.kernel_events import OF_PROCESS, Arrived, KernelEvents, Mailbox, TooManyInstances
from bindery.buckets.mounts import mounts_within, unseen_changes
from bindery.buckets.off_limits import FolderId, folder_id
from bindery.buckets.store import Changes, StoreUnavailable
from bindery.open_files import EXHAUSTED, explain

_ENDED = flags.DELETE_SELF | flags.MOVE_SELF | flags.UNMOUNT
_LIMIT_REACHED = (errno.ENOSPC, *EXHAUSTED)


class FolderWatch:
    """Reports names as keys. Watching starts in the constructor.

    With ``everywhere`` nothing counts as unseen: all writers are said to be on this machine.

    Raises StoreUnavailable when the kernel allows no more watches; the message says which limit to raise.
    """

    def __init__(
        self,
        root: bytes,
        *,
        everywhere: bool = False,
        off_limits: frozenset[FolderId] = frozenset(),
        events: KernelEvents = OF_PROCESS,
    ) -> None:
        self._root = root.rstrip(b"/") or b"/"
        self._off_limits = off_limits
        self._events = events
        self._folders: dict[int, bytes] = {}
        self._descriptors: dict[bytes, int] = {}
        self._moved: tuple[int, bytes] = (0, b"")
        self._closed = False
        self._working = threading.Lock()
        """Held while what has arrived is dealt with; the watch leaves its instance only when nobody does that."""
        self._mailbox = Mailbox()
        try:
            self._instance = events.join(self._mailbox)
        except OSError as error:
            raise _unwatchable(error) from error
        try:
            self._identity = self._look()
            self._mounts = mounts_within(self._root)
            self.unseen: Mapping[str, str] = {} if everywhere else unseen_changes(self._mounts)
            self._add(b"")
        except BaseException:
            self.close()
            raise

    def wait(self, seconds: float) -> Changes:
        """Block until something changed, the watch is closed or ``seconds`` are over."""
        report = _Report()
        self._instance.read()  # what has happened before this call is told by it
        arrived = self._mailbox.take(seconds)
        with self._working:
            if not self._closed:
                self._note_all(arrived, report)
        return Changes(frozenset(report.keys), frozenset(report.prefixes), overflow=report.overflow)

    def wake(self) -> None:
        """From another thread: end the wait, or the next one."""
        self._mailbox.wake()

    def close(self) -> None:
        """Stop watching; wakes a waiting caller."""
        self._mailbox.close()
        with self._working:
            if not self._closed:
                self._closed = True
                self._events.leave(self._mailbox, self._instance)

    def _note_all(self, arrived: Arrived, report: _Report) -> None:
        if arrived.lost:
            report.overflow = True
            self._begin_again()
        for event in arrived.events:
            self._note(event, report)
        if self._look() != self._identity:
            raise StoreUnavailable("the folder was exchanged for another; it is watched anew")
        if arrived.mounts_changed:  # a disk may lie over a watched folder now
            report.overflow |= mounts_within(self._root) != self._mounts

    def _look(self) -> tuple[int, int]:
        """Which folder the path leads to now."""
        try:
            status = os.stat(self._root)
        except OSError as error:
            raise StoreUnavailable(f"the watched folder is not there: {error.strerror}") from error
        return status.st_dev, status.st_ino

    def _note(self, event: Event, report: _Report) -> None:
        folder = self._folders.get(event.wd)
        if folder is None:
            return
        if event.mask & flags.IGNORED:
            self._forget(event.wd)
        elif event.mask & _ENDED:
            if not folder:
                raise StoreUnavailable("the watched folder was moved, removed or unmounted")
            report.overflow |= bool(event.mask & flags.UNMOUNT)
        elif event.mask & flags.ISDIR and event.name:
            self._note_folder(event, folder + os.fsencode(event.name) + b"/", report)
        elif event.name:
            self._note_file(event, folder + os.fsencode(event.name), report)

    def _note_file(self, event: Event, path: bytes, report: _Report) -> None:
        """A file that gets its own name in another case may still be found by the former one. Only a listing
        tells that it is gone: the former key is reported as a prefix too."""
        report.keys.add(key_of_path(path))
        if event.mask & flags.MOVED_FROM:
            self._moved = (event.cookie, path)
        elif event.mask & flags.MOVED_TO and event.cookie == self._moved[0]:
            before = self._moved[1]
            if folded(before) == folded(path):
                report.prefixes.add(key_of_path(before))

    def _note_folder(self, event: Event, folder: bytes, report: _Report) -> None:
        if event.mask & flags.MOVED_FROM:
            self._remove([path for path in self._descriptors if path.startswith(folder)])
        if event.mask & (flags.MOVED_FROM | flags.CREATE | flags.MOVED_TO | flags.ATTRIB):
            try:
                self._add(folder)
            except StoreUnavailable:
                report.overflow = True  # no more watches: what happens below is found by listing
        elif not event.mask & flags.DELETE:
            return
        report.prefixes.add(key_of_path(folder))

    def _add(self, folder: bytes) -> None:
        """Watch a folder and all below it. What appears meanwhile is found by listing the folder."""
        pending = [folder]
        while pending:
            here = pending.pop()
            path = os.path.join(self._root, here)
            if self._off_limits and folder_id(path) in self._off_limits:
                continue  # it is written to all the time, and nobody is told of that
            try:
                descriptor = self._instance.add(self._mailbox, path)
            except OSError as error:
                if error.errno in _LIMIT_REACHED or not here:
                    raise _unwatchable(error) from error
                continue
            self._forget(descriptor)  # the kernel knows the folder by its former name
            if here in self._descriptors:  # of the folder in whose place this one is
                self._remove([here])
            self._folders[descriptor] = here
            self._descriptors[here] = descriptor
            try:
                pending += [here + name + b"/" for name in folders_in(path)]
            except OSError as error:
                raise _unwatchable(error) from error

    def _begin_again(self) -> None:
        """Watch what is there now: folders may have come and gone unseen."""
        before = set(self._folders)
        self._folders.clear()
        self._descriptors.clear()
        self._add(b"")
        self._instance.remove(self._mailbox, before.difference(self._folders))

    def _remove(self, folders: Collection[bytes]) -> None:
        descriptors = [self._descriptors[folder] for folder in folders]
        for descriptor in descriptors:
            self._forget(descriptor)
        self._instance.remove(self._mailbox, descriptors)

    def _forget(self, descriptor: int) -> None:
        folder = self._folders.pop(descriptor, None)
        if folder is not None and self._descriptors.get(folder) == descriptor:
            del self._descriptors[folder]


class _Report:
    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.prefixes: set[str] = set()
        self.overflow = False


def _unwatchable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"the folder cannot be watched: {_reason(error)}")


def _reason(error: OSError) -> str:
    """With the limit that was reached. Source: inotify_init(2), inotify_add_watch(2)."""
    if error.errno == errno.ENOSPC:
        return f"{error.strerror}; raise fs.inotify.max_user_watches (sysctl)"
    if isinstance(error, TooManyInstances):
        return f"{error.strerror}; raise fs.inotify.max_user_instances (sysctl)"
    return explain(error)
