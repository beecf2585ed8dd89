"""Looks at a machine and a configuration and says what would go wrong, and what to do about it.

Nothing is changed: no folder is made, no lock is kept, no bucket is written.
"""

from __future__ import annotations

import enum
import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from bindery.access.keys import KeysUnusable
from bindery.access.sealed_buckets import opened_buckets
from bindery.access.sealing import ENVIRONMENT as SEALING_KEY_VARIABLE
from bindery.access.sealing import FILE as SEALING_KEY_FILE
from bindery.access.sealing import SEALED_WITH_BYTES, Sealer, load_sealer
from bindery.available_memory import find_available_memory
from bindery.buckets.folder import FolderStore, watched_folders
from bindery.buckets.folder_files import count_folders
from bindery.buckets.mounts import mounts_within
from bindery.buckets.registry import Buckets, check_address, check_apart_from, parse_store
from bindery.buckets.store import StoreError, describe_unseen
from bindery.catalog.opening import describe_postgresql, registered_buckets, sealed_keys
from bindery.catalog.record.sqlite.inspection import log_of, read_only_address
from bindery.catalog.records import CatalogUnusable
from bindery.config import Config, NotificationsConfig
from bindery.documentation import command_for
from bindery.open_files import advise, find_limit, room_for_connections
from bindery.processors import count_processors
from bindery.secrecy import told

_GIB = 1024**3
_LEAST_FREE_BYTES = _GIB
_LEAST_WATCHES = 65_536
_NEARLY_ALL = 0.8
"""Of the watches that are allowed: folders come, and other programs of the same user watch, too."""
_CONNECT_SECONDS = 3.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_INOTIFY = Path("/proc/sys/fs/inotify")


