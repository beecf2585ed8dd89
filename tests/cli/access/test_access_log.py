"""``bindery access log`` against a server in this process."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from tests.servers.ending import ends_with_us

from bindery.cli.client import ApiError, Client
from bindery.cli.main import main
from bindery.clock import now_ns
from bindery.testing import BinderyServer


@pytest.fixture(scope="module")
def server() -> Iterator[BinderyServer]:
    with BinderyServer() as running:
        for name in ("first", "second", "third"):
            running.call("CreateProject", ProjectName=name)
        with pytest.raises(ApiError):
            Client(running.endpoint, running.access_key_id, "wrong").call("GetProject", ProjectName="first")
        yield running


def environment(server: BinderyServer) -> dict[str, str]:
    return {
        "BINDERY_ENDPOINT": server.endpoint,
        "BINDERY_ACCESS_KEY_ID": server.access_key_id,
        "BINDERY_ACCESS_KEY_SECRET": server.access_key_secret,
        "COLUMNS": "240",
    }


def run(server: BinderyServer, *words: str, expect: int = 0) -> Result:
    done = CliRunner().invoke(main, ["access", "log", *words], env=environment(server))
    assert done.exit_code == expect, done.output
    return done


def records(server: BinderyServer, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(server, *words, "--json").stdout.splitlines()]


def test_the_newest_are_last(server: BinderyServer) -> None:
    found = records(server, "--action", "imm:CreateProject")
    assert [each["Parameters"] for each in found] == [
        {"ProjectName": name} for name in ("first", "second", "third")
    ]
    found = records(server, "--action", "imm:CreateProject", "--limit", "2")
    assert [each["Parameters"] for each in found] == [{"ProjectName": "second"}, {"ProjectName": "third"}]


def test_a_table_for_people(server: BinderyServer) -> None:
    said = run(server, "--resource", "*project/second").stdout
    for part in ("imm:CreateProject", "project/second", "OK", ":root", server.access_key_id, "127.0.0.1"):
        assert part in said


def test_refusals(server: BinderyServer) -> None:
    (only,) = records(server, "--denied")
    assert (only["Code"], only["AccessKeyId"]) == ("SignatureDoesNotMatch", server.access_key_id)
    assert "a stranger" in run(server, "--denied").stdout


@pytest.mark.parametrize("since", ["1h", "7d", "2026-01-31", "2026-01-31T12:00:00+08:00"])
def test_since(server: BinderyServer, since: str) -> None:
    assert len(records(server, "--action", "imm:CreateProject", "--since", since)) == 3


def test_nothing_found_is_said(server: BinderyServer) -> None:
    assert run(server, "--since", "2200-01-01").stdout == "no such records\n"


def test_a_time_that_is_none_is_told(server: BinderyServer) -> None:
    assert "write 15m, 2h or 7d ago" in run(server, "--since", "yesterday", expect=2).output


@pytest.mark.server
def test_follow_shows_what_comes_until_it_is_interrupted(server: BinderyServer) -> None:
    command = [sys.executable, "-m", "bindery", "access", "log", "--follow", "--json"]
    process = subprocess.Popen(
        ends_with_us([*command, "--resource", "*project/followed*"]),
        env={**os.environ, **environment(server)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for number in range(3):
            with pytest.raises(ApiError):
                server.call("DeleteProject", ProjectName=f"followed{number}")
            line = json.loads(process.stdout.readline())
            assert line["Parameters"] == {"ProjectName": f"followed{number}"}
    finally:
        process.terminate()
        process.wait(60)


def test_follow_misses_nothing_whatever_its_own_clock_says_and_however_long_it_takes(
    server: BinderyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins when nothing is there to be shown, and its clock is an hour ahead by then."""
    module = importlib.import_module("bindery.cli.access.log")
    pauses = iter(range(3))

    def pause(_: float) -> None:
        if next(pauses, None) is None:
            raise KeyboardInterrupt
        with suppress(ApiError):
            server.call("DeleteProject", ProjectName="unseen")

    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=pause))
    monkeypatch.setattr(module, "now_ns", lambda: now_ns() + 3_600 * 10**9, raising=False)
    followed = run(server, "--follow", "--json", "--resource", "*project/unseen", expect=130)
    found = [json.loads(line)["Parameters"] for line in followed.stdout.splitlines()]
    assert found == [{"ProjectName": "unseen"}] * 3
