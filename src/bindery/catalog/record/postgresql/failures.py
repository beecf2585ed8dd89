"""What an operator can do about an error of PostgreSQL."""

from __future__ import annotations

import psycopg
from psycopg import errors

from bindery.catalog.records import CatalogUnusable, CatalogUnwritable

CLOSED = "the catalog is closed; the server is stopping"
CANCELLED = "a statement was cancelled in PostgreSQL, by somebody there or because the server is stopping; try again"
_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)
_FULL_OR_READ_ONLY = (errors.DiskFull, errors.ReadOnlySqlTransaction, errors.OutOfMemory, errors.IoError)


def failure_of(error: psycopg.Error) -> CatalogUnusable | None:
    """The catalog's own error in its place; None for a mistake in a statement or in a value.

    PostgreSQL's messages name the server and the user, never the password.
    """
    if isinstance(error, _BUSY):
        return CatalogUnusable(f"the record was written by others for too long ({said(error)}); try again")
    if isinstance(error, _FULL_OR_READ_ONLY):
        return CatalogUnwritable(
            f"PostgreSQL cannot write the record ({said(error)}); make room on its disk, or see why it is read-only. "
            "What was committed is safe"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return CatalogUnusable(
            f"the user of catalog.url may not do in PostgreSQL what the record needs ({said(error)}); make it the "
            "owner of the schema and of all tables of the record"
        )
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return CatalogUnwritable(
            f"PostgreSQL, which keeps the record, cannot be reached ({said(error)}); see that it runs and that "
            "catalog.url is right. What was committed is safe, and all goes on by itself"
        )
    return None


def said(error: Exception) -> str:
    """Its message in one line."""
    return " ".join(str(error).split())
