"""Nonces: kept while they matter, on disk and in memory, and no longer."""

from __future__ import annotations

import errno
import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.own_threads import replace_here

from bindery.access import nonces as module
from bindery.access.nonces import NonceRefused, Nonces

NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_here(monkeypatch, module.time, "time", lambda: float(NOW))


@pytest.fixture
def nonces(tmp_path: Path) -> Iterator[Nonces]:
    made = Nonces(tmp_path)
    yield made
    made.close()


def files(data: Path) -> list[Path]:
    return sorted((data / "used-nonces").iterdir())


def test_a_nonce_passes_once(nonces: Nonces) -> None:
    assert nonces.use("key", "a", now=NOW, expires=NOW + 900)
    assert not nonces.use("key", "a", now=NOW, expires=NOW + 900)
    assert not nonces.use("key", "a", now=NOW + 60, expires=NOW + 960), "also with another time"
    assert nonces.use("key", "b", now=NOW, expires=NOW + 900)
    assert nonces.use("other", "a", now=NOW, expires=NOW + 900)


def test_key_and_nonce_do_not_run_together(nonces: Nonces) -> None:
    assert nonces.use("ab", "c", now=NOW, expires=NOW + 900)
    assert nonces.use("a", "bc", now=NOW, expires=NOW + 900)


def test_expired_nonces_leave_memory_and_disk(nonces: Nonces, tmp_path: Path) -> None:
    for minute in range(200):
        now = NOW + 60 * minute
        assert nonces.use("key", f"n{minute}", now=now, expires=now + 900)
    assert len(files(tmp_path)) <= 17
    assert not nonces.use("key", "n199", now=NOW + 60 * 199, expires=NOW + 60 * 199 + 900)


def test_a_restart_keeps_what_still_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Nonces(tmp_path)
    assert first.use("key", "short", now=NOW, expires=NOW + 60)
    assert first.use("key", "long", now=NOW, expires=NOW + 3_600)
    replace_here(monkeypatch, module.time, "time", lambda: NOW + 1_800.0)
    second = Nonces(tmp_path)
    assert not second.use("key", "long", now=NOW + 1_800, expires=NOW + 2_700)
    assert len(files(tmp_path)) == 1


def test_files_of_the_form_before_are_read_and_removed_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They held the digests alone, in a file that was called by the minute of expiry."""
    folder = tmp_path / "used-nonces"
    folder.mkdir()
    for minutes, nonce in ((15, "a"), (30, "b")):
        digest = hashlib.blake2b(f"key\0{nonce}".encode(), digest_size=8).digest()
        (folder / str(NOW // 60 + minutes)).write_bytes(digest + b"ha")
    nonces = Nonces(tmp_path)
    assert not nonces.use("key", "a", now=NOW, expires=NOW + 900)
    assert not nonces.use("key", "b", now=NOW, expires=NOW + 900)
    assert nonces.use("key", "c", now=NOW, expires=NOW + 900)
    later = NOW + 60 * 20
    assert nonces.use("key", "d", now=later, expires=later + 900)
    assert [path.name for path in files(tmp_path)] == [
        str(NOW // 60 + 30),
        f"{(later + 900) // 60}.uses",
    ]
    nonces.close()


def test_nonces_are_bounded_for_each_holder_also_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SHARE", 10)
    nonces = Nonces(tmp_path)
    for number in range(10):
        key = f"STS.{number}"
        assert nonces.use(key, "n", holder="role", now=NOW, expires=NOW + 900)
    for tried in (nonces, Nonces(tmp_path)):
        with pytest.raises(NonceRefused, match="wait some minutes"):
            tried.use("STS.10", "n", holder="role", now=NOW, expires=NOW + 900)
        assert not tried.use("STS.9", "n", holder="role", now=NOW, expires=NOW + 900), (
            "a replay all the same"
        )
        nonce = "first" if tried is nonces else "second"
        assert tried.use("other", nonce, now=NOW, expires=NOW + 900)
    later = NOW + 60 * 30
    assert nonces.use("STS.10", "n", holder="role", now=later, expires=later + 900), "the others expired"
    assert nonces._counts.total() == 1


def test_nonces_of_all_are_bounded_and_leave_everybody_a_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 20)
    monkeypatch.setattr(module, "_ALWAYS", 3)
    nonces = Nonces(tmp_path)
    for number in range(20):
        assert nonces.use("greedy", f"n{number}", now=NOW, expires=NOW + 900)
    for holder in ("greedy", "modest", "another"):
        for number in range(3 if holder != "greedy" else 0):
            assert nonces.use(holder, f"n{number}", now=NOW, expires=NOW + 900)
        with pytest.raises(NonceRefused):
            nonces.use(holder, "one more", now=NOW, expires=NOW + 900)
    nonces.close()


def test_half_a_record_left_by_a_kill_harms_nothing(tmp_path: Path) -> None:
    first = Nonces(tmp_path)
    assert first.use("key", "a", now=NOW, expires=NOW + 900)
    with files(tmp_path)[0].open("ab") as file:
        file.write(b"abc")
    second = Nonces(tmp_path)
    assert not second.use("key", "a", now=NOW, expires=NOW + 900)
    assert second.use("key", "b", now=NOW, expires=NOW + 900)
    third = Nonces(tmp_path)
    assert not third.use("key", "a", now=NOW, expires=NOW + 900)
    assert not third.use("key", "b", now=NOW, expires=NOW + 900)


def test_nothing_is_accepted_after_the_end(nonces: Nonces) -> None:
    """Closed twice it leaves alone who has its file's number by then."""
    assert nonces.use("key", "before", now=NOW, expires=NOW + 900)
    nonces.close()
    nonces.close()
    assert not nonces.use("key", "a", now=NOW, expires=NOW + 900)


