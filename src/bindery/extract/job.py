"""Extraction as a job of a worker process: bytes in, bytes out, and only what the server can take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import astuple

from bindery.extract.extract import extract, failed_extraction
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.limits import ExtractionLimits

_INT64 = range(-(2**63), 2**63)

ExtractFile = Callable[[ExtractionRequest, ExtractionLimits], Extraction]


class Order(msgspec.Struct, frozen=True, array_like=True):
    """One file to extract, and within which limits."""

    request: ExtractionRequest
    limits: ExtractionLimits


# Made here, before any thread: msgspec prepares a struct type when it is first decoded, and two threads that
# do so at once end the process.
_orders = msgspec.msgpack.Decoder(Order)
_extractions = msgspec.msgpack.Decoder(Extraction)


def encode_order(request: ExtractionRequest, limits: ExtractionLimits) -> bytes:
    """What ``extract_job`` takes."""
    return msgspec.msgpack.encode(Order(request, limits))


def decode_extraction(answer: bytes) -> Extraction:
    """What ``extract_job`` answers. Raises msgspec.ValidationError."""
    return _extractions.decode(answer)


def extract_job(body: bytes) -> bytes:
    """The extraction of an encoded order, encoded."""
    return run_job(extract, body)


def run_job(extract_file: ExtractFile, body: bytes) -> bytes:
    """One file through an extracting function. An outcome that the server could not take is a failure of this
    file, with the reason.
    """
    order = _orders.decode(body)
    outcome = extract_file(order.request, order.limits)
    try:
        _check_numbers(outcome.file)
        encoded = msgspec.msgpack.encode(outcome)
        _extractions.decode(encoded)
    except (UnicodeEncodeError, OverflowError, TypeError, ValueError) as error:
        text = "text that is not Unicode" if isinstance(error, UnicodeEncodeError) else str(error)
        failure = f"ParseFailed: what was read from the file cannot be stored: {text}"
        encoded = msgspec.msgpack.encode(failed_extraction(order.request, failure))
    return encoded


def _check_numbers(value: Any) -> None:
    """Raises OverflowError for a number outside of 64 bits with a sign, the widest that is stored."""
    if isinstance(value, int):
        if value not in _INT64:
            raise OverflowError("a number outside of 64 bits")
        return
    if isinstance(value, msgspec.Struct):
        value = astuple(value)
    if isinstance(value, list | tuple):
        for item in value:
            if item is not None and type(item) is not str:  # as almost all fields are
                _check_numbers(item)
