"""Addresses of stores that callers name: only those that the configuration lists, or that the operator asks for."""

from __future__ import annotations

from bindery.api import errors
from bindery.api.context import Context
from bindery.buckets.registration import RegistrationRefused
from bindery.buckets.registry import parse_store
from bindery.buckets.store import StoreAddress, StoreError


def named_store(context: Context, bucket: str, store: str, permit: str | None) -> StoreAddress:
    """The address that a caller names for a bucket. Nothing is asked there yet.

    Raises ApiError for one that the caller may not name, that makes no sense, or that leads to the server's data.
    """
    operator = context.permits.allow(permit, bucket, store)
    try:
        address = parse_store(bucket, store, trusted=operator)
        if not operator:
            context.settings.registration.check(address)
        context.engine.check_apart(address)
    except RegistrationRefused as error:
        raise errors.not_listed(str(error)) from error
    except StoreError as error:
        raise errors.invalid_argument(str(error)) from error
    return address
