"""Time that a job spends waiting for others, such as a store, is not the job's own."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from bindery.workers.state import State

_NOWHERE: AbstractContextManager[None] = nullcontext()
_state: State | None = None


def outside() -> AbstractContextManager[None]:
    """Around every wait for others. Does nothing outside of a worker process; may not be nested."""
    return _NOWHERE if _state is None else _state.outside()


def count_in(state: State) -> None:
    """From now on waits of this process are entered there."""
    global _state  # noqa: PLW0603  (one worker a process)
    _state = state
