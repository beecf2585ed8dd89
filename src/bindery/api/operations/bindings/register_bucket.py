"""RegisterBucket, an extension: tells a running server where a bucket lives, for ``bindery bind``."""

from __future__ import annotations

from bindery.api import errors
from bindery.api.context import Context
from bindery.api.messages.bindings import RegisterBucketRequest, RegisterBucketResponse
from bindery.api.operations import Work
from bindery.api.stores import named_store
from bindery.buckets.store import StoreUnavailable

WORK = Work.SLOW


def register_bucket(context: Context, request: RegisterBucketRequest) -> RegisterBucketResponse:
    """Add a bucket, or give one new credentials: what the configuration lists, or anything for the operator. It is
    kept across restarts.

    A name that means another store already is refused, unless Move says that it means this one from now on. With Move
    and without Store it is the one that the configuration names. Whatever is wrong with the address is the caller's
    error: to repeat the call would not help.
    """
    if request.store is None and not request.move:
        raise errors.missing_parameter("Store")
    address = None
    if request.store is not None:
        address = named_store(context, request.bucket, request.store, request.permit)
    try:
        if request.move:
            context.engine.move_bucket(request.bucket, address)
        elif address is not None:
            context.engine.register_bucket(address)
    except StoreUnavailable as error:
        raise errors.invalid_argument(str(error)) from error
    return RegisterBucketResponse()
