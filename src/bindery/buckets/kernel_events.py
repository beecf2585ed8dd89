"""What the kernel tells of watched folders, read for all watches of this process together.

A user may have 128 inotify instances (``fs.inotify.max_user_instances``), so watches share a few: one each while there
are few watches, so that a bucket that loses events is alone in that, then several on each. A thread reads all of them
and puts every event into the mailboxes of those who watch the folder, so that nobody's events wait for somebody else's
work. A folder that several watch (a bucket bound twice, a bucket below another) has one descriptor, which goes with the
last of them. Source: inotify(7).
"""

from __future__ import annotations

import errno
import os
import select
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from itertools import islice

import msgspec
from inotify_simple import Event, INotify, flags

from bindery.buckets import mounts
from bindery.open_files import EXHAUSTED, can_open

_MASK = (
    flags.CREATE | flags.CLOSE_WRITE | flags.MODIFY | flags.ATTRIB | flags.DELETE | flags.MOVED_FROM
    | flags.MOVED_TO | flags.DELETE_SELF | flags.MOVE_SELF | flags.ONLYDIR | flags.DONT_FOLLOW
)  # fmt: skip
MOST_INSTANCES = 8
"""Of a process; whoever comes later shares one of them."""
MOST_EVENTS = 32_768
"""Events that wait in a mailbox, some 250 bytes each; with more they are lost, as in the kernel's own queue."""
_REMOVED_AT_ONCE = 1_000
"""The kernel tells of each watch that was removed: that must not fill the queue of the others."""


class TooManyInstances(OSError):
    """The user has all the inotify instances that he may have. The kernel's number for it is that of a process with
    too many open files."""


class Arrived(msgspec.Struct, frozen=True):
    """What has come into a mailbox since it was last emptied."""

    events: list[Event]
    lost: bool
    """Events before these were lost."""
    mounts_changed: bool
    """Something was mounted or unmounted, anywhere."""


class Mailbox:
    """The events of one watch, in their order, until it takes them. Safe for threads."""

    def __init__(self) -> None:
        self._filled = threading.Condition()
        self._events: list[Event] = []
        self._repeated: set[Event] = set()
        """What would tell nothing new if it came again."""
        self._lost = self._mounts_changed = self._woken = self._closed = False

    def put(self, events: Collection[Event]) -> None:
        """Add events. A file that is written by many small pieces is told of once."""
        with self._filled:
            for event in events:
                if event.mask & flags.ISDIR or not event.name:
                    self._repeated.clear()  # names may stand for something else from now on
                elif event in self._repeated:
                    continue
                else:
                    self._repeated.add(event)
                self._events.append(event)
            if len(self._events) > MOST_EVENTS:
                self._lose()
            self._filled.notify_all()

    def put_loss(self) -> None:
        """The kernel has lost events."""
        with self._filled:
            self._lose()
            self._filled.notify_all()

    def put_mounts_changed(self) -> None:
        """The table of what is mounted has changed."""
        with self._filled:
            self._mounts_changed = True
            self._filled.notify_all()

    def take(self, seconds: float) -> Arrived:
        """Everything, as soon as there is something, the mailbox is woken or closed, or the time is over."""
        with self._filled:
            self._filled.wait_for(self._has_something, max(0.0, seconds))
            arrived = Arrived(self._events, self._lost, self._mounts_changed)
            self._events, self._repeated = [], set()
            self._lost = self._mounts_changed = self._woken = False
        return arrived

    def wake(self) -> None:
        """End the wait under way, or the next one."""
        with self._filled:
            self._woken = True
            self._filled.notify_all()

    def close(self) -> None:
        """Nobody waits here any more."""
        with self._filled:
            self._closed = True
            self._filled.notify_all()

    def _has_something(self) -> bool:
        return bool(self._events) or self._lost or self._mounts_changed or self._woken or self._closed

    def _lose(self) -> None:
        self._events, self._repeated, self._lost = [], set(), True


class Instance:
    """An inotify instance with the mailboxes of those who share it. Safe for threads."""

    def __init__(self) -> None:
        """Raises TooManyInstances, and OSError when the kernel gives none for another reason."""
        try:
            self._inotify = INotify(nonblocking=True)
        except OSError as error:
            if error.errno == errno.EMFILE and can_open():
                raise TooManyInstances(error.errno, error.strerror) from error
            raise
        self._descriptor: int = self._inotify.fileno()
        self._watchers: dict[int, set[Mailbox]] = {}
        """By watch descriptor. The kernel does not use one again."""
        self._members: set[Mailbox] = set()
        self._lock = threading.Lock()
        """Held while the descriptor is in use, and until what was read is in the mailboxes."""

    def fileno(self) -> int:
        """The descriptor, which can be read when there are events."""
        return self._descriptor

    @property
    def members(self) -> int:
        """Mailboxes that events are put into."""
        return len(self._members)

    @property
    def watches(self) -> int:
        """Folders that are watched; each counts against ``fs.inotify.max_user_watches``."""
        return len(self._watchers)

    def join(self, mailbox: Mailbox) -> None:
        """From now on it is told what is lost."""
        with self._lock:
            self._members.add(mailbox)

    def add(self, mailbox: Mailbox, path: bytes) -> int:
        """Watch a folder; the descriptor that its events carry. Raises OSError."""
        with self._lock:
            descriptor: int = self._inotify.add_watch(path, _MASK)
            self._watchers.setdefault(descriptor, set()).add(mailbox)
        return descriptor

    def remove(self, mailbox: Mailbox, descriptors: Collection[int]) -> None:
        """Watch folders no more."""
        rest = iter(descriptors)
        while piece := list(islice(rest, _REMOVED_AT_ONCE)):
            with self._lock:
                for descriptor in piece:
                    self._remove(mailbox, descriptor)
                self._read()

    def read(self) -> None:
        """Put all that the kernel has told so far into the mailboxes."""
        with self._lock:
            self._read()

    def put_mounts_changed(self) -> None:
        """Tell every mailbox."""
        with self._lock:
            for mailbox in self._members:
                mailbox.put_mounts_changed()

    def leave(self, mailbox: Mailbox) -> None:
        """Take a mailbox out with all that only it watches; the last one ends the instance."""
        with self._lock:
            self._members.discard(mailbox)
            if not self._members:
                self._inotify.close()
                self._watchers.clear()
                return
            held = [found for found, watchers in self._watchers.items() if mailbox in watchers]
        self.remove(mailbox, held)

    def _remove(self, mailbox: Mailbox, descriptor: int) -> None:
        watchers = self._watchers.get(descriptor, set())
        watchers.discard(mailbox)
        if not watchers and self._watchers.pop(descriptor, None) is not None:
            with suppress(OSError):  # the kernel has dropped it with the folder
                self._inotify.rm_watch(descriptor)

    def _read(self) -> None:
        if self._inotify.closed:
            return
        told: defaultdict[Mailbox, list[Event]] = defaultdict(list)
        for event in self._inotify.read(timeout=0):
            if event.mask & flags.Q_OVERFLOW:
                told.clear()
                for mailbox in self._members:
                    mailbox.put_loss()
                continue
            for mailbox in self._watchers.get(event.wd, ()):
                told[mailbox].append(event)
            if event.mask & flags.IGNORED:
                self._watchers.pop(event.wd, None)
        for mailbox, events in told.items():
            mailbox.put(events)


