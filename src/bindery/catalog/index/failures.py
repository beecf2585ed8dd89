"""What the errors of an index mean: its files are broken, or the disk is full; all else is of the query."""

from __future__ import annotations

import sqlite3
import time

import duckdb
import msgspec

from bindery.catalog.index.texts import TextsDamaged

_BROKEN = (
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
    duckdb.IOException,
)
_FULL = (
    "disk is full",
    "No space left",
    "Disk quota exceeded",
    "Read-only file system",
    "readonly database",
)
_LONGEST_REASON = 200


class Failure(msgspec.Struct, frozen=True):
    """Why an index does not answer, and when it is tried again (monotonic, s)."""

    reason: str
    retry_at: float


def failure_of(error: Exception, pause: float) -> Failure:
    """To be tried again after ``pause`` seconds."""
    return Failure(str(error).partition("\n")[0][:_LONGEST_REASON], time.monotonic() + pause)


def is_broken(error: Exception) -> bool:
    """Damaged blocks are reported as the base class itself."""
    return isinstance(error, (*_BROKEN, TextsDamaged, sqlite3.Error)) or type(error) is duckdb.Error


def is_full(error: Exception) -> bool:
    """Whether the disk took nothing. DuckDB says so in words alone."""
    return any(words in str(error) for words in _FULL)


def is_out_of_memory(error: Exception) -> bool:
    """Whether DuckDB had no room within its limit, which all datasets and questions share: that says nothing about
    what was written."""
    return isinstance(error, duckdb.OutOfMemoryException)
