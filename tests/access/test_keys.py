"""Access keys: where they come from, and what a broken file does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bindery.access.keys import (
    AccessKeys,
    KeysUnusable,
    add_key,
    make_key,
    read_keys,
    read_root_key,
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


def test_the_file_of_further_keys_can_be_written_by_hand(tmp_path: Path) -> None:
    keys = AccessKeys(tmp_path, account_id="1")
    (tmp_path / "access-keys.json").write_text(
        json.dumps(
            [{"AccessKeyId": "a", "AccessKeySecret": "s"}, {"AccessKeyId": "b", "AccessKeySecret": "t"}]
        )
    )
    assert [getattr(keys.find(name), "secret", None) for name in ("a", "b", "c")] == ["s", "t", None]