class KernelEvents:
    """The instances of a process, and the thread that reads them: there while somebody watches. Safe for threads."""

    def __init__(self, most_instances: int = MOST_INSTANCES) -> None:
        self._most = most_instances
        self._instances: dict[int, Instance] = {}
        """By file descriptor."""
        self._reader: _Reader | None = None
        self._lock = threading.Lock()

    def join(self, mailbox: Mailbox) -> Instance:
        """An instance for one more. Raises OSError when the kernel allows not a single one."""
        with self._lock:
            if self._reader is None:
                self._reader = _Reader(self)
            try:
                instance = self._choose()
            finally:
                self._end_if_idle()
            instance.join(mailbox)
        return instance

    def leave(self, mailbox: Mailbox, instance: Instance) -> None:
        """End what ``join`` began."""
        with self._lock:
            descriptor = instance.fileno()
            if instance.members == 1:
                del self._instances[descriptor]
            instance.leave(mailbox)
            self._end_if_idle()

    def instances(self) -> list[Instance]:
        """Those that are open."""
        return list(self._instances.values())

    @property
    def watches(self) -> int:
        """Folders that this process watches."""
        return sum(instance.watches for instance in self.instances())

    def instance_of(self, descriptor: int) -> Instance | None:
        """The instance of a file descriptor; None when it was closed meanwhile."""
        return self._instances.get(descriptor)

    def _choose(self) -> Instance:
        """A new one while there are few and the kernel allows it, else the one with the fewest members."""
        if len(self._instances) < self._most:
            try:
                instance = Instance()
            except OSError as error:
                if error.errno not in EXHAUSTED or not self._instances:
                    raise
            else:
                assert self._reader is not None
                self._instances[instance.fileno()] = instance
                self._reader.register(instance.fileno())
                return instance
        return min(self._instances.values(), key=lambda instance: instance.members)

    def _end_if_idle(self) -> None:
        if not self._instances and self._reader is not None:
            reader, self._reader = self._reader, None
            reader.close()


class _Reader:
    """The thread. It takes no lock of whoever waits for its end."""

    def __init__(self, events: KernelEvents) -> None:
        """Raises OSError when nothing more can be opened, and leaves nothing open then."""
        self._events = events
        with ExitStack() as opened:
            self._epoll = opened.enter_context(select.epoll())
            self._end_reader, self._end_writer = os.pipe2(os.O_CLOEXEC)
            opened.callback(os.close, self._end_reader)
            opened.callback(os.close, self._end_writer)
            self._mount_table = os.open(mounts.TABLE, os.O_RDONLY | os.O_CLOEXEC)
            opened.callback(os.close, self._mount_table)
            self._epoll.register(self._end_reader, select.EPOLLIN)
            self._epoll.register(self._mount_table, select.EPOLLPRI | select.EPOLLERR)
            self._thread = threading.Thread(target=self._run, name="kernel-events", daemon=True)
            self._thread.start()
            opened.pop_all()

    def register(self, descriptor: int) -> None:
        """Read an instance too; closing it ends that."""
        self._epoll.register(descriptor, select.EPOLLIN)

    def close(self) -> None:
        """End the thread."""
        os.close(self._end_writer)
        self._thread.join()
        self._epoll.close()
        os.close(self._end_reader)
        os.close(self._mount_table)

    def _run(self) -> None:
        while all(self._attend(descriptor) for descriptor in self._ready()):
            pass

    def _ready(self) -> Iterator[int]:
        for descriptor, _ in self._epoll.poll():
            yield descriptor

    def _attend(self, descriptor: int) -> bool:
        """Whether to go on."""
        if descriptor == self._end_reader:
            return False
        if descriptor == self._mount_table:
            for instance in self._events.instances():
                instance.put_mounts_changed()
        elif (found := self._events.instance_of(descriptor)) is not None:
            found.read()
        return True


OF_PROCESS = KernelEvents()
"""Limits are those of a user, whatever the number of servers in a process."""
