"""Progress of work that a command does itself, on standard error, while that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bindery.printable import printable


@contextmanager
def progress_shown() -> Iterator[Callable[[str, int, int], None]]:
    """Within, ``show(doing, done, total)`` draws one bar after the other; a total of 0 is not known."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as display:
        line = display.add_task("", total=None)
        current = ""

        def show(doing: str, done: int, total: int) -> None:
            nonlocal current
            if doing != current:
                current = doing
                display.reset(line, description=printable(doing), total=total or None)
            display.update(line, completed=done, total=total or None)

        yield show
