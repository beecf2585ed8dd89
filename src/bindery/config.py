"""The configuration: a TOML file, then the command line over it. Every setting has a default.

The reference in ``docs/configuration.md`` is checked against the structs here by a test.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from bindery.access.audit.settings import AuditSettings
from bindery.api.gateway.proxies import check_network
from bindery.api.prices import Prices
from bindery.buckets.endpoint import check_listed
from bindery.buckets.folder import FOLLOW
from bindery.buckets.store import StoreMisconfigured
from bindery.clock import find_zone
from bindery.documentation import command_for
from bindery.extract.limits import ExtractionLimits
from bindery.extract.tags.guessed_dates import FALLBACKS
from bindery.log import FORMATS, LEVELS
from bindery.notifications.settings import Destinations, parse_secret
from bindery.processors import count_processors
from bindery.ranges import range_of, setting_types
from bindery.secrecy import Hiding
from bindery.sync.settings import FollowSettings
from bindery.tasks.settings import TaskSettings
from bindery.workers.ray_cluster.settings import RaySettings

POOLS = ("local", "ray")
_PLACE = re.compile(r" - at `\$\.(\w+)\.(\w+)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]{1,64})`(?: - at `\$\.(\w+)`)?$")
Token = Annotated[str, msgspec.Meta(pattern="^[!-~]{0,256}\\Z")]
"""A secret that callers show in a header."""
_FORM_OF_TOKENS = "up to 256 letters, digits and signs of ASCII, without blanks"
_FORMS = {
    **{(section, "token"): _FORM_OF_TOKENS for section in ("events", "metrics", "health")},
    ("account", "id"): "1 to 32 digits",
    ("catalog", "url"): "empty, or a connection URI as postgresql://USER@HOST/DATABASE",
    ("ray", "address"): "auto, local, HOST:PORT or ray://HOST:PORT",
    ("prices", "currency"): "three capital letters, as CNY or EUR",
    ("account", "region"): "1 to 63 small letters, digits and hyphens, as cn-hangzhou",
}
"""In words, what the decoder would show as a regular expression."""
_MAY_HOLD_SECRETS = ("token", "url")


class ConfigurationError(Exception):
    """A setting is missing, unknown or out of range; the message names it and says what to do."""


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[server]``: where the server listens and how strictly it follows the vendor."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8180
    strict: bool = False
    """Refuse Bindery's own extensions of the API."""
    connections: Annotated[int, msgspec.Meta(ge=16, le=60_000)] = 512
    """Connections that may be open at once; each takes one of the files that the system lets the process open."""
    max_request_line: Annotated[int, msgspec.Meta(ge=65_536, le=67_108_864)] = 4_194_304
    """Longest request line in bytes; JSON and search texts ride in the URL, three bytes for each byte of Chinese."""
    tls_certificate: Path | None = None
    """Certificate with its chain (PEM): the server speaks HTTPS alone. Read anew when it changes."""
    tls_key: Path | None = None
    """Key of the certificate (PEM, without a password)."""
    trusted_proxies: list[str] = []
    """Addresses and networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count; see docs/operations.md."""


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[account]``: the identity that answers carry."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}\\Z")] = "1000000000000001"
    """Account id, the OwnerId of every file: up to 32 digits."""
    region: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}\\Z")] = "cn-hangzhou"
    """Region id in answers: small letters, digits and hyphens."""
    zone: str = "+08:00"
    """Zone of times in answers, and of dates in files that tell none: an offset, or a name such as ``Europe/Berlin``,
    with its summer time."""
    max_projects: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    """Projects there may be; the vendor gives 100 to an account."""


