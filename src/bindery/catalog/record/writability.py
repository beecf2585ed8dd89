"""Whether the disk takes what is written. When it does not, writing stops, says so, and begins again by itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from bindery.catalog.records import CatalogUnwritable

_LOOK_SECONDS = 0.25
"""How old a look at the free space may be."""
_PROBE_SECONDS = 1.0
_REPEAT_SECONDS = 60.0
"""How often the log is reminded."""
_PROBE_BYTES = 262_144
_MOST_RESERVE = 134_217_728
_RESERVE_SHARE = 0.05
"""Writing stops while so much of the disk is free, at most: the index catches up with it, and reads go on."""
_log = structlog.get_logger()


class Writability:
    """Safe for threads. ``probe`` writes to the record as nothing else may meanwhile; it raises when it cannot."""

    def __init__(self, folder: Path, probe: Callable[[], None]) -> None:
        self._folder = folder
        self._probe = probe
        self._listeners: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._looked = 0.0
        self.problem = ""
        """Why nothing is written at present, and what to do; empty when all is well."""

    def check(self) -> None:
        """Raises CatalogUnwritable when the disk took nothing a moment ago or is all but full."""
        if not self.problem and time.monotonic() - self._looked >= _LOOK_SECONDS:
            missing = self._missing_room()
            if missing:
                self.report(missing)
            self._looked = time.monotonic()
        if self.problem:
            raise CatalogUnwritable(self.problem)

    def report(self, problem: str) -> None:
        """Nothing could be written: nothing is, until a probe succeeds."""
        with self._lock:
            if self.problem or self._stop.is_set():
                return
            self.problem = problem
            _log.error("nothing is written until this has passed", problem=problem)
            threading.Thread(target=self._heal, name="disk probe", daemon=True).start()

    def when_back(self, listener: Callable[[], object]) -> None:
        """Call this whenever writing begins again."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Probe no more."""
        self._stop.set()

    def _heal(self) -> None:
        began = reminded = time.monotonic()
        while not self._stop.wait(_PROBE_SECONDS):
            try:
                self._try_to_write()
            except Exception as error:
                if time.monotonic() - reminded >= _REPEAT_SECONDS:
                    reminded = time.monotonic()
                    _log.error("still nothing can be written", problem=self.problem, probe=str(error))
                continue
            with self._lock:
                self.problem = ""
            _log.info("the record is written again", seconds=round(time.monotonic() - began))
            for listener in self._listeners:
                listener()
            return

    def _try_to_write(self) -> None:
        """More than a small page, or work would begin and end again with every freed byte."""
        missing = self._missing_room(factor=1.5)
        if missing:
            raise OSError(missing)
        path = self._folder / "room.probe"
        try:
            with path.open("wb") as file:
                file.write(bytes(_PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)
        self._probe()

    def _missing_room(self, factor: float = 1.0) -> str:
        try:
            found = os.statvfs(self._folder)
        except OSError as error:
            return f"the data folder {self._folder} cannot be looked at ({error.strerror}); see that its disk is there"
        free = found.f_bavail * found.f_frsize
        reserve = min(_MOST_RESERVE, int(found.f_blocks * found.f_frsize * _RESERVE_SHARE))
        if free >= reserve * factor:
            return ""
        return (
            f"the disk of the data folder {self._folder} is full ({free:,} bytes are free, {reserve:,} are kept for "
            "reads); make room, and all goes on by itself. What was committed is safe"
        )
