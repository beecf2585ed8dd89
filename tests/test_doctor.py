"""``bindery doctor``: every finding is reached, and nothing is changed."""

from __future__ import annotations

import base64
import os
import resource
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from tests.own_threads import replace_here
from tests.servers.fuse_folder import mounted

from bindery import doctor
from bindery.access.sealed_buckets import SealedBuckets
from bindery.access.sealed_keys import make_sealed_key, open_sealer
from bindery.buckets.registry import parse_store
from bindery.catalog.opening import open_access
from bindery.cli.main import main
from bindery.config import Config, NotificationsConfig, SyncConfig
from bindery.doctor import Finding, Verdict, examine


def findings(config: Config) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(config)}


def test_a_healthy_installation(tmp_path: Path) -> None:
    (tmp_path / "buckets" / "photos").mkdir(parents=True)
    found = findings(Config(data=tmp_path / "data", bucket_root=tmp_path / "buckets"))
    assert {
        name: finding.verdict for name, finding in found.items() if finding.verdict is Verdict.FAILURE
    } == {}
    assert found["bucket photos"].verdict is Verdict.OK
    assert not (tmp_path / "data").exists()


def test_a_damaged_record(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8192)
    found = findings(Config(data=tmp_path))["record"]
    assert found.verdict is Verdict.FAILURE
    assert "backup" in found.advice


def test_a_sound_record(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalog.db")
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert findings(Config(data=tmp_path))["record"].verdict is Verdict.OK


def test_a_record_is_as_large_as_its_log_as_well(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("CREATE TABLE t AS SELECT zeroblob(3 * 1024 * 1024) AS x")
        connection.commit()
        assert (tmp_path / "catalog.db").stat().st_size < 100_000
        assert ", 3.0 MiB, sound" in findings(Config(data=tmp_path))["record"].seen


def test_sealing_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> Finding:
        return findings(Config(data=tmp_path))["sealing key"]

    monkeypatch.delenv("BINDERY_SEALING_KEY", raising=False)
    assert (found().verdict, found().seen.partition(" at ")[0]) == (Verdict.OK, "none yet")
    with open_access("", tmp_path) as record:
        sealer = open_sealer(record, tmp_path)
        make_sealed_key(record.access_keys, sealer, None)
    assert found().verdict is Verdict.OK
    (tmp_path / "sealing-key.json").chmod(0o604)
    assert (found().verdict, "chmod 600" in found().seen) == (Verdict.FAILURE, True)
    (tmp_path / "sealing-key.json").unlink()
    assert (found().verdict, "forget-lost" in found().advice) == (Verdict.FAILURE, True)
    monkeypatch.setenv("BINDERY_SEALING_KEY", base64.b64encode(bytes(32)).decode())
    assert found().seen.startswith(
        "1 of the record's access keys were sealed with a key that is not in BINDERY"
    )
    assert (found().verdict, "forget-lost" in found().advice) == (Verdict.FAILURE, True)
    with open_access("", tmp_path) as record:
        record.access_keys.delete(None, record.access_keys.list(None)[0].id)
    assert (found().verdict, found().seen) == (Verdict.OK, "of BINDERY_SEALING_KEY")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int = 1024

    def usage(_: Any) -> Usage:
        return Usage()

    replace_here(monkeypatch, shutil, "disk_usage", usage)
    assert findings(Config(data=tmp_path))["data folder"].verdict is Verdict.FAILURE


def test_a_root_key_that_others_can_read(tmp_path: Path) -> None:
    (tmp_path / "root-key.json").write_text("{}")
    (tmp_path / "root-key.json").chmod(0o644)
    found = findings(Config(data=tmp_path))["root key"]
    assert "chmod 600" in found.advice


def test_too_few_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1_024))
    found = findings(Config(data=tmp_path))["open files"]
    assert (found.verdict, found.advice) == (Verdict.OK, "")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 800))
    found = findings(Config(data=tmp_path))["open files"]
    assert found.verdict is Verdict.WARNING
    assert "288 of them for connections" in found.seen
    assert "LimitNOFILE=1024" in found.advice


def test_buckets_that_cannot_be_used(tmp_path: Path) -> None:
    config = Config(data=tmp_path / "data", buckets={"gone": str(tmp_path / "gone"), "x": "s3://x"})
    found = findings(config)
    assert "BucketNotFound" in found["bucket gone"].seen
    assert "StoreMisconfigured" in found["bucket x"].seen


def test_a_missing_bucket_root_and_no_buckets(tmp_path: Path) -> None:
    found = findings(Config(data=tmp_path, bucket_root=tmp_path / "none"))
    assert found["bucket root"].verdict is Verdict.FAILURE
    assert found["buckets"].verdict is Verdict.WARNING


def test_few_watches_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max_user_watches").write_text("100\n")
    monkeypatch.setattr(doctor, "_INOTIFY", tmp_path)
    assert "sysctl" in findings(Config(data=tmp_path))["folder watching"].advice


def test_watches_that_are_nearly_used_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server counts its own; a user's other programs share what is allowed."""
    allowed = 100_000
    (tmp_path / "max_user_watches").write_text(f"{allowed}\n")
    monkeypatch.setattr(doctor, "_INOTIFY", tmp_path)
    for held, verdict in ((79_000, Verdict.OK), (81_000, Verdict.WARNING)):
        monkeypatch.setattr(doctor, "watched_folders", lambda held=held: held)
        found = findings(Config(data=tmp_path))["folder watching"]
        assert found.verdict is verdict
        assert f"this server has {held}" in found.seen
    assert found.advice == "sysctl fs.inotify.max_user_watches=524288"


