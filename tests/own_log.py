"""What the calls of a test say in the log, and not what else is at work in its process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from bindery.log import structlog_configured


@contextmanager
def own_log() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines of this thread, as ``structlog.testing.capture_logs`` has those of all. Work that an earlier test has
    left to the process may go on for a while, and says so."""
    lines: list[MutableMapping[str, Any]] = []
    ours = threading.get_ident()

    def keep(_: object, level: str, line: MutableMapping[str, Any]) -> str:
        if threading.get_ident() == ours:
            lines.append({**line, "log_level": level})
        raise structlog.DropEvent

    with structlog_configured(processors=[keep]):
        yield lines
