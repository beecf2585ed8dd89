"""What operations work with."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from datetime import tzinfo
from functools import lru_cache
from typing import ClassVar

import msgspec

from bindery.access.audit.log import AuditLog
from bindery.access.authorizer import WHOLE, Authority, View
from bindery.access.identities import Identities, Identity
from bindery.access.nonces import Nonces
from bindery.access.permits import Permits
from bindery.api.inspection import Inspection
from bindery.api.metering import Metering
from bindery.api.prices import Prices
from bindery.buckets.registration import Registration
from bindery.catalog.catalog import Catalog
from bindery.clock import DEFAULT_ZONE, format_time
from bindery.notifications.delivery import Delivery
from bindery.secrecy import Hiding
from bindery.sync.engine import Engine


class Calling(msgspec.Struct, frozen=True):
    """For whom a thread works."""

    caller: str = ""
    """His access key."""
    stop: threading.Event = msgspec.field(default_factory=threading.Event)
    """Set when nobody waits any more for what the thread does."""


_NOBODY = Calling()
current_call: ContextVar[Calling] = ContextVar("current_call")


class Acting(msgspec.Struct, frozen=True):
    """Who makes the call that a thread performs, and what he may do in it."""

    identity: Identity
    authority: Authority
    """With what the request shows of itself."""
    view: View = WHOLE
    """What he sees of the list that he asks for."""


current_acting: ContextVar[Acting] = ContextVar("current_acting")


class ApiSettings(Hiding, msgspec.Struct, frozen=True, kw_only=True):
    """What the API needs to know of the configuration. The representation hides the tokens."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"events_token", "metrics_token", "health_token"})
    region_id: str = "cn-hangzhou"
    account_id: str = "1000000000000001"
    zone: tzinfo = DEFAULT_ZONE
    strict: bool = False
    max_request_line: int = 4_194_304
    events_token: str = ""
    """What senders of events must show; empty: events are not taken."""
    metrics_enabled: bool = True
    metrics_token: str = ""
    """What must be shown for figures; empty: anybody is told those that name nothing."""
    health_enabled: bool = True
    health_token: str = ""
    """What must be shown for more than whether the server is ready."""
    topics: frozenset[str] = frozenset()
    """MNS topics that calls may name."""
    announces_events: bool = False
    """Whether somebody receives every event."""
    registration: Registration = Registration()
    """What callers may register as buckets."""
    prices: Prices = Prices()
    """What usage costs."""


class Context(msgspec.Struct, frozen=True):
    """The rooms below, and the settings of this one."""

    catalog: Catalog
    engine: Engine
    delivery: Delivery
    identities: Identities
    nonces: Nonces
    settings: ApiSettings
    audit_log: AuditLog
    metering: Metering
    permits: Permits = msgspec.field(default_factory=Permits)
    inspection: Inspection = msgspec.field(default_factory=Inspection)

    @property
    def view(self) -> View:
        """What the caller sees of the list that the present call asks for."""
        acting = current_acting.get(None)
        return WHOLE if acting is None else acting.view

    @property
    def stop(self) -> threading.Event:
        """Set once the caller of the present operation has gone or the server ends: long work may cease."""
        return current_call.get(_NOBODY).stop

    @property
    def caller(self) -> str:
        """Who makes the present call: those who share things take turns by it."""
        return current_call.get(_NOBODY).caller

    @property
    def identity(self) -> Identity:
        """Who has signed the present call."""
        return current_acting.get().identity

    @property
    def authority(self) -> Authority:
        """What the caller may do in the present call, and what his request shows of itself."""
        return current_acting.get().authority

    def time(self, instant_ns: int) -> str:
        """A time as answers show it."""
        return _shown(instant_ns, self.settings.zone)


@lru_cache(1024)
def _shown(instant_ns: int, zone: tzinfo) -> str:
    """Who asks how far something is asks for the same times again and again."""
    return format_time(instant_ns, zone)
