"""RegisterBucket, an extension: tells a running server where a bucket lives, for ``bindery bind``."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import missing_parameter
from bindery.api.messages.bindings import RegisterBucketRequest, RegisterBucketResponse
from bindery.api.operations import Work
from bindery.buckets.registry import parse_store

WORK = Work.SLOW


def register_bucket(context: Context, request: RegisterBucketRequest) -> RegisterBucketResponse:
    """Add a bucket, or give one new credentials. It is kept across restarts.

    A name that means another store already is refused, unless Move says that it means this one from now on. With Move
    and without Store it is the one that the configuration names.
    """
    if request.move:
        address = None if request.store is None else parse_store(request.bucket, request.store)
        context.engine.move_bucket(request.bucket, address)
    elif request.store is None:
        raise missing_parameter("Store")
    else:
        context.engine.register_bucket(parse_store(request.bucket, request.store))
    return RegisterBucketResponse()
