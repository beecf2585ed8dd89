"""``bindery`` as it is, but for the time of day, to which the seconds in a file are added; they may change meanwhile.

    python moved_clock.py FILE serve …

It stands in for waiting: a security token is good for 15 minutes at least. Worker processes keep the true time, as
does what measures pauses. And bodies may come as slowly as tests on a busy machine send them.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

_BODY_SECONDS = 600.0


def move_clock(file: Path) -> None:
    """From now on ``time.time`` and ``time.time_ns`` are ahead by the seconds in the file, or behind.

    Who changes the file replaces it as a whole.
    """
    true_time_ns = time.time_ns

    def moved_ns() -> int:
        return true_time_ns() + int(file.read_text("ascii")) * 1_000_000_000

    time.time_ns = moved_ns
    time.time = lambda: moved_ns() / 1_000_000_000


if __name__ == "__main__":
    move_clock(Path(sys.argv.pop(1)))
    from bindery import app  # not before: nothing may remember the true clock
    from bindery.cli.main import main

    app.HttpLimits = partial(app.HttpLimits, body_seconds=_BODY_SECONDS)  # type: ignore[assignment, misc]
    main()
