"""Thumbnails on disk."""

from __future__ import annotations

import os
from pathlib import Path

from bindery.sync.previews import Thumbnails


def name_of(number: int) -> str:
    return f"{number:064x}"[::-1]


def test_what_is_kept_is_found(tmp_path: Path) -> None:
    kept = Thumbnails(tmp_path / "t", 100_000)
    assert kept.find(name_of(1)) is None
    kept.keep(name_of(1), b"picture")
    kept.keep(name_of(2), b"")
    assert Thumbnails(tmp_path / "t", 100_000).find(name_of(1)) == b"picture"
    assert kept.find(name_of(2)) == b""
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o700
    assert not [path for path in (tmp_path / "t").rglob("*") if path.stat().st_mode & 0o077]


def names_on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_those_that_were_not_looked_at_for_longest_go(tmp_path: Path) -> None:
    one = 4_096 + 512
    kept = Thumbnails(tmp_path / "t", 10 * one)
    for number in range(10):
        kept.keep(name_of(number), b"x" * 100)
        path = tmp_path / "t" / name_of(number)[:2] / name_of(number)[2:]
        os.utime(path, (number, number))
    assert len(names_on_disk(tmp_path / "t")) == 10
    assert kept.find(name_of(0))  # which makes it the youngest
    kept.keep(name_of(10), b"x" * 100)
    assert kept.find(name_of(0))
    assert kept.find(name_of(10))
    assert kept.find(name_of(1)) is None
    assert len(names_on_disk(tmp_path / "t")) <= 9


def test_files_of_which_nothing_can_be_shown_are_bounded_too(tmp_path: Path) -> None:
    kept = Thumbnails(tmp_path / "t", 20 * 512)
    for number in range(200):
        kept.keep(name_of(number), b"")
        assert len(names_on_disk(tmp_path / "t")) <= 20
    assert kept.find(name_of(199)) == b""


def test_what_an_earlier_server_left_counts(tmp_path: Path) -> None:
    earlier = Thumbnails(tmp_path / "t", 1_000_000)
    for number in range(30):
        earlier.keep(name_of(number), b"x" * 5_000)
    later = Thumbnails(tmp_path / "t", 10 * (8_192 + 512))
    later.keep(name_of(30), b"x" * 5_000)
    assert len(names_on_disk(tmp_path / "t")) <= 9
    assert later.find(name_of(30))
