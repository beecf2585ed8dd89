"""The closed vocabulary: documented statuses, codes and messages."""

from __future__ import annotations

import errno

import pytest

from bindery.access.nonces import NonceRefused
from bindery.api import errors
from bindery.api.errors import ApiError, from_exception
from bindery.buckets.store import AccessDenied, BucketNotFound, ObjectNotFound, StoreUnavailable
from bindery.catalog.documents import InvalidFields
from bindery.catalog.query.syntax import QueryError
from bindery.catalog.records import (
    AlreadyExists,
    CatalogError,
    CatalogUnusable,
    IndexUnavailable,
    LimitExceeded,
    NotEmpty,
    NotFound,
)
from bindery.stopping import Interrupted
from bindery.sync.engine import WrongState
from bindery.tasks.kind import TooManyTasks


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.missing_parameter("URI"), (400, "MissingURI", "URI is mandatory for this action.")),
        (errors.invalid_parameter("URI"), (400, "InvalidURI", "Specified parameter URI is not valid.")),
        (
            errors.value_too_large("MaxResults"),
            (400, "LimitExceededError", "Message: input quota exceed the max value (MaxResults)"),
        ),
        (
            errors.too_many("DatasetMaxBindCount"),
            (400, "LimitExceededError", "Message: resource count exceeds the limit (DatasetMaxBindCount)"),
        ),
        (
            errors.resource_not_found("project"),
            (400, "ResourceNotFound", "The specified resource project is not found."),
        ),
        (
            errors.resource_already_exists("dataset"),
            (400, "ResourceAlreadyExists", "The specified resource dataset already exists."),
        ),
        (
            errors.access_key_not_found(),
            (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
        ),
        (
            errors.nonce_used(),
            (400, "SignatureNonceUsed", "Specified signature nonce was used already."),
        ),
        (
            errors.timestamp_expired("2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"),
            (
                400,
                "InvalidTimeStamp.Expired",
                "Specified time stamp or date value is expired. The request says 2026-01-01T00:00:00Z, the "
                "server's clock 2026-01-01T01:00:00Z.",
            ),
        ),
        (
            errors.action_not_found(),
            (
                404,
                "InvalidAction.NotFound",
                "Specified api is not found, please check your url and method.",
            ),
        ),
    ],
)
def test_documented_errors(error: ApiError, expected: tuple[int, str, str]) -> None:
    assert (error.status, error.code, error.message) == expected


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("file"), 400, "ResourceNotFound"),
        (AlreadyExists("binding"), 400, "ResourceAlreadyExists"),
        (NotEmpty("dataset", "files"), 400, "ResourceNotEmpty"),
        (LimitExceeded("DatasetMaxFileCount"), 400, "LimitExceededError"),
        (QueryError("Field X"), 400, "InvalidArgument"),
        (InvalidFields("labels"), 400, "InvalidArgument"),
        (WrongState("Stopped"), 400, "InvalidArgument"),
        (ObjectNotFound("key"), 400, "ResourceNotFound"),
        (BucketNotFound("bucket"), 400, "ResourceNotFound"),
        (AccessDenied("no"), 400, "InvalidArgument"),
        (StoreUnavailable("later"), 503, "ServiceUnavailable"),
        (CatalogUnusable("the disk is full"), 503, "ServiceUnavailable"),
        (IndexUnavailable("the index is being built"), 503, "ServiceUnavailable"),
        (Interrupted(), 503, "ServiceUnavailable"),
        (TooManyTasks(16, "project"), 429, "Throttling.User"),
        (TooManyTasks(64), 503, "ServiceUnavailable"),
        (NonceRefused("no room"), 503, "ServiceUnavailable"),
        (OSError(errno.ENOSPC, "No space left on device"), 503, "ServiceUnavailable"),
    ],
)
def test_errors_of_the_rooms_below(error: Exception, status: int, code: str) -> None:
    known = from_exception(error)
    assert known is not None
    assert (known.status, known.code) == (status, code)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), CatalogError("x"), OSError("x")])
def test_a_defect_is_no_known_error(error: Exception) -> None:
    assert from_exception(error) is None


def test_a_defect_tells_nothing_of_itself() -> None:
    error = errors.internal_error()
    assert (error.status, error.code) == (500, "InternalError")


def test_what_may_pass_says_when_to_come_again() -> None:
    for error in (
        IndexUnavailable("the index is being built"),
        errors.busy("x"),
        errors.throttled("too many calls wait"),
        TooManyTasks(16, "project"),
        TooManyTasks(64),
    ):
        known = from_exception(error)
        assert known is not None
        assert known.retry_after
