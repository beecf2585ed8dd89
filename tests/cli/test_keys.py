"""``bindery keys``: the account's own keys, of a running server and of a stopped one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bindery.access.keys import open_root_key, read_root_key
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
    open_root_key(tmp_path)
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
    assert not any(secret.encode() in path.read_bytes() for path in data.glob("*") if path.is_file())


def test_a_key_has_a_label(data: Path) -> None:
    run(data, "add", "--label", "ci \x1b[31m")
    assert "ci \\x1b[31m" in run(data, "list").stdout
    assert json.loads(run(data, "list", "--json").stdout)[-1]["Label"] == "ci \x1b[31m"


def test_keys_of_earlier_releases_are_read(data: Path) -> None:
    row = {"AccessKeyId": "LTAIold", "AccessKeySecret": "s", "Active": True}
    (data / "access-keys.json").write_text(json.dumps([row]))
    assert listed(data)["LTAIold"] == ("further", True)
    assert not (data / "access-keys.json").exists()


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


def test_a_broken_file_of_earlier_releases_is_left_alone(data: Path) -> None:
    (data / "access-keys.json").write_text("[{]")
    assert "cannot be read as a list of access keys" in run(data, "add").stderr
    assert (data / "access-keys.json").read_text() == "[{]"


def test_standard_output_has_nothing_but_the_answer(data: Path) -> None:
    row = {"AccessKeyId": "LTAIold", "AccessKeySecret": "s", "Active": True}
    (data / "access-keys.json").write_text(json.dumps([row]))
    done = run(data, "list", "--json")
    assert "are in the record now" in done.stderr
    assert [each["AccessKeyId"] for each in json.loads(done.stdout)][-1] == "LTAIold"


def test_secrets_are_sealed_anew(data: Path) -> None:
    made(data)
    before = (data / "sealing-key.json").read_bytes()
    assert "1 secrets" in run(data, "reseal").output
    assert (data / "sealing-key.json").read_bytes() != before
    assert len(json.loads((data / "sealing-key.json").read_bytes())["Keys"]) == 2
    run(data, "reseal", "--at-once")
    assert len(json.loads((data / "sealing-key.json").read_bytes())["Keys"]) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_before_the_first_start_belongs_to_the_owner_of_the_folder(data: Path) -> None:
    os.chown(data, 65_534, 65_534)
    made(data)
    written = {path.name: path.stat().st_uid for path in data.iterdir() if path.name != "root-key.json"}
    assert {"catalog.db", "lock", "sealing-key.json"} <= written.keys()
    assert set(written.values()) == {65_534}


def test_a_lost_sealing_key(data: Path) -> None:
    made(data)
    (data / "sealing-key.json").unlink()
    assert "bindery keys forget-lost" in run(data, "add", expect=1).output
    assert "1 keys are deleted" in run(data, "forget-lost").output
    assert len(listed(data)) == 1
    made(data)


def test_the_configuration_names_the_sealing_key_file(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "bindery.toml"
    config.write_text(f"[access]\nsealing_key_file = '{tmp_path}/elsewhere.json'\n")
    run(data, "add", "--config", str(config))
    assert (tmp_path / "elsewhere.json").exists()
    assert not (data / "sealing-key.json").exists()
    config.write_text(f"data = '{data}'\n" + config.read_text())
    done = CliRunner().invoke(main, ["keys", "list", "--json", "--config", str(config)])
    assert len(json.loads(done.stdout)) == 2, "the data folder of the configuration"


@pytest.mark.server
def test_a_running_server_knows_a_change_with_the_next_call(
    start_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", server.key_id)
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", server.key_secret)
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


@pytest.mark.server
def test_keys_of_a_running_server_are_those_of_its_record(
    start_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    monkeypatch.setenv("BINDERY_ACCESS_KEY_ID", server.key_id)
    monkeypatch.setenv("BINDERY_ACCESS_KEY_SECRET", server.key_secret)
    running = json.loads(run(server.data, "add", "--label", "ci \x1b[31m", "--json").stdout)
    assert "no key nobody" in run(server.data, "remove", "nobody", expect=1).output
    assert "1 secrets" in run(server.data, "reseal").output
    assert len(json.loads((server.data / "sealing-key.json").read_bytes())["Keys"]) == 2
    assert "in use by another Bindery" in run(server.data, "forget-lost", expect=1).output
    assert listed(server.data) == {running["AccessKeyId"]: ("further", True)}
    server.stop()
    assert not (server.data / "server-address").exists()
    stopped = made(server.data)
    rows = json.loads(run(server.data, "list", "--json").stdout)
    assert [(row["AccessKeyId"], row["Label"]) for row in rows] == [
        (running["AccessKeyId"], "ci \x1b[31m"), (stopped["AccessKeyId"], ""),
    ]  # fmt: skip
    again = start_server(data=server.data)
    for key in (running, stopped):
        client = Client(again.endpoint, key["AccessKeyId"], key["AccessKeySecret"])
        assert client.call("ListProjects")["Projects"] == []


@pytest.mark.server
def test_without_the_root_key_a_running_server_is_not_asked(
    start_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server()
    for name in ("BINDERY_ACCESS_KEY_ID", "BINDERY_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    assert "set BINDERY_ACCESS_KEY_ID" in run(server.data, "add", expect=1).output
