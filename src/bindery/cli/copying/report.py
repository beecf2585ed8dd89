"""What a copy has done, would do, or could not do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import click

from bindery.cli.output import say

_MOST_FAILURES = 100
"""That are shown; all are counted."""


class Report:
    """Counts by kind of thing and by what becomes of it. Without ``dry_run`` work is done, else only counted."""

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.counts: Counter[tuple[str, str]] = Counter()
        self.failures = 0

    def do(self, kind: str, name: str, what: str, work: Callable[[], object]) -> bool:
        """Do it and tell of it, or only tell; whether it is done, or would be. A refusal is told, and counted."""
        if not self.dry_run:
            try:
                work()
            except click.ClickException as error:
                self.fail(f"{kind} {name}", error)
                return False
        self.count(kind, what)
        say(f"{kind} {name}: {'would be ' if self.dry_run else ''}{what}")
        return True

    def count(self, kind: str, what: str, number: int = 1) -> None:
        """Things that need no line each."""
        self.counts[kind, what] += number

    def fail(self, name: str, error: click.ClickException) -> None:
        """It was refused; the others go on."""
        self.failures += 1
        if self.failures <= _MOST_FAILURES:
            say(f"{name}: not copied: {error.message}", err=True)

    def lines(self) -> list[str]:
        """A line a kind."""
        kinds = dict.fromkeys(kind for kind, _ in self.counts)
        lines = []
        for kind in kinds:
            told = ", ".join(
                f"{number:,} {what}" for (of, what), number in self.counts.items() if of == kind
            )
            lines.append(f"{kind}: {told}")
        return lines
