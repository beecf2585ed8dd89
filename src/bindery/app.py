"""The one place that puts the rooms together: configuration in, a running server out."""

from __future__ import annotations

import asyncio
import atexit
import gc
import os
import socket
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import msgspec
import structlog

from bindery.access.audit.log import AuditLog
from bindery.access.identities import open_identities
from bindery.access.keys import root_key_file
from bindery.access.nonces import Nonces
from bindery.access.permits import Permits
from bindery.access.sealed_buckets import SealedBuckets, opened_buckets, take_over_bucket_file
from bindery.access.sealing import Sealer, load_sealer
from bindery.access.signing_in import SigningIn, SignInSettings
from bindery.api.context import ApiSettings, Context
from bindery.api.gateway.gateway import Gateway
from bindery.api.gateway.listening import bind
from bindery.api.gateway.proxies import TrustedProxies
from bindery.api.gateway.readiness import Readiness
from bindery.api.gateway.server import HttpLimits, Server
from bindery.api.gateway.tls import Certificate
from bindery.api.inspection import Inspection
from bindery.api.metering import Metering
from bindery.buckets.folder_files import is_folder
from bindery.buckets.registered import Registered
from bindery.buckets.registration import Registration
from bindery.buckets.registry import Buckets, check_address, parse_store
from bindery.buckets.store import StoreAddress, StoreMisconfigured
from bindery.catalog.catalog import Catalog
from bindery.catalog.opening import open_database, registered_buckets
from bindery.catalog.record_catalog import RecordCatalog
from bindery.clock import find_zone
from bindery.config import Config, ConfigurationError
from bindery.data_folder import forget_server_address, open_data_folder, write_server_address
from bindery.doctor import examine
from bindery.extract.pool import PRELOADED, ExtractionPool
from bindery.log import configure_logging
from bindery.notifications.announcements import Announcements
from bindery.notifications.delivery import Delivery
from bindery.notifications.settings import Destinations, NotificationSettings, parse_secret
from bindery.shown_settings import shown_settings
from bindery.shutdown import Shutdown, leave
from bindery.sync.engine import Engine
from bindery.sync.previews import Previews, Thumbnails
from bindery.sync.settings import FollowSettings, SyncSettings
from bindery.web.site import Site
from bindery.workers.elsewhere import Elsewhere
from bindery.workers.ray_cluster.cluster import RayMissing, RayWorkers, check_installed

_log = structlog.get_logger()

_SWITCH_INTERVAL_SECONDS = 0.0005
"""How long a scanning thread may hold the interpreter while a request waits; short for answer times."""

_DELIVERY_SECONDS = 0.5
"""How long the end of the server waits for notifications under way."""

_CALLS_SECONDS = 1.0
"""How long calls under way may go on when the server is to stop; most end by themselves."""
_INTERRUPT_SECONDS = 1.0
_POOL_SECONDS = 0.5
_ELSEWHERE_SECONDS = 5.0
"""Until the server makes what workers are to make for its index: for some thousand files they take half a second."""
_log = structlog.get_logger()


