"""The data folder is made and mended for its owner alone, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from bindery.data_folder import (
    DataFolderUnusable,
    find_server_address,
    open_data_folder,
    write_server_address,
)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_one_with_its_parents(tmp_path: Path) -> None:
    open_data_folder(tmp_path / "var" / "data")
    assert mode(tmp_path / "var" / "data") == 0o700


def test_an_open_one_is_mended_and_what_is_not_ours_is_left(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "index").mkdir(parents=True)
    ours = [
        data / "catalog.db",
        data / "catalog.db-wal",
        data / "index" / "1-1.duckdb",
        data / "buckets.json",
    ]
    others = [data / "server.log", tmp_path / "elsewhere"]
    for path in (*ours, *others):
        path.write_text("")
        path.chmod(0o644)
    (data / "catalog.db-link").symlink_to(tmp_path / "elsewhere")
    data.chmod(0o755)
    open_data_folder(data)
    assert mode(data) == 0o700
    assert [mode(path) for path in ours] == [0o600] * 4
    assert mode(data / "index") == 0o700
    assert [mode(path) for path in others] == [0o644] * 2


def test_a_link_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o755)
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    open_data_folder(tmp_path / "data")
    assert mode(tmp_path / "disk") == 0o700


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nowhere"])
def test_one_that_can_not_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderUnusable, match="--data"):
        open_data_folder(tmp_path / place)


def test_who_looks_for_the_server_while_its_address_is_written_finds_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_server_address(tmp_path, "http://127.0.0.1:1")
    seen = []

    def write_slowly(path: Path, text: str) -> None:
        for part in ("", text[:9], text):
            path.write_bytes(part.encode())
            seen.append(find_server_address(tmp_path))

    monkeypatch.setattr(Path, "write_text", write_slowly)
    write_server_address(tmp_path, "http://127.0.0.1:2")
    assert seen == ["http://127.0.0.1:1"] * 3
    assert find_server_address(tmp_path) == "http://127.0.0.1:2"
    assert [path.name for path in tmp_path.iterdir()] == ["server-address"]
