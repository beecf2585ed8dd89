"""What a job may say of itself while it runs: what it waits for others is not its own time, a step may take no longer
than …, and what is to be known of it if it has no answer.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from bindery.workers.state import State

_NOWHERE: AbstractContextManager[None] = nullcontext()
_state: State | None = None
_LEAST_SECONDS = 0.001
"""Zero would mean no limit."""


def outside() -> AbstractContextManager[None]:
    """Around every wait for others. Does nothing outside of a worker process; may not be nested."""
    return _NOWHERE if _state is None else _state.outside()


def leave(said: bytes) -> None:
    """What the server is to know if this job has no answer, instead of what was left before (see ``Lost.left``). Does
    nothing outside of a worker process."""
    if _state is not None:
        _state.leave(said)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Around a step inside a library that nothing else can end: the job has taken too long when the step takes more
    processor time. May be nested; does nothing outside of a worker process.
    """
    left = signal.getitimer(signal.ITIMER_PROF)[0]
    if _state is None or not 0 < seconds < left:
        yield
        return
    before = _state.seconds
    _set_limit(_state, seconds, seconds)
    try:
        yield
    finally:
        used = seconds - signal.getitimer(signal.ITIMER_PROF)[0]
        _set_limit(_state, max(left - used, _LEAST_SECONDS), before)


def _set_limit(state: State, left: float, seconds: float) -> None:
    state.limit(seconds)
    signal.setitimer(signal.ITIMER_PROF, left)


def count_in(state: State) -> None:
    """From now on waits of this process are entered there."""
    global _state  # noqa: PLW0603  (one worker a process)
    _state = state
