"""A server that dies at any one of the writes of a binding's life, just before or just after it: the next
server ends with the dataset equal to the bucket and with balanced books."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sync_room import Room, folder_address, write

from bindery.catalog.records import BindingPhase, BindingState, Outcome

READS = {
    "get",
    "get_by_id",
    "list",
    "walk",
    "walk_outside",
    "search",
    "find",
    "pending",
    "oldest",
    "awaited",
}
OBJECTS = 12


class DyingCatalog:
    """Within the catalog of a room, which calls it from one thread at a time: the room's server dies at the
    write with the number ``at``, ``after`` it or before it."""

    def __init__(self, room: Room, at: int, *, after: bool) -> None:
        self._room, self._catalog = room, room.catalog._catalog
        self._at, self._after, self._writes = at, after, 0
        self.died = False

    def __getattr__(self, noun: str) -> Any:
        found = getattr(self._catalog, noun)
        return found if noun in ("close", "servers") else _Noun(self, found)

    def _write(self, write_it: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        self._writes += 1
        dies = self._writes == self._at
        result = None if dies and not self._after else write_it(*args, **keywords)
        if dies:
            self._room.catalog._alive = False
            self.died = True
            raise RuntimeError("this server was killed")
        return result


class _Noun:
    """One noun of the catalog, whose writes are counted."""

    def __init__(self, dying: DyingCatalog, noun: Any) -> None:
        self._dying, self._noun = dying, noun

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._noun, name)
        return found if name in READS else partial(self._dying._write, found)


def first_state(bucket: Path) -> None:
    for number in range(OBJECTS):
        write(bucket / f"k{number:02d}.bin", f"\0first {number}", age=10)


def change(bucket: Path) -> None:
    """Overwrites, removals, renames and a new object. Done again it changes nothing."""
    for number in range(3):
        write(bucket / f"k{number:02d}.bin", f"\0second, longer {number}")
    for number in range(3, 6):
        (bucket / f"k{number:02d}.bin").unlink(missing_ok=True)
    for number in range(6, 8):
        source = bucket / f"k{number:02d}.bin"
        if source.exists():
            source.rename(bucket / f"renamed{number:02d}.bin")
    write(bucket / "new.bin", "\0new")


def change_while_stopped(bucket: Path) -> None:
    write(bucket / "k08.bin", "\0while it was stopped")
    (bucket / "k09.bin").unlink(missing_ok=True)


def is_settled(room: Room, bucket: Path) -> bool:
    """The binding follows, and ledger and dataset tell of the files as they are."""
    binding = room.binding("media")
    if (binding.state, binding.phase) != (BindingState.RUNNING, BindingPhase.INCREMENTAL_SCANNING):
        return False
    files = {path.name: path.stat().st_size for path in bucket.iterdir()}
    rows = {key: row.size for key, row in room.live("media").items() if row.outcome is Outcome.INDEXED}
    entries = {uri.removeprefix("oss://media/"): fields["Size"] for uri, fields in room.documents().items()}
    return rows == files == entries


def live(room: Room, bucket: Path) -> None:
    """The whole life. Raises RuntimeError when the server dies within it."""
    room.bind("media")
    room.wait(lambda: is_settled(room, bucket))
    change(bucket)
    room.wait(lambda: is_settled(room, bucket))
    room.engine.stop_binding(room.binding("media"), "a pause")
    change_while_stopped(bucket)
    room.engine.resume_binding(room.binding("media"))
    room.wait(lambda: is_settled(room, bucket))


def live_and_die(folder: Path, at: int, *, after: bool) -> bool:
    """Whether the server died at that write; the next one is compared."""
    data, bucket = folder / "data", folder / "bucket"
    first_state(bucket)
    addresses = {"media": folder_address(bucket)}
    room = Room(data, addresses, start=False)
    room.make_dataset()
    dying = DyingCatalog(room, at, after=after)
    room.catalog._catalog = dying  # type: ignore[assignment]
    with suppress(RuntimeError):
        live(room, bucket)
    room.kill()
    change(bucket)
    change_while_stopped(bucket)
    room = Room(data, addresses)
    if not room.catalog.bindings.list():
        room.bind("media")
    elif room.binding("media").state is BindingState.STOPPED:
        room.engine.resume_binding(room.binding("media"))
    room.wait(lambda: is_settled(room, bucket))
    room.engine.stop_binding(room.binding("media"), "to be compared")
    room.check_books("media")
    room.close()
    return dying.died


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_death_at_every_write(tmp_path: Path, after: bool) -> None:
    survived = next(at for at in count(1) if not live_and_die(tmp_path / str(at), at, after=after))
    assert survived > 10, "the life has become shorter than it was meant to be"
