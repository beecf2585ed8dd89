"""``bindery keys``: who may call a server, told by its data folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bindery.access.keys import AccessKeys, read_root_key
from bindery.cli.client import ApiError, Client
from bindery.cli.main import main


def run(data: Path, *words: str, expect: int = 0) -> Result:
    done = CliRunner().invoke(main, ["keys", *words, "--data", str(data)], env={"COLUMNS": "200"})
    assert done.exit_code == expect, done.output
    return done


def made(data: Path) -> dict[str, str]:
    answer: dict[str, str] = json.loads(run(data, "add", "--json").stdout)
    return answer


def listed(data: Path) -> dict[str, tuple[str, bool]]:
    rows = json.loads(run(data, "list", "--json").stdout)
    return {row["AccessKeyId"]: (row["Kind"], row["Active"]) for row in rows}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a server that was started once."""
    monkeypatch.delenv("BINDERY_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("BINDERY_ACCESS_KEY_SECRET", raising=False)
    AccessKeys(tmp_path, account_id="1")
    return tmp_path


def root_of(data: Path) -> str:
    root = read_root_key(data)
    assert root is not None
    return root.id


def test_a_secret_is_shown_once(data: Path) -> None:
    said = run(data, "add").stdout
    key_id, secret = (line.partition("=")[2] for line in said.splitlines()[:2])
    assert (len(key_id), len(secret)) == (24, 30)
    for words in (["list"], ["list", "--json"], ["disable", key_id], ["enable", key_id]):
        assert secret not in run(data, *words).output
    assert key_id in run(data, "list").stdout
    assert (data / "access-keys.json").stat().st_mode & 0o777 == 0o600


def test_a_key_has_a_label(data: Path) -> None:
    run(data, "add", "--label", "ci \x1b[31m")
    assert "ci \\x1b[31m" in run(data, "list").stdout
    assert json.loads(run(data, "list", "--json").stdout)[-1]["Label"] == "ci \x1b[31m"


def test_keys_of_earlier_releases_are_read(data: Path) -> None:
    row = {"AccessKeyId": "LTAIold", "AccessKeySecret": "s", "Active": True}
    (data / "access-keys.json").write_text(json.dumps([row]))
    assert listed(data)["LTAIold"] == ("further", True)


def test_the_life_of_a_key(data: Path) -> None:
    first, second = made(data)["AccessKeyId"], made(data)["AccessKeyId"]
    root = root_of(data)
    run(data, "disable", first)
    assert listed(data) == {root: ("root", True), first: ("further", False), second: ("further", True)}
    run(data, "enable", first)
    run(data, "remove", second)
    assert listed(data) == {root: ("root", True), first: ("further", True)}
    run(data, "remove", first)
    assert listed(data) == {root: ("root", True)}


@pytest.mark.parametrize("command", ["disable", "enable", "remove"])
def test_keys_that_are_not_there(data: Path, command: str) -> None:
    assert "see: bindery keys list" in run(data, command, "nobody", expect=1).output
    assert "remove root-key.json" in run(data, command, root_of(data), expect=1).output


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert "--data" in run(tmp_path / "none", "add", expect=1).output
    assert not (tmp_path / "none").exists()


def test_a_broken_file_is_left_alone(data: Path) -> None:
    (data / "access-keys.json").write_text("[{]")
    assert "cannot be read as a list of access keys" in run(data, "add", expect=1).output
    assert (data / "access-keys.json").read_text() == "[{]"


@pytest.mark.server
def test_a_running_server_knows_a_change_with_the_next_call(start_server: Callable[..., Any]) -> None:
    server = start_server()
    key = made(server.data)
    client = Client(server.endpoint, key["AccessKeyId"], key["AccessKeySecret"])
    assert client.call("ListProjects")["Projects"] == []
    for command, code in (
        ("disable", "InvalidAccessKeyId.Inactive"),
        ("remove", "InvalidAccessKeyId.NotFound"),
    ):
        run(server.data, command, key["AccessKeyId"])
        with pytest.raises(ApiError) as raised:
            client.call("ListProjects")
        assert raised.value.code == code
        if command == "disable":
            run(server.data, "enable", key["AccessKeyId"])
            assert client.call("ListProjects")["Projects"] == []
