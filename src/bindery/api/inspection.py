"""What a server tells of itself to those who run it: its settings, its figures, and what is wrong with its machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

_FRESH_SECONDS = 15.0
"""For so long findings are told again: buckets and destinations are not asked with every call."""


class Setting(msgspec.Struct, frozen=True):
    """One setting of the configuration, fit to be shown."""

    name: str
    """``server.port``."""
    value: str
    """As TOML has it; empty when it is kept back."""
    default: str
    origin: str
    """``default``, ``file`` or ``command line``."""
    hidden: bool = False
    """Whether the value is, or may hold, a secret."""


class Finding(Protocol):
    """What was looked at, and how it is."""

    @property
    def subject(self) -> str:
        """What was looked at."""

    @property
    def verdict(self) -> str:
        """``ok``, ``warning`` or ``failure``."""

    @property
    def seen(self) -> str:
        """What was seen."""

    @property
    def advice(self) -> str:
        """What to do; empty when all is well."""


class Sample(msgspec.Struct, frozen=True):
    """One value of a figure."""

    name: str
    labels: dict[str, str]
    value: float


class Figure(msgspec.Struct, frozen=True):
    """A family of values, as Prometheus has it."""

    name: str
    kind: str
    description: str
    samples: tuple[Sample, ...]


class Inspection:
    """Safe for threads."""

    def __init__(
        self, settings: Sequence[Setting] = (), examine: Callable[[], Iterable[Finding]] = tuple
    ) -> None:
        self.settings = settings
        self.figures: Callable[[], Iterable[Figure]] = tuple
        """Set by whoever counts them."""
        self._examine = examine
        self._lock = threading.Lock()
        self._found: tuple[Finding, ...] = ()
        self._found_at = 0.0

    def findings(self) -> tuple[Finding, ...]:
        """What is found now, or was a moment ago; one look at a time."""
        with self._lock:
            if not self._found_at or time.monotonic() - self._found_at > _FRESH_SECONDS:
                self._found = tuple(self._examine())
                self._found_at = time.monotonic()
            return self._found
