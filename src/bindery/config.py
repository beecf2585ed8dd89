"""The configuration: a TOML file, then the command line over it. Every setting has a default.

The reference in ``docs/configuration.md`` is checked against the structs here by a test.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from bindery.buckets.folder import FOLLOW
from bindery.clock import parse_zone
from bindery.documentation import command_for
from bindery.log import FORMATS, LEVELS
from bindery.notifications.settings import parse_secret
from bindery.secrecy import Hiding


class ConfigurationError(Exception):
    """A setting is missing, unknown or out of range; the message names it and says what to do."""


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[server]``: where the server listens and how strictly it follows the vendor."""

    host: str = "127.0.0.1"
    port: int = 8180
    strict: bool = False
    """Refuse Bindery's own extensions of the API."""
    max_request_line: int = 4_194_304
    """Longest request line in bytes; JSON and search texts ride in the URL, three bytes for each byte of Chinese."""


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[account]``: the identity that answers carry."""

    id: str = "1000000000000001"
    """Account id, the OwnerId of every file."""
    region: str = "cn-hangzhou"
    zone: str = "+08:00"
    """Offset of times in answers, and of photo times that carry none."""


class ExtractionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[extraction]``: worker processes and the limits of each file."""

    workers: int = 0
    """Worker processes; 0 means one per processor."""
    time_limit: float = 30.0
    """Seconds one file may take."""
    memory_limit: int = 2_147_483_648
    """Bytes of address space one worker may use."""
    read_limit: int = 268_435_456
    """Bytes that may be read of one file."""
    recycle_after: int = 2_000
    """Files after which a worker process is replaced."""


class SyncConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[sync]``: how a binding follows its bucket."""

    reconcile_interval: float = 300.0
    """Seconds between complete listings of an object store."""
    folder_reconcile_interval: float = 60.0
    """Seconds between complete listings of a watched folder."""
    folder_poll_interval: float = 5.0
    """Seconds between complete listings of a folder whose changes the kernel does not report, longer where a
    listing takes more than a second; see docs/stores.md."""
    folder_follow: str = "auto"
    """How changes in folders are found: ``auto``, ``watch`` (the kernel reports all) or ``poll`` (by listing)."""
    settle_time: float = 0.2
    """Seconds a file must stay unchanged before it is read."""
    guard_share: float = 0.2
    """Share of a dataset that one listing may remove without confirmation."""
    guard_count: int = 100
    """Entries that one listing may always remove."""
    tombstone_grace: float = 86_400.0
    """Seconds for which what is known of a deleted object is kept, in case the same version comes back."""


class EventsConfig(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[events]``: object stores tell of changes with ``POST /events``; see docs/events.md."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"token"})
    token: str = ""
    """What senders must show; empty: no events are taken."""


class NotificationsConfig(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifications]``: where messages about indexing and bindings are sent; see docs/notifications.md."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"topics", "events", "secret"})
    topics: dict[str, str] = {}
    """Name of an MNS topic to the URL that stands for it; calls may name only these."""
    events: dict[str, str] = {}
    """Receivers of every event, a name of your own to a URL; they stand for targets of EventBridge."""
    secret: str = ""
    """Signs every message: ``whsec_`` and the base64 of 24 to 64 random bytes. Needed when there is a URL."""
    retention: float = 86_400.0
    """Seconds for which delivery of a message is tried."""


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[log]``: what goes to standard error."""

    level: str = "info"
    """``debug`` (every request), ``info``, ``warning`` or ``error``."""
    format: str = "auto"
    """``console``, ``json`` (one object a line), or ``auto``: console on a terminal."""


class Config(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration. Representations hide what may be secret."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"buckets"})
    data: Path = Path("bindery-data")
    """Folder of the catalog, the keys and the lock."""
    bucket_root: Path | None = None
    """Every folder in here is a bucket."""
    buckets: dict[str, str] = {}
    """Bucket name to store: a folder, or a URL such as ``s3://name?endpoint=https://…``."""
    server: ServerConfig = ServerConfig()
    account: AccountConfig = AccountConfig()
    extraction: ExtractionConfig = ExtractionConfig()
    sync: SyncConfig = SyncConfig()
    events: EventsConfig = EventsConfig()
    notifications: NotificationsConfig = NotificationsConfig()
    log: LogConfig = LogConfig()

    def worker_count(self) -> int:
        """Worker processes to run."""
        return self.extraction.workers or max(1, os.cpu_count() or 1)


def load_config(path: Path | None, overrides: Mapping[str, Any]) -> Config:
    """Read ``path`` (TOML) and lay ``overrides`` over it; nested mappings are merged.

    Raises ConfigurationError when the file cannot be read or a setting makes no sense.
    """
    values = _read_toml(path) if path is not None else {}
    merged = _merge(values, overrides)
    try:
        config = msgspec.convert(merged, Config, strict=True, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{path or 'command line'}: {error}; see: {command_for('configuration')}"
        ) from error
    _check(config)
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"cannot read the configuration {path}: {error}") from error


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        if isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            merged[name] = _merge(merged[name], value)
        else:
            merged[name] = value
    return merged


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    raise msgspec.ValidationError(f"expected a path, got {value!r}")


def _check(config: Config) -> None:
    problems = [
        (not 0 <= config.server.port <= 65535, "server.port must be 0 to 65535"),
        (not config.account.id.isdigit(), "account.id must be digits only"),
        (config.extraction.workers < 0, "extraction.workers must not be negative"),
        (config.extraction.time_limit <= 0, "extraction.time_limit must be above 0 seconds"),
        (config.server.max_request_line < 65_536, "server.max_request_line must be at least 65536"),
        (not 0 <= config.sync.guard_share <= 1, "sync.guard_share must be between 0 and 1"),
        (config.sync.tombstone_grace < 0, "sync.tombstone_grace must not be negative"),
        (config.sync.folder_poll_interval <= 0, "sync.folder_poll_interval must be above 0 seconds"),
        (config.sync.folder_follow not in FOLLOW, f"sync.folder_follow must be one of {', '.join(FOLLOW)}"),
        (config.log.level not in LEVELS, f"log.level must be one of {', '.join(LEVELS)}"),
        (config.log.format not in FORMATS, f"log.format must be one of {', '.join(FORMATS)}"),
    ]
    for wrong, message in problems:
        if wrong:
            raise ConfigurationError(message)
    try:
        parse_zone(config.account.zone)
    except ValueError as error:
        raise ConfigurationError(f"account.zone: {error}") from error
    _check_notifications(config.notifications)


def _check_notifications(notifications: NotificationsConfig) -> None:
    for section, urls in (("topics", notifications.topics), ("events", notifications.events)):
        for name, url in urls.items():
            if not name or not _is_http_url(url):
                raise ConfigurationError(
                    f"notifications.{section}.{name} must be a URL such as https://host/path, without user name"
                )
    if notifications.secret or notifications.topics or notifications.events:
        try:
            parse_secret(notifications.secret)
        except ValueError as error:
            raise ConfigurationError(f"notifications.secret {error}") from error
    if notifications.retention <= 0:
        raise ConfigurationError("notifications.retention must be above 0 seconds")


def _is_http_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return (
            url.scheme in {"http", "https"}
            and bool(url.hostname)
            and "@" not in url.netloc
            and url.port != 0
        )
    except ValueError:
        return False
