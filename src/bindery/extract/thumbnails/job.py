"""Drawing and reading as jobs of a worker process: an order in, a picture or a text out, or nothing when nothing can
be shown.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from bindery.buckets.portable import open_portable
from bindery.buckets.store import ObjectInfo, StoreAddress, StoreError
from bindery.extract.limits import ExtractionLimits
from bindery.extract.reader import RangeReader
from bindery.extract.thumbnails.beginning import first_words
from bindery.extract.thumbnails.drawing import draw
from bindery.workers.job import Job
from bindery.workers.job_time import outside

_DRAWS = "bindery.extract.thumbnails.job:draw_job"
_READS = "bindery.extract.thumbnails.job:read_job"
_SECONDS = 10.0
_STORE_SECONDS = 20.0
_READ_BYTES = 128 * 1024 * 1024
_LARGEST = 2 * 1024 * 1024


class Drawing(msgspec.Struct, frozen=True, array_like=True):
    """Which object to draw, and how large."""

    address: StoreAddress
    object: ObjectInfo
    content_type: str
    longest: int
    page: int = 0
    """Of a PDF, from 0."""


_orders = msgspec.msgpack.Decoder(Drawing)


def job_of(drawing: Drawing) -> Job:
    """The job that draws it."""
    return _job(_DRAWS, drawing)


def reading_job(drawing: Drawing) -> Job:
    """The job that reads its first words."""
    return _job(_READS, drawing)


def _job(function: str, drawing: Drawing) -> Job:
    return Job(
        function,
        msgspec.msgpack.encode(drawing),
        seconds=_SECONDS,
        outside_seconds=_STORE_SECONDS,
        answer_bytes=_LARGEST,
    )


def draw_job(body: bytes) -> bytes:
    """The picture; empty when nothing can be shown of the file. Raises StoreError, which is not the file's fault."""
    order = _orders.decode(body)
    return _with_reader(order, lambda reader: draw(reader, order.content_type, order.longest, order.page))


def read_job(body: bytes) -> bytes:
    """The first words of a document, in UTF-8. Raises StoreError."""
    order = _orders.decode(body)
    return _with_reader(order, lambda reader: first_words(reader, order.content_type).encode())


def _with_reader(order: Drawing, show: Callable[[RangeReader], bytes]) -> bytes:
    with outside():
        store = open_portable(order.address)
    reader = RangeReader(store, order.object, ExtractionLimits(read_bytes=_READ_BYTES))
    try:
        return show(reader)
    except MemoryError:
        raise
    except Exception:
        # Decoders of hostile files raise whatever they like; what the store did shows through them.
        if isinstance(reader.error, StoreError):
            raise reader.error from None
        return b""
    finally:
        store.close()
