"""Figures of the benchmarks: each is told in a line, and kept for the table of ``bench/table.py``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

KEPT_IN = "BINDERY_FIGURES"
"""Environment variable: the file that takes a JSON object a line for each figure; unset, they are only printed."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured, beside a peer or a limit of the same run (or beside a budget, where there is neither)."""

    what: str
    measured: str
    """With its unit: ``1,700 files/s``."""
    against: str
    """The peer or the limit, with its own figure: ``exiftool -stay_open, 145 files/s``."""
    ratio: float
    """Measured to peer, in the order that ``goal`` is told in."""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        """``≥ 20``, ``≤ 2``, or nothing where there is no goal."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    @property
    def is_met(self) -> bool | None:
        """Whether the ratio keeps to its goal; None without a goal."""
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return None if self.at_most is None else self.ratio <= self.at_most


def tell(figure: Figure) -> None:
    """Print a figure, and keep it where ``BINDERY_FIGURES`` says."""
    goal = f"   goal {figure.goal}" if figure.goal else ""
    print(f"{figure.what}: {figure.measured}, {shown(figure.ratio)} of {figure.against}{goal}", flush=True)
    if file := os.environ.get(KEPT_IN):
        with Path(file).open("a", encoding="utf-8") as kept:
            kept.write(json.dumps(asdict(figure)) + "\n")


def read(file: Path) -> list[Figure]:
    """What the benchmarks of a run have kept; none when the file was never written."""
    if not file.exists():
        return []
    return [Figure(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def shown(ratio: float) -> str:
    """Three digits that matter: ``0.047``, ``1.76``, ``13.9``, ``1,230``."""
    if ratio >= 100:
        return f"{ratio:,.0f}"
    return f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"
