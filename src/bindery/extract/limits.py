"""What one file may cost before it is given up."""

from __future__ import annotations

import msgspec

_SMALL_FILE_SECONDS = 5.0
_SECONDS_PER_BYTE = 2.0 / (1024 * 1024)


class ExtractionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits per file and per worker process. Every limit ends one file, never a scan."""

    seconds: float = 30.0
    """Processor time one file may take. Small files get less, see ``seconds_for``."""
    store_seconds: float = 120.0
    """How long one file may wait for its store; that time is the store's, not the file's."""
    memory_bytes: int = 2_147_483_648
    """Address space of a worker beyond what it uses when it starts (RLIMIT_AS)."""
    read_bytes: int = 268_435_456
    """Bytes fetched from the store for one file."""
    result_bytes: int = 16 * 1024 * 1024
    """Bytes of one file's encoded outcome."""
    files_per_worker: int = 2_000
    """Files after which a worker process is replaced by a fresh one."""

    def seconds_for(self, size: int) -> float:
        """Processor time for a file of so many bytes: what is honest about a small file takes no time."""
        return min(self.seconds, _SMALL_FILE_SECONDS + size * _SECONDS_PER_BYTE)
