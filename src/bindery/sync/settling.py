"""What becomes of one object once its extraction has come, or something unforeseen has happened to it."""

from __future__ import annotations

import structlog

from bindery.catalog.records import Binding
from bindery.clock import now_ns
from bindery.extract.extraction import Extraction
from bindery.sync.march import Candidate
from bindery.sync.outcomes import Result, blamed, result_of
from bindery.sync.quarantine import FORESEEN, describe
from bindery.sync.takeover import inherit, take_over
from bindery.sync.underway import Extracting

_log = structlog.get_logger()


def settle(binding: Binding, extracting: Extracting, extraction: Extraction) -> Result:
    """What the extraction comes to, with what is taken over from a predecessor. Raises what is foreseen."""
    candidate, predecessor = extracting.candidate, extracting.predecessor
    uri, now = _uri(binding, extracting.key), now_ns()
    try:
        if predecessor is not None:
            extraction = take_over(predecessor, extraction, extracting.request)
        result = result_of(candidate, extraction, binding_id=binding.id, uri=uri, now=now)
        if predecessor is not None:
            result = inherit(result, predecessor)
    except FORESEEN:
        raise
    except Exception as error:
        result = blame(binding, candidate, error)
    return result


def blame(binding: Binding, candidate: Candidate, error: Exception) -> Result:
    """The failure of the object at which ``error`` was raised."""
    key = candidate.info.key
    _log.warning("an object failed", key=key, reason=describe(error))
    return blamed(candidate, error, binding_id=binding.id, uri=_uri(binding, key), now=now_ns())


def _uri(binding: Binding, key: str) -> str:
    return f"{binding.uri}/{key}"
