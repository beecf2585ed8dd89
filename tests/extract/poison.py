"""An extractor for tests of the pool that does, by the name of the file, what hostile files do to a worker."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from msgspec import structs

from bindery.extract.extract import EXTRACTORS, failed_extraction
from bindery.extract.extraction import Extraction, ExtractionRequest
from bindery.extract.job import run_job
from bindery.extract.limits import ExtractionLimits
from bindery.file import File
from bindery.workers.job_time import leave


def extract_poison(request: ExtractionRequest, limits: ExtractionLimits) -> Extraction:  # noqa: C901
    """The first word of the key says what happens, the second how much of it."""
    action, _, amount = request.object.key.partition(" ")
    match action:
        case "abort":
            os.abort()
        case "exit":
            os._exit(int(amount))
        case "loop":
            while True:
                pass
        case "native":
            # Sleeps without giving up the interpreter's lock, as a loop in a library would.
            ctypes.PyDLL(None).sleep(1000)
        case "allocate":
            kept = []
            while True:
                kept.append(bytearray(16 * 1024 * 1024))
        case "known":
            leave(b"image/png")
            return extract_poison(_named(request, amount), limits)
        case "sleep":
            time.sleep(float(amount.partition(" ")[0]))
        case "until":
            while not Path(amount).exists():
                time.sleep(0.005)
        case "once":
            _die_the_first_time(amount)
        case "raise":
            raise RuntimeError("an extractor that breaks its promise")
        case "surrogate":
            return Extraction(file=File(title="\ud800"))
        case "recurse":
            return failed_extraction(request, str(_depth(0)))
        case "loaded":
            return Extraction(file=File(title=str(_is_preloaded())))
        case "pid":
            return Extraction(file=File(title=str(os.getpid())))
    return Extraction(file=File(title=f"read {request.object.key}"))


def _named(request: ExtractionRequest, key: str) -> ExtractionRequest:
    return structs.replace(request, object=structs.replace(request.object, key=key))


def poison_job(body: bytes) -> bytes:
    return run_job(extract_poison, body)


def _die_the_first_time(marker: str) -> None:
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _is_preloaded() -> bool:
    wanted = {f"bindery.extract.{entry.module}" for entry in EXTRACTORS}
    places = sys.modules.get("bindery.extract.places")
    return (
        wanted <= sys.modules.keys()
        and places is not None
        and bool(places._gazetteer.cache_info().currsize)
    )


def _depth(depth: int) -> int:
    try:
        return _depth(depth + 1)
    except RecursionError:
        return min(depth, sys.getrecursionlimit())
