"""Bindings, and the commits of their work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bindery.catalog.records import Binding, ScanCommit


class Bindings(Protocol):
    """The bindings of all datasets."""

    def create(self, binding: Binding) -> Binding:
        """``dataset_id`` is looked up by name. Raises NotFound, AlreadyExists, LimitExceeded."""

    def get(self, project_name: str, dataset_name: str, bucket: str) -> Binding:
        """Raises NotFound for the project, the dataset or the binding."""

    def get_by_id(self, binding_id: int) -> Binding:
        """Raises NotFound."""

    def update(self, binding_id: int, change: Callable[[Binding], Binding]) -> Binding:
        """Read, change and write in one transaction; times are the caller's business. Raises NotFound."""

    def delete(self, binding_id: int, *, cleanup: bool = False) -> None:
        """End the binding at once; entries stay. With ``cleanup`` those go that a binding made of the bucket and no
        call of explicit indexing asked for. What is left of it goes by ``forget_deleted``. Raises NotFound."""

    def is_cleaned_up(self, dataset_id: int, bucket: str) -> bool:
        """Whether the entries that bindings made of a bucket are on their way out, by ``delete`` with ``cleanup``."""

    def forget_deleted(self, *, limit: int) -> bool:
        """Remove one page of what deleted bindings left (entries to clean up, ledger, tombstones), in one
        transaction; False when nothing is left. Goes on where it was after a restart."""

    def commit(self, work: ScanCommit) -> None:
        """Documents, ledger, tombstones, cursor and books, in one transaction. Raises NotFound, LimitExceeded."""

    def list(
        self,
        *,
        project_name: str | None = None,
        dataset_name: str | None = None,
        bucket: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int | None = None,
    ) -> list[Binding]:
        """Ascending by project, dataset, bucket; ``after`` is (dataset, bucket) within a project.
        All None lists every binding of the server. Raises NotFound for a named project or dataset."""