def test_little_memory_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_available_memory", lambda: 1024)
    assert findings(Config(data=tmp_path))["memory"].verdict is Verdict.WARNING


def test_processors_that_others_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_here(monkeypatch, os, "cpu_count", lambda: 8)
    for usable, seen in ((3, "3 for a server, of 8 that the machine has"), (8, "8 for a server")):
        monkeypatch.setattr(doctor, "count_processors", lambda usable=usable: usable)
        assert findings(Config(data=tmp_path))["processors"].seen == seen


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A folder that is served as network mounts are."""
    mount = tmp_path / "buckets" / "shared"
    (tmp_path / "backing" / "inside").mkdir(parents=True)
    mount.mkdir(parents=True)
    try:
        with mounted(tmp_path / "backing", mount):
            yield mount
    except OSError as error:
        pytest.skip(f"this user may not mount: {error}")


def test_how_changes_in_folders_are_found(tmp_path: Path, shared: Path) -> None:
    (shared.parent / "local" / "inside").mkdir(parents=True)
    polled = f"file://{tmp_path / 'backing'}?follow=poll"
    seen = {
        name: finding.seen
        for name, finding in findings(
            Config(data=tmp_path / "data", bucket_root=shared.parent, buckets={"polled": polled})
        ).items()
    }
    assert seen["bucket local"] == "can be listed, watched (2 folders)"
    assert "listed every 5 s: fuse.test reports no changes made by others" in seen["bucket shared"]
    assert seen["bucket polled"] == "can be listed, not watched but listed every 5 s"
    believing = SyncConfig(folder_follow="watch")
    found = findings(Config(data=tmp_path / "data", bucket_root=shared.parent, sync=believing))
    assert found["bucket shared"].seen == "can be listed, watched (2 folders)"


def test_more_folders_than_the_kernel_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max_user_watches").write_text("3\n")
    monkeypatch.setattr(doctor, "_INOTIFY", tmp_path)
    (tmp_path / "buckets" / "many" / "a" / "b" / "c").mkdir(parents=True)
    found = findings(Config(data=tmp_path / "data", bucket_root=tmp_path / "buckets"))["bucket many"]
    assert found.verdict is Verdict.WARNING
    assert found.seen.startswith("has 4 folders or more and 3 may be watched")
    assert found.advice.startswith("sysctl fs.inotify.max_user_watches=")


def test_a_data_folder_on_a_network_mount(tmp_path: Path, shared: Path) -> None:
    found = findings(Config(data=shared / "data"))["file system"]
    assert "is on fuse.test" in found.seen


def test_registered_buckets_are_looked_at(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with open_access("", data) as record:
        sealer = open_sealer(record, data)
        SealedBuckets(record.registered_buckets, sealer).keep(parse_store("later", str(tmp_path / "none")))
        record.registered_buckets.put("lost", b"sealed with another key")
    (data / "buckets.json").write_text('{"earlier": {"bucket": "earlier", "url": "file:///none"}}')
    found = findings(Config(data=data))
    assert "BucketNotFound" in found["bucket later"].seen
    assert "BucketNotFound" in found["bucket earlier"].seen
    assert "register the bucket again" in found["bucket lost"].seen
    (data / "sealing-key.json").unlink()
    assert "registered buckets" in findings(Config(data=data))["sealing key"].seen
    (data / "buckets.json").write_text("{")
    assert findings(Config(data=data))["registered buckets"].verdict is Verdict.FAILURE


@pytest.mark.parametrize("place", [".", "data", "data/below"])
def test_a_bucket_that_is_not_apart_from_the_data_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "data" / "below").mkdir(parents=True)
    (tmp_path / "good").mkdir()
    buckets = {"photos": str(tmp_path / place), "good": str(tmp_path / "good")}
    found = findings(Config(data=tmp_path / "data", buckets=buckets))
    assert found["bucket photos"].verdict is Verdict.FAILURE
    assert "data folder" in found["bucket photos"].seen
    assert found["bucket good"].verdict is Verdict.OK


def test_the_command_exits_with_1_when_something_is_broken(tmp_path: Path) -> None:
    words = ["doctor", "--data", str(tmp_path), "--bucket", "gone=/[gone]"]
    run = CliRunner().invoke(main, words, env={"COLUMNS": "200"})
    assert run.exit_code == 1
    assert "/[gone]" in run.output
    assert CliRunner().invoke(main, ["doctor", "--data", str(tmp_path), "--json"]).exit_code == 0


def test_a_wrong_configuration_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text("[server]\nprot = 1\n")
    run = CliRunner().invoke(main, ["doctor", "--config", str(path), "--json"])
    assert run.exit_code == 1
    assert "prot" in run.output


def test_receivers_of_notifications(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        settings = NotificationsConfig(topics={"t": url}, events={"ops": "https://nowhere.invalid/"})
        found = findings(Config(data=tmp_path, notifications=settings))
    assert found["notifications topic t"].verdict is Verdict.OK
    assert found["notifications events ops"].verdict is Verdict.FAILURE


def test_the_record_of_a_server_that_runs_is_not_read_through(tmp_path: Path) -> None:
    config = Config(data=tmp_path)
    (tmp_path / "catalog.db").write_bytes(b"no database at all")
    found = {each.subject: each for each in examine(config, "")}["record"]
    assert (found.verdict, "in use" in found.seen) == (Verdict.OK, True)
    full = {each.subject: each for each in examine(config, "the disk is full")}["record"]
    assert (full.verdict, full.seen) == (Verdict.FAILURE, "the disk is full")
