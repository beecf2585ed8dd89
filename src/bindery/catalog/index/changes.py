"""How the index follows the record: numbered changes of each dataset, and documents by URI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec


class Change(msgspec.Struct, frozen=True, gc=False):
    """The newest state of one entry. A later change of the same entry replaces an earlier one."""

    sequence: int
    dataset_id: int
    uri: str
    document: bytes | None
    """JSON of the File; None when the entry was removed."""
    text: str | None
    """Text of a document, for FuzzyQuery."""
    is_new: bool = False
    """Nothing was known of the entry before this change: whoever has not applied it has no row of the entry."""

    @property
    def size(self) -> int:
        """Bytes of the document and characters of the text, which are nearly all that it holds."""
        return len(self.document or b"") + len(self.text or "")


class ChangePage(NamedTuple):
    """Some of the changes, as they were at one moment."""

    changes: list[Change]
    is_last: bool
    """Whether there was none behind them. As long as there is, an entry may be missing that has been there all the
    time: whoever changes it moves it behind all others."""


class ChangeSource(Protocol):
    """The record, as the index sees it. The numbers of a dataset's changes are committed in ascending order."""

    @property
    def shared(self) -> bool:
        """Whether indexes of other servers follow it, too: they may have removed entries forgotten."""

    def identity(self) -> str:
        """A random text that tells this record from every other."""

    def newest_numbers(self) -> dict[int, int]:
        """The number of the newest committed change of each dataset, 0 where there was none; never goes back."""

    def newest(self, dataset_id: int) -> int:
        """The number of the newest change of a dataset that is still known; 0 when there is none."""

    def count(self, dataset_id: int) -> int:
        """How many changes of a dataset are known: its entries, and removed ones that are not forgotten."""

    def changes_after(self, dataset_id: int, sequence: int, limit: int) -> ChangePage:
        """Changes of a dataset with greater numbers, ascending: up to ``limit``, fewer when they are large."""

    def documents(self, dataset_id: int, uris: Sequence[str], most_bytes: int) -> tuple[list[bytes], int]:
        """Documents of those entries that exist, in the order asked, until they have so many bytes; and of how
        many URIs that is, one at least."""

    def uris(self, dataset_id: int, prefix: str, after: str, limit: int) -> list[str]:
        """Of entries that exist and whose URI starts with ``prefix``, behind ``after``, by UTF-8 bytes."""

    def searched(self, dataset_id: int, uri: str) -> Change | None:
        """The newest state of an entry, its document only when it is large; None for an unknown one."""

    def check_dataset(self, dataset_id: int) -> None:
        """Raises NotFound for a dataset that does not exist."""

    def purge_tombstones(self, dataset_id: int, sequence: int) -> None:
        """Forget the removed entries of a dataset up to a sequence that has been applied."""

    def purged_sequence(self, dataset_id: int) -> int:
        """An index that has applied less than this has missed removals and must be built anew."""
