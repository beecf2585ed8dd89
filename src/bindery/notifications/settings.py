"""Where notifications go."""

from __future__ import annotations

import base64
import binascii
from datetime import tzinfo
from typing import Annotated, ClassVar

import msgspec

from bindery.clock import DEFAULT_ZONE
from bindery.ranges import DAY_SECONDS
from bindery.secrecy import Hiding

_SECRET_PREFIX = "whsec_"  # noqa: S105
_LEAST_SECRET, _MOST_SECRET = 24, 64


class Destinations(Hiding, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[notifications]``: where messages about indexing and bindings are sent; see docs/notifications.md.

    The representation hides URLs.
    """

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"topics", "events"})
    topics: dict[str, str] = {}
    """Name of an MNS topic to the URL that stands for it; calls may name only these."""
    events: dict[str, str] = {}
    """Receivers of every event, a name of your own to a URL; they stand for targets of EventBridge."""
    retention: Annotated[float, msgspec.Meta(gt=0, le=365 * DAY_SECONDS)] = DAY_SECONDS
    """Seconds for which delivery of a message is tried."""


class NotificationSettings(Destinations, frozen=True, kw_only=True):
    """The destinations, and what messages say of this server. The representation hides the key, too."""

    hidden_fields: ClassVar[frozenset[str]] = frozenset({"topics", "events", "key"})
    key: bytes = b""
    """Signs every message."""
    region_id: str = "cn-hangzhou"
    account_id: str = "1000000000000001"
    zone: tzinfo = DEFAULT_ZONE

    def urls(self) -> dict[str, str]:
        """URL by destination."""
        topics = {topic_destination(name): url for name, url in self.topics.items()}
        return topics | {event_destination(name): url for name, url in self.events.items()}


def topic_destination(name: str) -> str:
    """The destination that stands for a topic of MNS."""
    return f"MNS/{name}"


def event_destination(name: str) -> str:
    """The destination that stands for a target of EventBridge."""
    return f"EventBridge/{name}"


def parse_secret(text: str) -> bytes:
    """The key in a secret: ``whsec_`` and the base64 of 24 to 64 bytes. Raises ValueError.

    Source: Standard Webhooks specification, "Signature scheme".
    """
    try:
        key = base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_SECRET_PREFIX) or not _LEAST_SECRET <= len(key) <= _MOST_SECRET:
        raise ValueError(
            f"must be {_SECRET_PREFIX} and the base64 of {_LEAST_SECRET} to {_MOST_SECRET} random bytes; make one: "
            'echo "whsec_$(openssl rand -base64 32)"'
        )
    return key
