"""How much the audit log keeps."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bindery.ranges import DAY_SECONDS


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is recorded, and how long it is kept. Bytes and seconds."""

    all_calls: bool = False
    """Record every call; otherwise only changes, refusals, calls of RAM and STS, and changes of file entries."""
    file_size: Annotated[int, msgspec.Meta(ge=65_536, le=1_073_741_824)] = 16_777_216
    """Bytes of a file, after which the next is begun; each day begins one, too."""
    total_size: Annotated[int, msgspec.Meta(ge=1_048_576, le=1_099_511_627_776)] = 536_870_912
    """Bytes of all files: half for changes, a quarter each for refusals and for other calls; the oldest go."""
    retention: Annotated[float, msgspec.Meta(ge=3_600, le=3_650 * DAY_SECONDS)] = 180 * DAY_SECONDS
    """Seconds for which records are kept, in whole days."""
