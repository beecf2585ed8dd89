"""What one file may cost before it is given up."""

from __future__ import annotations

import msgspec


class ExtractionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits per file and per worker process. Every limit ends one file, never a scan."""

    seconds: float = 60.0
    """Wall-clock time one file may take."""
    memory_bytes: int = 1536 * 1024 * 1024
    """Address space of a worker beyond what it uses when it starts (RLIMIT_AS)."""
    read_bytes: int = 64 * 1024 * 1024
    """Bytes fetched from the store for one file."""
    files_per_worker: int = 20_000
    """Files after which a worker process is replaced by a fresh one."""
    files_per_batch: int = 64
    """Most files sent to a worker at once."""
