"""``bindery move``: a bucket's name comes to mean another store, on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from bindery.cli import move as module
from bindery.cli.main import main
from bindery.testing import BinderyServer

pytestmark = pytest.mark.server


@pytest.fixture
def server() -> Iterator[BinderyServer]:
    with BinderyServer() as running:
        yield running


def run(server: BinderyServer, *words: str) -> Result:
    environment = {
        "BINDERY_ENDPOINT": server.endpoint,
        "BINDERY_ACCESS_KEY_ID": server.access_key_id,
        "BINDERY_ACCESS_KEY_SECRET": server.access_key_secret,
        "BINDERY_DATA": str(server._root() / "data"),
    }
    return CliRunner().invoke(main, list(words), env=environment)


def test_entries_and_labels_stay_when_a_bucket_moves(server: BinderyServer, tmp_path: Path) -> None:
    names = {"ProjectName": "default", "DatasetName": "default"}
    old = server.bucket("photos", {"a.txt": "first", "b.txt": "second"})
    server.bind("photos")
    uri = "oss://photos/a.txt"
    server.call("UpdateFileMeta", **names, File={"URI": uri, "CustomLabels": {"place": "beach"}})
    new = tmp_path / "new"
    shutil.copytree(old, new)
    done = run(server, "move", "photos", str(new))
    assert done.exit_code == 0, done.output
    assert "audit of the new place:" in done.output
    assert "audit after the move:" in done.output
    file = server.call("GetFileMeta", **names, URI=uri)["Files"][0]
    assert file["CustomLabels"] == {"place": "beach"}
    (new / "c.txt").write_text("third")
    server.wait_until_indexed("photos")


def test_what_is_no_store_is_refused(server: BinderyServer) -> None:
    server.bucket("photos", {"a.txt": "a"})
    assert run(server, "move", "photos", "elsewhere").exit_code == 2
    assert "is no folder" in run(server, "move", "photos", "/no/such/folder").output


def test_a_place_that_lacks_something_is_told_of_first(server: BinderyServer, tmp_path: Path) -> None:
    server.bucket("photos", {"a.txt": "first", "b.txt": "second"})
    server.bind("photos")
    (tmp_path / "a.txt").write_text("first")
    refused = run(server, "move", "photos", str(tmp_path))
    assert refused.exit_code == 1
    assert "nothing was moved" in refused.output
    assert server.wait_until_indexed("photos")["State"] == "Running"
    moved = run(server, "move", "photos", str(tmp_path), "--yes")
    assert moved.exit_code == 1, "the dataset does not equal the new place before it is confirmed"
    names = {"ProjectName": "default", "DatasetName": "default"}
    assert server.call("GetFileMeta", **names, URI="oss://photos/b.txt")["Files"]


def test_a_listing_of_the_old_place_while_it_is_audited_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def binding(listed: int) -> dict[str, Any]:
        names = {"ProjectName": "p", "DatasetName": "d", "URI": "oss://photos"}
        return {**names, "State": "Running", "Progress": {"LastCompleteListing": str(listed)}}

    class Listing:
        """A server that lists the old place during the audit, and the new one a while after the move."""

        shown: ClassVar = [2, 2, 2, 3]
        asked: ClassVar[list[str]] = []

        def call(self, action: str, **_: Any) -> dict[str, Any]:
            self.asked.append(action)
            return {"Binding": binding(self.shown.pop(0))} if action == "GetBinding" else {}

    client, audited = Listing(), []
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(module, "connect", lambda *_: client)
    monkeypatch.setattr(module, "_bindings_of", lambda *_, **__: [binding(1)])
    monkeypatch.setattr(module, "_audit", lambda *_, **__: audited.append(len(client.asked)) or True)
    done = CliRunner().invoke(main, ["move", "photos", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert client.asked == ["GetBinding", "RegisterBucket", *["GetBinding"] * 3]
    assert audited == [0, 5]
