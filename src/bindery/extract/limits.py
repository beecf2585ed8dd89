"""What one file may cost before it is given up."""

from __future__ import annotations

from typing import Annotated

import msgspec

_SMALL_FILE_SHARE = 0.1
_SHARE_PER_BYTE = 0.06 / (1024 * 1024)
"""Of the time limit: 3 seconds and 2 for each MiB, when the limit is 30 seconds."""


class ExtractionLimits(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={
        "seconds": "time_limit",
        "store_seconds": "store_time_limit",
        "memory_bytes": "memory_limit",
        "read_bytes": "read_limit",
        "result_bytes": "result_limit",
        "files_per_worker": "recycle_after",
    },
):
    """Limits per file and per worker process. Every limit ends one file, never a scan.

    They are settings of ``[extraction]``, under the names there.
    """

    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 30.0
    """Seconds of processor time one file may take; small files get less."""
    store_seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 120.0
    """Seconds one file may wait for its store; that time is the store's, not the file's."""
    memory_bytes: Annotated[int, msgspec.Meta(ge=134_217_728, le=2**50)] = 2_147_483_648
    """Bytes of address space a worker may use beyond what it uses when it starts (RLIMIT_AS)."""
    read_bytes: Annotated[int, msgspec.Meta(ge=65_536, le=2**40)] = 268_435_456
    """Bytes that may be read of one file."""
    result_bytes: Annotated[int, msgspec.Meta(ge=65_536, le=2**30)] = 16_777_216
    """Bytes of what is found in one file, its text included."""
    files_per_worker: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] = 2_000
    """Files after which a worker process is replaced."""

    def plain(self) -> ExtractionLimits:
        """These limits alone, without what a configuration has beside them; so they travel to workers."""
        return ExtractionLimits(
            **{name: getattr(self, name) for name in ExtractionLimits.__struct_fields__}
        )

    def seconds_for(self, size: int) -> float:
        """Processor time for a file of so many bytes: what is honest about a small file takes no time."""
        return self.seconds * min(1.0, _SMALL_FILE_SHARE + size * _SHARE_PER_BYTE)