def test_the_files_are_private(nonces: Nonces, tmp_path: Path) -> None:
    nonces.use("key", "a", now=NOW, expires=NOW + 900)
    assert [path.stat().st_mode & 0o777 for path in files(tmp_path)] == [0o600]


def fill_disk(data: Path, expires: int) -> Path:
    """Nothing can be written for this time of expiry any more."""
    path = data / "used-nonces" / f"{expires // 60}.uses"
    path.symlink_to("/dev/full")
    return path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_on_a_full_disk_nonces_are_kept_in_memory_and_written_later(tmp_path: Path) -> None:
    nonces = Nonces(tmp_path)
    full = fill_disk(tmp_path, NOW + 900)
    assert nonces.problem == ""
    assert nonces.use("key", "a", now=NOW, expires=NOW + 900)
    assert not nonces.use("key", "a", now=NOW, expires=NOW + 900)
    assert "No space left on device" in nonces.problem
    full.unlink()
    assert nonces.use("key", "b", now=NOW, expires=NOW + 960)
    assert nonces.problem != "", "the first is not written yet: its file is open still"
    nonces.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_what_could_not_be_written_is_written_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    nonces = Nonces(tmp_path)
    with monkeypatch.context() as full:  # stands in for a disk without room
        replace_here(full, module.os, "write", refuse)
        for number in range(3):
            assert nonces.use("key", f"n{number}", now=NOW, expires=NOW + 60 * number + 900)
    assert nonces.problem
    assert nonces.use("key", "after", now=NOW, expires=NOW + 900)
    assert nonces.problem == ""
    again = Nonces(tmp_path)
    for nonce in ("n0", "n1", "n2", "after"):
        assert not again.use("key", nonce, now=NOW, expires=NOW + 900)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_what_is_kept_in_memory_alone_is_bounded_for_each_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SHARE_UNWRITTEN", 10)
    monkeypatch.setattr(module, "_MOST_UNWRITTEN", 16)
    nonces = Nonces(tmp_path)
    fill_disk(tmp_path, NOW + 900)
    for number in range(10):
        assert nonces.use("greedy", f"n{number}", now=NOW, expires=NOW + 900)
    with pytest.raises(NonceRefused, match="make room"):
        nonces.use("greedy", "n10", now=NOW, expires=NOW + 900)
    assert not nonces.use("greedy", "n9", now=NOW, expires=NOW + 900)
    for number in range(6):
        assert nonces.use("modest", f"n{number}", now=NOW, expires=NOW + 900)
    with pytest.raises(NonceRefused):
        nonces.use("modest", "n6", now=NOW, expires=NOW + 900)
    nonces.close()


def test_a_nonce_takes_few_bytes_of_memory(tmp_path: Path) -> None:
    nonces = Nonces(tmp_path)
    tracemalloc.start()
    for number in range(50_000):
        nonces.use("key", f"n{number}", now=NOW, expires=NOW + 900 + number % 60)
    ours = [tracemalloc.Filter(True, str(Path(module.__file__).parent / "*"))]  # and of no other thread
    held = sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(ours).traces)
    tracemalloc.stop()
    nonces.close()
    assert 8 <= held / 50_000 < 20


def test_many_nonces_of_many_minutes_are_all_known(nonces: Nonces) -> None:
    """Also where the end of one digest and the beginning of the next make a third one."""
    for number in range(5_000):
        assert nonces.use("key", f"n{number}", now=NOW, expires=NOW + number % 1_800)
    for number in range(5_000):
        assert not nonces.use("key", f"n{number}", now=NOW, expires=NOW + 900)
    digests = [bytes(8), bytes([0, 0, 0, 0, 0, 0, 0, 1])]
    assert module._holds(bytearray(b"".join(digests)), digests[1])
    assert not module._holds(
        bytearray(bytes([0, 1, 2, 3, 4, 5, 6, 7]) * 2), bytes([4, 5, 6, 7, 0, 1, 2, 3])
    )


def test_a_disk_with_little_room_is_told_before_it_is_full(
    nonces: Nonces, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nonces.find_problem() == ""
    monkeypatch.setattr(module, "_LITTLE_ROOM", 2**80)
    assert nonces.find_problem().startswith("The disk of the data folder is full")
