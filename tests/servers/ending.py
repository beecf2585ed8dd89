"""The end of servers whose tests were killed, and so cannot end them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from os import PathLike

Argument = str | PathLike[str]


def ends_with_us(command: Sequence[Argument], *options: str, by: str = "KILL") -> list[Argument]:
    """The same command, which the kernel sends a signal when this process ends, however that comes about.

    ``options`` are further ones of setpriv(1); who drops rights must do it there, for that forgets the signal. What
    counts is the thread that starts the command (prctl(2)): it must go on for as long as the server is wanted.
    Elsewhere than on Linux servers outlive tests that are killed.
    """
    if shutil.which("setpriv") is None:
        return list(command)
    return ["setpriv", *options, "--pdeathsig", by, *command]
