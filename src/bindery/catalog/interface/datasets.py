"""Datasets. Names are unique in a project; a list ascends by name and resumes behind ``after``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bindery.catalog.records import Dataset, Limits, Statistics


class Datasets(Protocol):
    """The datasets of all projects."""

    def create(self, dataset: Dataset) -> Dataset:
        """``project_id`` is looked up by name. Raises NotFound, AlreadyExists, LimitExceeded."""

    def get(self, project_name: str, name: str) -> Dataset:
        """Raises NotFound for the project or the dataset."""

    def update(self, project_name: str, name: str, change: Callable[[Dataset], Dataset]) -> Dataset:
        """Read, change and write in one transaction. Raises NotFound."""

    def pass_on_limits(self, project_name: str, before: Limits, after: Limits) -> None:
        """Give each cap that differs to the datasets of the project that have the one of ``before``; by pages.
        Raises NotFound."""

    def delete(self, project_name: str, name: str) -> None:
        """Ends the calls of explicit indexing that wait for it. Raises NotFound, NotEmpty."""

    def statistics(self, project_name: str, name: str) -> Statistics:
        """Exact counts. Raises NotFound."""

    def list(
        self, project_name: str, *, prefix: str = "", after: str = "", limit: int = 100
    ) -> list[Dataset]:
        """Ascending by name. Raises NotFound for the project."""