class Verdict(enum.StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, what was seen, and what to do when it is not well."""

    subject: str
    verdict: Verdict
    seen: str
    advice: str = ""


def examine(config: Config, problem: str | None = None) -> Iterator[Finding]:
    """Findings one after the other; the slow ones (buckets) come last.

    ``problem``: why a server that runs with this configuration writes nothing, empty when it does. Of its record no
    more is looked at, for that takes seconds a gigabyte.
    """
    yield from _data_folder(config.data)
    if config.catalog.url:
        yield _shared_record(config.catalog.url, problem)
    else:
        yield from _record(config.data) if problem is None else [_open_record(config.data, problem)]
    yield from _sealing_key(config)
    yield _open_files(config)
    yield _watches()
    yield _processors()
    yield _memory(config)
    yield from _notifications(config.notifications)
    yield from _buckets(config)


def _data_folder(data: Path) -> Iterator[Finding]:
    place = next(path for path in (data, *data.resolve().parents) if path.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding(
            "data folder", Verdict.FAILURE, f"{place} may not be written",
            "give the server's user the right, or choose another folder with --data",
        )  # fmt: skip
        return
    free = shutil.disk_usage(place).free
    enough = free >= _LEAST_FREE_BYTES
    yield Finding(
        "data folder",
        Verdict.OK if enough else Verdict.FAILURE,
        f"{data}, {free / _GIB:.1f} GiB free",
        "" if enough else "free at least 1 GiB: a full disk stops every binding",
    )
    mount = mounts_within(os.fsencode(place.resolve())).get(b"")
    if mount is not None and mount.changes_unseen:
        yield Finding(
            "file system", Verdict.WARNING, f"{place} is on {mount.kind}",
            "SQLite's locks are not safe on network file systems: put the data folder on a local disk",
        )  # fmt: skip
    key = data / "root-key.json"
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding(
            "root key",
            Verdict.FAILURE,
            f"{key} can be read by other users",
            f"chmod 600 {key}; then replace the key",
        )


def _record(data: Path) -> Iterator[Finding]:
    path = data / "catalog.db"
    if not path.exists():
        yield Finding("record", Verdict.OK, "none yet; it is made at the first start")
        return
    try:
        connection = sqlite3.connect(read_only_address(path), uri=True, timeout=5)
        try:
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer == "ok":
        size = sum(file.stat().st_size for file in (path, log_of(path)) if file.exists())
        yield Finding("record", Verdict.OK, f"{path}, {size / 1024**2:.1f} MiB, sound")
    else:
        yield Finding(
            "record", Verdict.FAILURE, f"{path}: {answer}",
            "restore it from a backup, or move it away to start anew: the buckets are then scanned again",
        )  # fmt: skip


def _open_record(data: Path, problem: str) -> Finding:
    path = data / "catalog.db"
    if problem:
        return Finding("record", Verdict.FAILURE, problem, "reads go on; writing begins again by itself")
    return Finding(
        "record", Verdict.OK, f"{path}, {path.stat().st_size / 1024**2:.1f} MiB, in use by this server"
    )


def _shared_record(url: str, problem: str | None) -> Finding:
    """One in PostgreSQL; it is not taken over."""
    try:
        shown = describe_postgresql(url)
    except CatalogUnusable as error:
        return Finding("record", Verdict.FAILURE, str(error), "the server does not start like this")
    if problem:
        return Finding("record", Verdict.FAILURE, problem, "reads go on; writing begins again by itself")
    return Finding("record", Verdict.OK, shown)


def _sealing_key(config: Config) -> Iterator[Finding]:
    """What opens the secrets of access keys; nothing is made here."""
    path = config.access.sealing_key_file or config.data / SEALING_KEY_FILE
    try:
        sealer = load_sealer(config.data, config.access.sealing_key_file)
    except KeysUnusable as error:
        yield Finding("sealing key", Verdict.FAILURE, str(error), "the server does not start like this")
        return
    lost = sum(
        count for sealed, count in _sealed_keys(config) if sealer is None or not sealer.knows(sealed)
    )
    if sealer is None and (lost or _registered(config)):
        yield Finding(
            "sealing key", Verdict.FAILURE,
            f"{path} is missing, and the record has access keys or registered buckets sealed with it",
            "restore it from a backup, or give these up with: bindery keys forget-lost",
        )  # fmt: skip
    elif sealer is None:
        yield Finding("sealing key", Verdict.OK, f"none yet at {path}; it is made at the first start")
    elif lost:
        place = path if sealer.changeable else SEALING_KEY_VARIABLE
        yield Finding(
            "sealing key", Verdict.FAILURE,
            f"{lost} of the record's access keys were sealed with a key that is not in {place}",
            "add that key from a backup, or give these keys up with: bindery keys forget-lost",
        )  # fmt: skip
    elif not sealer.changeable:
        yield Finding("sealing key", Verdict.OK, f"of {SEALING_KEY_VARIABLE}")
    else:
        yield Finding(
            "sealing key", Verdict.OK, f"{path}, for this user alone; keep a copy apart from the catalog's"
        )


def _sealed_keys(config: Config) -> list[tuple[bytes, int]]:
    """How many access keys were sealed with each key, by the beginning of a sealed secret that names it."""
    with suppress(
        CatalogUnusable
    ):  # none, one of an earlier release, or a damaged one, which is told elsewhere
        return sealed_keys(config.catalog.url, config.data, SEALED_WITH_BYTES)
    return []


def _open_files(config: Config) -> Finding:
    limit, wanted = find_limit(), config.server.connections
    room = min(wanted, room_for_connections(limit))
    return Finding(
        "open files",
        Verdict.OK if room == wanted else Verdict.WARNING,
        f"{limit} for a server, {room} of them for connections",
        "" if room == wanted else advise(wanted),
    )


def _watches() -> Finding:
    watches = _number(_INOTIFY / "max_user_watches")
    if watches is None:
        return Finding(
            "folder watching", Verdict.WARNING, "no inotify here", "folders are followed by listing only"
        )
    held = watched_folders()
    few = watches < _LEAST_WATCHES or held > _NEARLY_ALL * watches
    return Finding(
        "folder watching",
        Verdict.WARNING if few else Verdict.OK,
        f"{watches} watches allowed, one is needed for each folder below a bucket"
        + (f"; this server has {held}" if held else ""),
        f"sysctl fs.inotify.max_user_watches={max(8 * _LEAST_WATCHES, 2 * watches)}" if few else "",
    )


def _processors() -> Finding:
    usable, there = count_processors(), os.cpu_count() or 1
    return Finding(
        "processors",
        Verdict.OK,
        f"{usable} for a server" + (f", of {there} that the machine has" if usable < there else ""),
    )


def _memory(config: Config) -> Finding:
    available = find_available_memory()
    wanted = config.worker_count() * 200 * 1024**2 + _GIB
    if available is None:
        return Finding("memory", Verdict.OK, "cannot be told here")
    enough = available >= wanted
    return Finding(
        "memory",
        Verdict.OK if enough else Verdict.WARNING,
        f"{available / _GIB:.1f} GiB available for {config.worker_count()} workers",
        "" if enough else "lower extraction.workers",
    )


def _notifications(notifications: NotificationsConfig) -> Iterator[Finding]:
    for kind, urls in (("topic", notifications.topics), ("events", notifications.events)):
        for name, url in urls.items():
            yield _destination(f"notifications {kind} {name}", url)


def _destination(subject: str, url: str) -> Finding:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        return Finding(
            subject,
            Verdict.FAILURE,
            f"{host}:{port} does not answer: {error}",
            "correct the URL, or start the receiver; messages wait for notifications.retention seconds",
        )
    if parts.scheme == "http" and host not in _LOOPBACK:
        return Finding(
            subject, Verdict.WARNING, f"{host}:{port} answers, without TLS", "use https: others can read it"
        )
    return Finding(subject, Verdict.OK, f"{host}:{port} answers")


def _buckets(config: Config) -> Iterator[Finding]:
    root = config.bucket_root
    if root is not None and not root.is_dir():
        yield Finding(
            "bucket root", Verdict.FAILURE, f"{root} is not a folder", "make it, or correct bucket_root"
        )
    addresses = {}
    for name, store in sorted(config.buckets.items()):
        try:
            address = parse_store(name, store)
            check_address(address)
            check_apart_from(address, config.data)
            addresses[name] = address
        except StoreError as error:
            yield _unusable(name, error)
    try:
        options = {"follow": config.sync.folder_follow}
        registered = opened_buckets(_registered(config), _sealer(config), config.data)
        buckets = Buckets(
            addresses, config.bucket_root, config.data, registered=registered, folder_options=options
        )
    except StoreError as error:
        yield Finding("registered buckets", Verdict.FAILURE, str(error), "restore the file from a backup")
        return
    for name in buckets.names():
        yield _bucket(buckets, name, config)
    if not buckets.names() and not config.buckets:
        yield Finding(
            "buckets", Verdict.WARNING, "none is configured",
            "bindery serve --bucket NAME=FOLDER, or bindery bind FOLDER on a running server",
        )  # fmt: skip
    buckets.close()


def _registered(config: Config) -> dict[str, bytes]:
    with suppress(CatalogUnusable):  # which is told elsewhere
        return registered_buckets(config.catalog.url, config.data)
    return {}


def _sealer(config: Config) -> Sealer:
    with suppress(KeysUnusable):  # which is told elsewhere
        return load_sealer(config.data, config.access.sealing_key_file) or Sealer(())
    return Sealer(())


def _bucket(buckets: Buckets, name: str, config: Config) -> Finding:
    try:
        store = buckets.open(name)
        store.check()
    except StoreError as error:
        return _unusable(name, error)
    if isinstance(store, FolderStore):
        return _folder(name, store, config)
    return Finding(f"bucket {name}", Verdict.OK, "can be listed, followed by listing")


def _unusable(name: str, error: StoreError) -> Finding:
    advice = "try again later" if error.retryable else f"addresses and credentials: {command_for('stores')}"
    return Finding(f"bucket {name}", Verdict.FAILURE, told(error), advice)


def _folder(name: str, store: FolderStore, config: Config) -> Finding:
    """How changes in a folder will be found, and whether the kernel allows the watches that takes."""
    polled = f"listed every {config.sync.folder_poll_interval:g} s"
    subject, allowed = f"bucket {name}", _number(_INOTIFY / "max_user_watches")
    if not store.capabilities.watch or allowed is None:
        return Finding(subject, Verdict.OK, f"can be listed, not watched but {polled}")
    needed = count_folders(store.root, allowed + 1)
    if needed > allowed:
        return Finding(
            subject,
            Verdict.WARNING,
            f"has {needed} folders or more and {allowed} may be watched: it will be {polled}",
            f"sysctl fs.inotify.max_user_watches={max(8 * _LEAST_WATCHES, 2 * allowed)}",
        )
    if unseen := describe_unseen(store.unseen()):
        return Finding(
            subject, Verdict.OK, f"can be listed, watched ({needed} folders) and {polled}: {unseen}"
        )
    return Finding(subject, Verdict.OK, f"can be listed, watched ({needed} folders)")


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
