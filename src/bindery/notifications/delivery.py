"""Delivery by HTTP: at least once, signed, one thread per destination, so that none waits for another.

The signature is that of Standard Webhooks (headers ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``),
for which receivers find libraries in every language.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

import structlog
import urllib3

from bindery.catalog.catalog import Catalog
from bindery.catalog.interface.servers import Lease
from bindery.catalog.records import CatalogUnusable, LeaseLost, PendingNotification
from bindery.clock import now_ns
from bindery.notifications.settings import NotificationSettings
from bindery.secrecy import told

_CONNECT_SECONDS, _ANSWER_SECONDS = 3.0, 5.0
"""The vendor's MNS waits five seconds for the answer too."""
_POLL_SECONDS = 0.5
_PAGE = 100
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 1.0, 900.0
_LONGEST_PAUSE_SECONDS = 60.0
"""How long a destination that fails is left alone before another message is tried."""
_EXPIRY_SECONDS = 60.0
_SHORT_ANSWER = 4_096
"""Bytes of an answer that are read, so that the connection can be used again."""
_NANOSECONDS = 1_000_000_000
_log = structlog.get_logger()


class Delivery:
    """Sends what is due, to the destinations of the settings and nowhere else."""

    def __init__(self, catalog: Catalog, settings: NotificationSettings) -> None:
        self._catalog = catalog
        self._retention_ns = int(settings.retention * _NANOSECONDS)
        self._stop = threading.Event()
        self._couriers = [
            Courier(destination, url, settings.key, catalog, self._stop)
            for destination, url in settings.urls().items()
        ]
        self._expiry = threading.Thread(target=self._expire, name="notification expiry", daemon=True)
        self.expired: Counter[str] = Counter()
        """Messages given up since the start, by destination."""

    def start(self) -> None:
        """Begin with what an earlier run left."""
        self._expiry.start()
        for courier in self._couriers:
            courier.start()

    def signal_stop(self) -> None:
        """Begin no more messages."""
        self._stop.set()

    def close(self, seconds: float) -> None:
        """End after the messages under way; one that does not end in time is sent again at the next start."""
        self._stop.set()
        deadline = time.monotonic() + seconds
        for courier in self._couriers:
            courier.join(max(0.0, deadline - time.monotonic()))

    @property
    def destinations(self) -> list[str]:
        """Names of those that the settings have."""
        return [courier.destination for courier in self._couriers]

    def troubles(self) -> Mapping[str, tuple[str, int]]:
        """Why the last try in vain failed and when that was, by destination; since the start."""
        return {each.destination: each.trouble for each in self._couriers if each.trouble is not None}

    def tries(self) -> Mapping[tuple[str, str], int]:
        """By destination and outcome (``delivered``, ``failed``, ``expired``), since the start."""
        counts = {
            (courier.destination, outcome): n
            for courier in self._couriers
            for outcome, n in courier.tries()
        }
        return counts | {(destination, "expired"): n for destination, n in self.expired.items()}

    def _expire(self) -> None:
        while not self._stop.is_set():
            try:
                expired = self._catalog.outbox.expire(before=now_ns() - self._retention_ns)
            except Exception as error:
                if not self._stop.is_set():
                    expected = isinstance(error, CatalogUnusable)
                    _log.warning(
                        "old notifications could not be removed", problem=str(error), exc_info=not expected
                    )
            else:
                for destination, count in expired.items():
                    self.expired[destination] += count
                    _log.error("notifications were given up", destination=destination, count=count)
            self._stop.wait(_EXPIRY_SECONDS)


class Courier:
    """The thread of one destination."""

    def __init__(
        self, destination: str, url: str, key: bytes, catalog: Catalog, stop: threading.Event
    ) -> None:
        self.destination = destination
        self._url = url
        self._key = key
        self._catalog = catalog
        self._stop = stop
        self._lease: Lease | None = None
        self._tries = {"delivered": 0, "failed": 0}
        self._failures = 0
        """Tries in vain since the last delivery."""
        self.trouble: tuple[str, int] | None = None
        """What the last try in vain met, without the path of the URL, which may be secret; and when."""
        self._http = urllib3.PoolManager(
            num_pools=1,
            maxsize=1,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
        )
        self._thread = threading.Thread(target=self._run, name=f"notifications {destination}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def tries(self) -> list[tuple[str, int]]:
        """How many there were, by outcome."""
        return list(dict.copy(self._tries).items())

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause = self._work()
            except Exception as error:
                if self._stop.is_set():
                    return
                _log.warning(
                    "notifications could not be read or noted",
                    destination=self.destination,
                    problem=str(error),
                    exc_info=not isinstance(error, CatalogUnusable),
                )
                pause = _LONGEST_PAUSE_SECONDS
            self._stop.wait(pause)

    def _work(self) -> float:
        """Send what is due, unless another server does; returns the seconds to rest after it."""
        servers = self._catalog.servers
        self._lease = servers.keep(f"notifications/{self.destination}", self._lease)
        if self._lease is None:
            return _POLL_SECONDS
        try:
            with servers.working(self._lease):
                return self._send()
        except LeaseLost:  # what was sent and could not be noted is sent again, by the other server
            return _POLL_SECONDS

    def _send(self) -> float:
        page = self._catalog.outbox.due(self.destination, limit=_PAGE)
        for notification in page:
            if self._stop.is_set():
                return 0.0
            problem = self._post(notification)
            if problem is not None:
                return self._note_failure(notification, problem)
            self._catalog.outbox.remove(notification.sequence)
            self._tries["delivered"] += 1
            self._failures = 0
        return 0.0 if len(page) == _PAGE else _POLL_SECONDS

    def _note_failure(self, notification: PendingNotification, problem: str) -> float:
        wait = min(_FIRST_WAIT_SECONDS * 2.0**notification.attempts, _LONGEST_WAIT_SECONDS)
        due = now_ns() + int(wait * random.uniform(0.8, 1.2) * _NANOSECONDS)  # noqa: S311
        self._catalog.outbox.postpone(notification.sequence, due=due)
        self._tries["failed"] += 1
        path = urlsplit(self._url).path.strip("/")
        self.trouble = (problem.replace(path, "hidden") if path else problem, now_ns())
        self._failures += 1
        _log.warning(
            "a notification was not delivered and is tried again",
            destination=self.destination,
            id=notification.id,
            attempt=notification.attempts + 1,
            problem=problem,
        )
        return min(_FIRST_WAIT_SECONDS * 2.0 ** min(self._failures - 1, 10), _LONGEST_PAUSE_SECONDS)

    def _post(self, notification: PendingNotification) -> str | None:
        """What went wrong; None when the destination has it. Redirections are not followed."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            **signature_headers(self._key, notification.id, int(time.time()), notification.body),
        }
        try:
            answer = self._http.request(
                "POST",
                self._url,
                body=notification.body,
                headers=headers,
                redirect=False,
                preload_content=False,
            )
            if answer.length_remaining is not None and answer.length_remaining <= _SHORT_ANSWER:
                answer.read()
            else:
                answer.close()
        except urllib3.exceptions.HTTPError as error:
            return told(error)
        return None if 200 <= answer.status < 300 else f"HTTP status {answer.status}"


def signature_headers(key: bytes, message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """HMAC-SHA256 over id, time and body. Source: Standard Webhooks specification, "Webhook metadata"."""
    signed = b"%s.%d.%s" % (message_id.encode(), seconds, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