class Application:
    """All rooms, open and connected. Closing it checkpoints the work in hand.

    ``pool``: one that is lent, and outlives the application; else it has its own. ``origins``: where settings come
    from that somebody has given, by name.
    """

    def __init__(
        self,
        config: Config,
        pool: ExtractionPool | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        open_data_folder(config.data)
        with ExitStack() as opened:
            catalog = open_catalog(config)
            opened.callback(catalog.close)
            self._catalog = catalog
            self.identities = open_identities(
                catalog,
                config.data,
                account_id=config.account.id,
                sealing_key_file=config.access.sealing_key_file,
            )
            opened.callback(self.identities.close)
            self.delivery = Delivery(catalog, notification_settings(config))
            opened.callback(self.delivery.close, _DELIVERY_SECONDS)
            take_over_bucket_file(config.data, self.identities.sealer, catalog.registered_buckets)
            registered = SealedBuckets(catalog.registered_buckets, self.identities.sealer)
            buckets = open_buckets(config, registered)
            opened.callback(buckets.close)
            workers = pool or open_pool(config)
            ending = workers.close if pool is None else _leave_open
            # Its workers may be starting, which takes seconds; the process ends without waiting for that.
            self._pool_end = threading.Thread(target=ending, name="pool's end", daemon=True)
            opened.callback(self._wait_for_pool)
            catalog.queries.work_elsewhere(Elsewhere(workers.workers, "index", _ELSEWHERE_SECONDS))
            self.previews = Previews(buckets, workers.workers, open_thumbnails(config))
            self.engine = Engine(
                catalog,
                buckets,
                workers,
                sync_settings(config),
                config.data / "history.json",
                config.tasks,
            )
            opened.callback(self.engine.close)
            nonces = Nonces(config.data)
            opened.callback(nonces.close)
            audit_log = AuditLog(config.data, config.audit)
            opened.callback(audit_log.close)
            self.metering = Metering(catalog, find_zone(config.account.zone))
            opened.callback(self.metering.close)
            context = Context(
                catalog,
                self.engine,
                self.delivery,
                self.identities,
                nonces,
                api_settings(config),
                audit_log,
                self.metering,
                Permits(config.data),
                Inspection(shown_settings(config, origins or {}), lambda: examine(config, catalog.problem)),
            )
            self.gateway = Gateway(context)
            self._interrupting = threading.Lock()
            self._opened = opened.pop_all()

    def make_server(self, certificate: Certificate | None = None) -> Server:
        """What serves the gateway over HTTP, not listening yet."""
        settings = self.config.server
        limits, proxies = (
            HttpLimits(connections=settings.connections),
            TrustedProxies(settings.trusted_proxies),
        )
        readiness = Readiness(self.gateway)
        return Server(self.gateway, limits, certificate, proxies, readiness, self._make_site(readiness))

    def _make_site(self, readiness: Readiness) -> Site | None:
        """The pages, unless they are switched off."""
        console = self.config.console
        if not console.enabled:
            return None
        context = self.gateway.context
        settings = SignInSettings(idle=console.idle_minutes * 60, longest=console.longest_minutes * 60)
        signing_in = SigningIn(
            context.catalog.browser_sessions, context.identities, settings, context.permits, context.nonces
        )
        return Site(self.gateway, signing_in, readiness, self.previews)

    def signal_stop(self) -> None:
        """Let work that nobody waits for end at its next safe point."""
        self.delivery.signal_stop()
        self.engine.signal_stop()
        self.identities.close()
        self.metering.close()

    def interrupt(self) -> None:
        """End what runs, also the calls under way: they answer that the server stops. May be called twice."""
        self.engine.interrupt_calls()  # first: who is interrupted must know why
        with self._interrupting:
            if not self._pool_end.ident:
                self._pool_end.start()
        self._catalog.close(_INTERRUPT_SECONDS)

    def _wait_for_pool(self) -> None:
        if self._pool_end.ident:
            self._pool_end.join(_POOL_SECONDS)

    def close(self) -> None:
        """Close the rooms, outermost first."""
        self.signal_stop()
        forget_server_address(self.config.data)
        self.interrupt()
        self._opened.close()


def _leave_open() -> None:
    """What is lent is closed by its owner."""


def open_catalog(config: Config) -> Catalog:
    """The catalog, its index in the data folder. Raises CatalogUnusable, with instructions, when it cannot be used."""
    return RecordCatalog(
        open_database(config.catalog.url, config.data),
        config.data,
        account_id=config.account.id,
        zone=find_zone(config.account.zone),
        announcer=Announcements(notification_settings(config)),
        max_projects=config.account.max_projects,
    )


def open_thumbnails(config: Config) -> Thumbnails:
    """Small pictures that pages show, kept in the data folder."""
    return Thumbnails(config.data / "thumbnails", config.console.thumbnails_megabytes * 1_000_000)


def read_registered(config: Config) -> Registered:
    """The registered buckets as they are now, whether a server runs or not; nothing is changed.

    Raises CatalogUnusable, KeysUnusable, StoreMisconfigured.
    """
    sealer = load_sealer(config.data, config.access.sealing_key_file) or Sealer(())
    return opened_buckets(registered_buckets(config.catalog.url, config.data), sealer, config.data)


def open_buckets(config: Config, registered: Registered) -> Buckets:
    """The configured buckets, those registered at run time, and every folder of the bucket root."""
    addresses = {name: _address(name, store) for name, store in config.buckets.items()}
    _warn_of_missing_folders(addresses.values(), config.bucket_root, config.register.folders)
    folder_options = {"follow": config.sync.folder_follow}
    return Buckets(
        addresses,
        config.bucket_root,
        config.data,
        registered=registered,
        folder_options=folder_options,
        within=None if config.extraction.pool == "local" else config.ray.folders,
    )


def _address(bucket: str, store: str) -> StoreAddress:
    """Raises StoreMisconfigured, which names the bucket; what makes no sense keeps the server from starting."""
    try:
        address = parse_store(bucket, store)
        check_address(address)
    except StoreMisconfigured as error:
        raise StoreMisconfigured(f"bucket {bucket}: {error}") from error
    return address


def _warn_of_missing_folders(
    addresses: Iterable[StoreAddress], root: Path | None, registered: Iterable[str]
) -> None:
    """They may be mounted later, so they do not keep the server from starting."""
    if root is not None and not is_folder(root):
        _log.warning("the bucket root is no folder; there are no buckets in it", folder=str(root))
    for address in addresses:
        if address.folder is not None and not is_folder(address.folder):
            _log.warning(
                "the folder of a bucket is not there, or is no folder",
                bucket=address.bucket,
                folder=address.folder,
            )
    for folder in registered:
        if not is_folder(Path(folder).expanduser()):
            _log.warning(
                "a folder of register.folders is not there; nothing below it can be bound", folder=folder
            )


def open_certificate(config: Config) -> Certificate | None:
    """What the server shows by TLS; None: it speaks plain HTTP. Raises CertificateUnusable."""
    server = config.server
    if server.tls_certificate is None or server.tls_key is None:
        return None
    return Certificate(server.tls_certificate, server.tls_key)


def open_pool(config: Config) -> ExtractionPool:
    """The worker processes; they start with the first file. Raises ConfigurationError without Ray."""
    workers, limits = config.worker_count(), config.extraction
    if config.extraction.pool != "ray":
        return ExtractionPool(workers, limits)
    try:
        check_installed()
    except RayMissing as error:
        raise ConfigurationError(str(error)) from error
    cluster = RayWorkers(config.ray, PRELOADED, limits.memory_bytes, workers)
    return ExtractionPool(workers, limits, elsewhere=cluster)


def sync_settings(config: Config) -> SyncSettings:
    """What the sync room needs to know of the configuration."""
    return SyncSettings(
        **shared_settings(config.sync, FollowSettings),
        workers=config.most_workers(),
        zone=config.account.zone,
        zones=config.zones,
        date_fallback=config.extraction.date_fallback,
        hash_folder_objects=config.extraction.hash_folder_objects,
        inventories=config.data / "inventories",
    )


def notification_settings(config: Config) -> NotificationSettings:
    """What the notifications room needs to know of the configuration."""
    notifications = config.notifications
    return NotificationSettings(
        **shared_settings(notifications, Destinations),
        key=parse_secret(notifications.secret) if notifications.secret else b"",
        region_id=config.account.region,
        account_id=config.account.id,
        zone=find_zone(config.account.zone),
    )


def shared_settings(section: msgspec.Struct, room: type[msgspec.Struct]) -> dict[str, Any]:
    """What a section of the configuration has of the settings that a room owns."""
    return {field.name: getattr(section, field.name) for field in msgspec.structs.fields(room)}


def api_settings(config: Config) -> ApiSettings:
    """What the API room needs to know of the configuration."""
    return ApiSettings(
        region_id=config.account.region,
        account_id=config.account.id,
        zone=find_zone(config.account.zone),
        strict=config.server.strict,
        max_request_line=config.server.max_request_line,
        events_token=config.events.token,
        metrics_enabled=config.metrics.enabled,
        metrics_token=config.metrics.token,
        health_enabled=config.health.enabled,
        health_token=config.health.token,
        topics=frozenset(config.notifications.topics),
        announces_events=bool(config.notifications.events),
        prices=config.prices,
        registration=Registration(tuple(config.register.folders), tuple(config.register.endpoints)),
    )


def serve(config: Config, origins: Mapping[str, str] | None = None) -> None:
    """Run the server until SIGTERM, SIGINT or SIGHUP, and end the process with status 0.

    Raises CertificateUnusable, CannotListen, DataFolderUnusable, CatalogUnusable, KeysUnusable while it starts.
    """
    os.umask(0o077)
    configure_logging(config.log.level, config.log.format)
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    certificate = open_certificate(config)
    # Before anything is made: a port in use must neither use up the showing of the root key nor leave a folder.
    sockets = bind(config.server.host, config.server.port)
    shutdown = Shutdown()
    try:
        application = Application(config, origins=origins)
        try:
            asyncio.run(_serve(application, sockets, shutdown, certificate))
        finally:
            application.close()
    finally:
        for listening in sockets:
            listening.close()
    atexit._run_exitfuncs()
    leave()


async def _serve(
    application: Application,
    sockets: list[socket.socket],
    shutdown: Shutdown,
    certificate: Certificate | None,
) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    shutdown.begin_with(lambda: loop.call_soon_threadsafe(stopped.set))
    server = application.make_server(certificate)
    settings = application.config.server
    address = await server.start(settings.host, settings.port, sockets)
    gc.freeze()  # what lives as long as the server is not looked through again and again, in pauses of all calls
    try:
        _announce(application, f"{'https' if certificate else 'http'}://{address}")
        application.engine.start()
        application.delivery.start()
        application.identities.uses.start()
        application.metering.start()
        await stopped.wait()
    finally:
        loop.run_in_executor(None, application.signal_stop)
        late = loop.call_later(_CALLS_SECONDS, loop.run_in_executor, None, application.interrupt)
        await server.stop()
        late.cancel()  # or it may fall into the end of the loop, which takes no more work


def _announce(application: Application, url: str) -> None:
    made = application.identities.root_made
    if made is not None:
        kept = root_key_file(application.config.data)
        if sys.stderr.isatty():
            click.echo(f"root access key, shown once (kept in {kept}):", err=True)
            click.echo(f"  BINDERY_ACCESS_KEY_ID={made.id}", err=True)
            click.echo(f"  BINDERY_ACCESS_KEY_SECRET={made.secret}", err=True)
        else:  # a file or a journal, which others read too
            _log.info("a root access key was made", id=made.id, kept=str(kept))
    write_server_address(application.config.data, url)
    click.echo(f"bindery ready {url}")
    sys.stdout.flush()