class CatalogConfig(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[catalog]``: where the record is kept; see docs/postgresql.md."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"url"})
    url: Annotated[str, msgspec.Meta(pattern=r"^(|postgres(ql)?://\S+)\Z")] = ""
    """``postgresql://USER@HOST/DATABASE``, a connection URI of libpq; empty: in SQLite, in the data folder."""


class ExtractionConfig(ExtractionLimits, frozen=True, kw_only=True):
    """``[extraction]``: worker processes and the limits of each file."""

    pool: str = "local"
    """Where files are extracted: ``local``, on this machine, or ``ray``, on a cluster; see docs/ray.md."""
    workers: Annotated[int, msgspec.Meta(ge=0, le=1_024)] = 0
    """Worker processes of this machine; 0 means one for each processor that the server may use, by its
    affinity and the quotas of its control groups (containers, systemd)."""
    hash_folder_objects: bool = False
    """Whether all of each object in a folder is read for its MD5 (FileHash, ContentMd5), by which equal files are
    found; see docs/stores.md."""
    date_fallback: str = "none"
    """ProduceTime of pictures and videos that hold no date: ``none``, ``name`` (``IMG_20170412_101112.jpg``), or
    ``file``: the name, else the time of the file. Such a date is marked as a guess."""


class RayConfig(RaySettings, frozen=True, kw_only=True):
    """``[ray]``: the cluster that files are extracted on, with ``extraction.pool = "ray"``; see docs/ray.md."""


class SyncConfig(FollowSettings, frozen=True, kw_only=True):
    """``[sync]``: how a binding follows its bucket."""

    folder_follow: str = "auto"
    """How changes in folders are found: ``auto``, ``watch`` (the kernel reports all) or ``poll`` (by listing)."""


class TasksConfig(TaskSettings, frozen=True, kw_only=True):
    """``[tasks]``: work behind calls, such as audits; see docs/operations.md."""


class RegisterConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[register]``: what callers of the API may register as buckets; see docs/stores.md."""

    folders: list[str] = []
    """Folders that may be registered, each with all that lies below it."""
    endpoints: list[str] = []
    """Endpoints whose buckets may be registered: ``https://HOST[:PORT]``, or ``https://*.HOST[:PORT]``."""


class AccessConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[access]``: users and their keys; see docs/access.md."""

    sealing_key_file: Path | None = None
    """Where the key is that secrets are sealed with, mode 600; in the data folder when not set."""


class ConsoleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[console]``: the pages for people with a browser; see docs/console.md."""

    enabled: bool = True
    """Whether there are any; without them the address answers calls of the API alone."""
    idle_minutes: Annotated[int, msgspec.Meta(ge=1, le=10_080)] = 60
    """Minutes without a request after which somebody is signed out."""
    longest_minutes: Annotated[int, msgspec.Meta(ge=1, le=43_200)] = 720
    """Minutes after which everybody signs in anew."""
    thumbnails_megabytes: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 2_000
    """Megabytes of thumbnails that are kept in the data folder; those that were not looked at for longest go."""


class EventsConfig(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[events]``: object stores tell of changes with ``POST /events``; see docs/events.md."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"token"})
    token: Token = ""
    """What senders must show; empty: no events are taken."""


class MetricsConfig(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[metrics]``: figures for Prometheus at ``/metrics``; see docs/operations.md."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"token"})
    enabled: bool = True
    """Whether there is the page."""
    token: Token = ""
    """What ``Authorization: Bearer`` must show. Empty: anybody may ask, and is told no names of datasets."""


class HealthConfig(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[health]``: ``/healthz`` and ``/readyz``; see docs/operations.md."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"token"})
    enabled: bool = True
    """Whether there are these pages."""
    token: Token = ""
    """With it in ``Authorization: Bearer``, ``/readyz`` tells how far indexes are; the status is told to anybody."""


class NotificationsConfig(Destinations, frozen=True, kw_only=True):
    """``[notifications]``: where messages about indexing and bindings are sent; see docs/notifications.md."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"topics", "events", "secret"})
    secret: str = ""
    """Signs every message: ``whsec_`` and the base64 of 24 to 64 random bytes. Needed when there is a URL."""


class PricesConfig(Prices, frozen=True, kw_only=True):
    """``[prices]``: what usage costs, in the answers of ListUsage and on the page; see docs/usage.md."""


class AuditConfig(AuditSettings, frozen=True, kw_only=True):
    """``[audit]``: the log of who did what; see docs/access.md."""


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
    zones: dict[str, str] = {}
    """Zone of dates in files that tell none, by bucket name, or by ``project/dataset``; else it is ``account.zone``."""
    server: ServerConfig = ServerConfig()
    account: AccountConfig = AccountConfig()
    catalog: CatalogConfig = CatalogConfig()
    extraction: ExtractionConfig = ExtractionConfig()
    ray: RayConfig = RayConfig()
    sync: SyncConfig = SyncConfig()
    tasks: TasksConfig = TasksConfig()
    register: RegisterConfig = RegisterConfig()
    access: AccessConfig = AccessConfig()
    console: ConsoleConfig = ConsoleConfig()
    events: EventsConfig = EventsConfig()
    metrics: MetricsConfig = MetricsConfig()
    health: HealthConfig = HealthConfig()
    notifications: NotificationsConfig = NotificationsConfig()
    prices: PricesConfig = PricesConfig()
    audit: AuditConfig = AuditConfig()
    log: LogConfig = LogConfig()

    def worker_count(self) -> int:
        """Worker processes to run on this machine."""
        return self.extraction.workers or count_processors()

    def most_workers(self) -> int:
        """Worker processes that files may be extracted by, wherever they run."""
        return self.ray.most_workers if self.extraction.pool == "ray" else self.worker_count()


def load_config(path: Path | None, overrides: Mapping[str, Any]) -> Config:
    """Read ``path`` (TOML) and lay ``overrides`` over it; nested mappings are merged.

    Raises ConfigurationError when the file cannot be read or a setting makes no sense.
    """
    values = _read_toml(path) if path is not None else {}
    merged = _merge(values, overrides)
    try:
        config = msgspec.convert(merged, Config, strict=True, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        problem = _out_of_range(str(error), merged) or str(error) + _meant(str(error))
        raise ConfigurationError(
            f"{path or 'command line'}: {problem}; see: {command_for('configuration')}"
        ) from error
    _check(config)
    return config


def origins_of(path: Path | None, overrides: Mapping[str, Any]) -> dict[str, str]:
    """Where settings come from that somebody has given: ``file`` or ``command line``, by names as ``server.port``.

    Raises ConfigurationError when the file cannot be read.
    """
    given = _read_toml(path) if path is not None else {}
    return dict.fromkeys(_given(given), "file") | dict.fromkeys(_given(overrides), "command line")


def _given(values: Mapping[str, Any]) -> Iterator[str]:
    sections = {field.name for field in msgspec.structs.fields(Config) if _is_section(field.type)}
    for name, value in values.items():
        if name in sections and isinstance(value, Mapping):
            yield from (f"{name}.{each}" for each in value)
        else:
            yield name


def _out_of_range(problem: str, values: Mapping[str, Any]) -> str:
    """The setting and its whole range or form, where the decoder names one bound or a regular expression."""
    place = _PLACE.search(problem)
    if place is None:
        return ""
    section, name = place[1], place[2]
    value = values[section][name]
    if isinstance(value, str) and (section, name) in _FORMS:
        shown = "" if name in _MAY_HOLD_SECRETS else f", not {value!r}"
        return f"{section}.{name} must be {_FORMS[section, name]}{shown}"
    structs = {field.name: field.type for field in msgspec.structs.fields(Config)}
    allowed = range_of(setting_types(structs[section])[name])
    if not allowed or isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"{section}.{name} must be {allowed}, not {value}"


def _meant(problem: str) -> str:
    """The section that has an unknown setting, else the setting or section that is nearest to it."""
    found = _UNKNOWN.search(problem)
    if found is None:
        return ""
    sections = {field.name: field.type for field in msgspec.structs.fields(Config)}
    homes = [
        name for name, kind in sections.items() if _is_section(kind) and found[1] in setting_types(kind)
    ]
    if homes:
        return f"; it stands under {' or '.join(f'[{name}]' for name in homes)}"
    known = setting_types(sections[found[2]]) if found[2] else sections
    near = get_close_matches(found[1], known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


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
    if value == "":
        raise ValueError(
            "Expected a path, got nothing; leave the setting out, or write . for the working folder"
        )
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    raise ValueError(f"Expected a path, got {value!r}")


def _check(config: Config) -> None:
    problems = [
        (
            not config.server.host.strip(),
            "server.host must not be empty; 0.0.0.0 is every address of this machine",
        ),
        (
            (config.server.tls_certificate is None) != (config.server.tls_key is None),
            "TLS needs both files: server.tls_certificate (--tls-certificate) and server.tls_key (--tls-key)",
        ),
        (config.sync.folder_follow not in FOLLOW, f"sync.folder_follow must be one of {', '.join(FOLLOW)}"),
        (config.extraction.pool not in POOLS, f"extraction.pool must be one of {', '.join(POOLS)}"),
        (
            config.extraction.date_fallback not in FALLBACKS,
            f"extraction.date_fallback must be one of {', '.join(FALLBACKS)}",
        ),
        (config.log.level not in LEVELS, f"log.level must be one of {', '.join(LEVELS)}"),
        (config.log.format not in FORMATS, f"log.format must be one of {', '.join(FORMATS)}"),
    ]
    for wrong, message in problems:
        if wrong:
            raise ConfigurationError(message)
    for setting, zone in {"account.zone": config.account.zone, **_zones(config)}.items():
        try:
            find_zone(zone)
        except ValueError as error:
            raise ConfigurationError(f"{setting}: {error}") from error
    _check_proxies(config.server)
    _check_notifications(config.notifications)
    _check_register(config.register)
    _check_folders("ray.folders", config.ray.folders)


def _zones(config: Config) -> dict[str, str]:
    return {f"zones.{name}": zone for name, zone in config.zones.items()}


def _check_proxies(server: ServerConfig) -> None:
    for proxy in server.trusted_proxies:
        try:
            check_network(proxy)
        except ValueError as error:
            raise ConfigurationError(
                f"server.trusted_proxies: {error}; write an address or a network, as 10.0.0.5 or 10.1.0.0/16"
            ) from error


def _check_folders(setting: str, folders: Iterable[str]) -> None:
    for folder in folders:
        if not Path(folder).expanduser().is_absolute():
            raise ConfigurationError(f"{setting}: {folder!r} must be a whole path, as /srv/photos is")


def _check_register(register: RegisterConfig) -> None:
    _check_folders("register.folders", register.folders)
    for endpoint in register.endpoints:
        try:
            check_listed(endpoint)
        except StoreMisconfigured as error:
            raise ConfigurationError(f"register.endpoints: {error}") from error


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
