"""The root key: where it comes from, and what a broken file does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bindery.access.keys import (
    KeysUnusable,
    make_key,
    make_session_key_id,
    open_root_key,
    read_root_key,
    write_private,
)


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINDERY_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("BINDERY_ACCESS_KEY_SECRET", raising=False)


def test_the_root_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first, made = open_root_key(tmp_path)
    assert made
    assert open_root_key(tmp_path) == (first, False)
    assert read_root_key(tmp_path) == first
    assert (tmp_path / "root-key.json").stat().st_mode & 0o777 == 0o600


def test_root_keys_of_earlier_releases_are_read(tmp_path: Path) -> None:
    (tmp_path / "root-key.json").write_text(
        '{"AccessKeyId":"LTAIold","AccessKeySecret":"s","Active":true,"Label":""}'
    )
    key, _ = open_root_key(tmp_path)
    assert (key.id, key.secret) == ("LTAIold", "s")


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", "secret")
    key, made = open_root_key(tmp_path)
    assert (key.id, key.secret, made) == ("mine", "secret", False)
    assert not (tmp_path / "root-key.json").exists()


def test_half_a_key_in_the_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "mine")
    with pytest.raises(KeysUnusable, match="set both"):
        open_root_key(tmp_path)


def test_a_broken_root_key_is_never_replaced_by_itself(tmp_path: Path) -> None:
    (tmp_path / "root-key.json").write_text("{")
    with pytest.raises(KeysUnusable, match="restore it"):
        open_root_key(tmp_path)
    assert (tmp_path / "root-key.json").read_text() == "{"


def test_keys_have_the_vendors_lengths_and_differ() -> None:
    first, second = make_key(), make_key()
    assert (len(first.id), len(first.secret), first.id[:4]) == (24, 30, "LTAI")
    assert first != second
    assert make_session_key_id()[:4] == "STS."
    assert make_session_key_id() != make_session_key_id()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_files_that_root_writes_belong_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 65_534, 65_534)
    write_private(tmp_path / "file", b"content")
    status = (tmp_path / "file").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (65_534, 65_534, 0o600)
