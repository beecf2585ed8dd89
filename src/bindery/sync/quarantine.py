"""One object never harms the others: what fails as a whole for a reason that nobody has foreseen is done by halves,
until one object is left that is to blame."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from bindery.buckets.store import StoreError
from bindery.catalog.records import CatalogError
from bindery.secrecy import told
from bindery.stopping import Interrupted

FORESEEN = (StoreError, CatalogError, Interrupted, MemoryError)
"""Exceptions that are the business of the whole binding, whatever object was at hand."""

_Item = TypeVar("_Item")


def describe(error: Exception) -> str:
    """What was raised and where, for the log; a page of such errors must not fill it with tracebacks."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{told(error)} ({where})"


def in_halves(
    items: Sequence[_Item],
    work: Callable[[Sequence[_Item]], None],
    blame: Callable[[_Item, Exception], None],
) -> None:
    """``work`` on all items, or on halves of them where it raises something unforeseen; ``blame`` takes each item
    that fails alone. ``work`` must have done nothing when it raises.

    Raises what is foreseen, and what ``blame`` raises.
    """
    if not items:
        return
    try:
        work(items)
    except FORESEEN:
        raise
    except Exception as error:
        if len(items) == 1:
            blame(items[0], error)
            return
        middle = len(items) // 2
        in_halves(items[:middle], work, blame)
        in_halves(items[middle:], work, blame)
