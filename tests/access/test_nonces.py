"""Nonces: kept while they matter, on disk and in memory, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bindery.access import nonces as module
from bindery.access.nonces import Nonces

NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "time", lambda: float(NOW))


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
    monkeypatch.setattr(module.time, "time", lambda: NOW + 1_800.0)
    second = Nonces(tmp_path)
    assert not second.use("key", "long", now=NOW + 1_800, expires=NOW + 2_700)
    assert len(files(tmp_path)) == 1


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
    nonces.close()
    nonces.close()
    assert not nonces.use("key", "a", now=NOW, expires=NOW + 900)


def test_the_files_are_private(nonces: Nonces, tmp_path: Path) -> None:
    nonces.use("key", "a", now=NOW, expires=NOW + 900)
    assert [path.stat().st_mode & 0o777 for path in files(tmp_path)] == [0o600]
