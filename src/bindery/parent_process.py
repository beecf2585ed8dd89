"""The end of a program that works for another one, which gives it its work through its standard input."""

from __future__ import annotations

import os
import sys
import threading


def end_with_parent() -> None:
    """From now on end at once when the other end of standard input is closed, as it is by the death of the parent:
    nobody waits any more. What is still to be read has been read before."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)
