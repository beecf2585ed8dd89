"""Which threads leave the processors to others when there is more to do than they can."""

from __future__ import annotations

import os
import sys


def be_nice(steps: int) -> None:
    """Lower the priority of the calling thread alone by so many steps of ``nice``, for good: only the superuser may
    raise it again. Does nothing where the system knows of priorities of whole processes only."""
    if sys.platform == "linux":  # 0 is the calling thread there, whatever POSIX says
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + steps)
