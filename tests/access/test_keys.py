"""Access keys: where they come from, and what a broken file does."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bindery.access.keys import (
    AccessKeys,
    KeysUnusable,
    add_key,
    further_keys,
    make_key,
    read_keys,
    read_root_key,
    remove_key,
    set_active,
)


@pytest.fixture(autouse=True)
def no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BINDERY_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("BINDERY_ACCESS_KEY_SECRET", raising=False)


def test_the_root_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first = AccessKeys(tmp_path, account_id="1")
    assert first.newly_made is not None
    second = AccessKeys(tmp_path, account_id="1")
    assert second.newly_made is None
    assert second.find(first.newly_made.id) == first.newly_made == read_root_key(tmp_path)
    assert (tmp_path / "root-key.json").stat().st_mode & 0o777 == 0o600


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", "secret")
    keys = AccessKeys(tmp_path, account_id="1")
    found = keys.find("mine")
    assert found is not None
    assert (found.secret, keys.newly_made) == ("secret", None)
    assert not (tmp_path / "root-key.json").exists()


def test_half_a_key_in_the_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", "mine")
    with pytest.raises(KeysUnusable, match="set both"):
        AccessKeys(tmp_path, account_id="1")


def test_a_broken_root_key_is_never_replaced_by_itself(tmp_path: Path) -> None:
    (tmp_path / "root-key.json").write_text("{")
    with pytest.raises(KeysUnusable, match="restore it"):
        AccessKeys(tmp_path, account_id="1")
    assert (tmp_path / "root-key.json").read_text() == "{"


def test_keys_have_the_vendors_lengths_and_differ() -> None:
    first, second = make_key(), make_key()
    assert (len(first.id), len(first.secret), first.id[:4]) == (24, 30, "LTAI")
    assert first != second


def test_a_broken_file_of_further_keys_changes_nothing(tmp_path: Path) -> None:
    keys = AccessKeys(tmp_path, account_id="1")
    key = add_key(tmp_path)
    assert keys.find(key.id) == key
    (tmp_path / "access-keys.json").write_text("[{]")
    assert keys.find(key.id) == key, "a file that is being edited must not lock everybody out"
    with pytest.raises(KeysUnusable, match="cannot be read"):
        add_key(tmp_path)
    assert (tmp_path / "access-keys.json").read_text() == "[{]"


def test_further_keys_are_gone_when_their_file_is(tmp_path: Path) -> None:
    keys = AccessKeys(tmp_path, account_id="1")
    key = add_key(tmp_path)
    assert keys.find(key.id) is not None
    (tmp_path / "access-keys.json").unlink()
    assert keys.find(key.id) is None


def test_disabling_a_key(tmp_path: Path) -> None:
    kept, disabled = add_key(tmp_path), add_key(tmp_path)
    assert set_active(tmp_path, disabled.id, active=False)
    assert not set_active(tmp_path, "nobody", active=False)
    assert [(key.id, key.active) for key in read_keys(tmp_path / "access-keys.json")] == [
        (kept.id, True),
        (disabled.id, False),
    ]


def test_removing_a_key(tmp_path: Path) -> None:
    kept, removed = add_key(tmp_path), add_key(tmp_path)
    assert remove_key(tmp_path, removed.id)
    assert not remove_key(tmp_path, removed.id)
    assert further_keys(tmp_path) == [kept]


def test_changes_at_the_same_time_lose_no_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: add_key(tmp_path), range(40)))
    assert {key.id for key in further_keys(tmp_path)} == {key.id for key in made}


def test_a_change_within_one_tick_of_the_clock_is_noticed(tmp_path: Path) -> None:
    keys = AccessKeys(tmp_path, account_id="1")
    key = add_key(tmp_path)
    path = tmp_path / "access-keys.json"
    before = path.stat().st_mtime_ns
    assert keys.find(key.id) == key
    remove_key(tmp_path, key.id)
    os.utime(path, ns=(before, before))
    assert keys.find(key.id) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_keys_that_root_adds_belong_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 65_534, 65_534)
    add_key(tmp_path)
    status = (tmp_path / "access-keys.json").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (65_534, 65_534, 0o600)


def test_the_file_of_further_keys_can_be_written_by_hand(tmp_path: Path) -> None:
    keys = AccessKeys(tmp_path, account_id="1")
    (tmp_path / "access-keys.json").write_text(
        json.dumps(
            [{"AccessKeyId": "a", "AccessKeySecret": "s"}, {"AccessKeyId": "b", "AccessKeySecret": "t"}]
        )
    )
    assert [getattr(keys.find(name), "secret", None) for name in ("a", "b", "c")] == ["s", "t", None]
