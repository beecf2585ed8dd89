"""RegisterBucket, an extension: tells a running server where a bucket lives, for ``bindery bind``."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import RegisterBucketRequest, RegisterBucketResponse
from bindery.api.operations import Work
from bindery.buckets.registry import parse_store

WORK = Work.SLOW


def register_bucket(context: Context, request: RegisterBucketRequest) -> RegisterBucketResponse:
    """Add a bucket. It is kept across restarts."""
    context.engine.register_bucket(parse_store(request.bucket, request.store))
    return RegisterBucketResponse()
