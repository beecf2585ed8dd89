"""Whose turn it is to list for what was missed: at a start, after a store was away, after events were lost.

Then all bindings of a server would list at the same time, and none would come to its end soon. A few do, those first
whose last complete listing is the oldest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

TURN_SECONDS = 10.0
"""So long a listing keeps others from beginning: one that takes an hour must not hold up small ones for an hour."""


class CatchingUp:
    """Shared by the bindings of a server. Safe for threads."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        """``at_once``: how many may list at the same time; ``clock``: of seconds."""
        self._at_once = at_once
        self._clock = clock
        self._waiting: dict[int, tuple[int, Callable[[], None]]] = {}
        self._begun: dict[int, float] = {}
        """Since when a binding has had its turn."""
        self._lock = threading.Lock()

    def join(self, binding_id: int, last_listing: int | None, wake: Callable[[], None]) -> None:
        """Wait for a turn. ``last_listing``: when the last complete one ended; ``wake``: called when the turn comes."""
        with self._lock:
            if binding_id not in self._begun:
                self._waiting[binding_id] = (last_listing or 0, wake)
        self._give_turns()

    def is_turn(self, binding_id: int) -> bool:
        """Whether a binding that has joined may list now."""
        self._give_turns()
        return binding_id in self._begun

    def leave(self, binding_id: int) -> None:
        """The listing has ended, or will not be made."""
        with self._lock:
            self._waiting.pop(binding_id, None)
            self._begun.pop(binding_id, None)
        self._give_turns()

    def _give_turns(self) -> None:
        for wake in self._next():
            wake()

    def _next(self) -> list[Callable[[], None]]:
        with self._lock:
            if not self._waiting:
                return []
            now = self._clock()
            free = self._at_once - sum(now - began < TURN_SECONDS for began in self._begun.values())
            order = sorted(self._waiting, key=lambda binding_id: (self._waiting[binding_id][0], binding_id))
            chosen = order[: max(0, free)]
            self._begun.update(dict.fromkeys(chosen, now))
            return [self._waiting.pop(binding_id)[1] for binding_id in chosen]
