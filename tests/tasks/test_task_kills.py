"""A real server ends in the middle of an audit, and the next one finishes the same task."""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.servers.postgresql import Postgresql, catalog_table

PROJECT = {"ProjectName": "project"}
DATASET = {**PROJECT, "DatasetName": "dataset"}
BINDING = {**DATASET, "URI": "oss://media"}

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture
def serve(start_server: Callable[..., Any], tmp_path: Path) -> Callable[[str], Any]:
    """A server over the same folders each time."""
    (tmp_path / "buckets" / "media").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "buckets" / "media" / f"{number}.txt").write_text(str(number))

    def start(settings: str) -> Any:
        config = tmp_path / "bindery.toml"
        config.write_text(f"[extraction]\nworkers = 1\n{settings}")
        return start_server(f"--config={config}", data=tmp_path / "data", bucket_root=tmp_path / "buckets")

    return start


def bind(server: Any, bucket: Path) -> None:
    """What an audit finds a difference in, which it looks at for three seconds."""
    server.call("CreateProject", **PROJECT)
    server.call("CreateDataset", **DATASET)
    server.call("CreateBinding", **BINDING)
    server.wait("GetBinding", lambda body: body["Binding"]["Phase"] == "IncrementalScanning", **BINDING)
    server.call("StopBinding", **BINDING)
    (bucket / "late.txt").write_text("late")


def check_finished(server: Any, task: dict[str, str]) -> None:
    body = server.wait("GetTask", lambda body: body["Status"] != "Running", **task)
    assert body["Status"] == "Succeeded", body
    report = json.loads(body["Result"])
    assert (report["MissingKeys"], report["Listed"], report["Matching"]) == (["late.txt"], 4, 3)
    shown = server.call("ListTasks", **PROJECT, Status="Running")["Tasks"]
    assert shown == []


def begin_audit(server: Any) -> dict[str, str]:
    """One that is under way; on a busy machine it may have ended before it is asked for."""
    for _ in range(10):
        task_id = server.call("AuditBinding", **BINDING)["TaskId"]
        task = {**PROJECT, "TaskType": "BindingAudit", "TaskId": task_id}
        if server.call("GetTask", **task)["Status"] == "Running":
            return task
    raise AssertionError("audits end before they can be asked for")


def check_taken_up(serve: Callable[[str], Any], bucket: Path, settings: str) -> None:
    server = serve(settings)
    bind(server, bucket)
    task = begin_audit(server)
    server.kill()
    server = serve(settings)
    check_finished(server, task)


def test_an_audit_goes_on_after_a_kill(serve: Callable[[str], Any], tmp_path: Path) -> None:
    """With the default lease of a minute: the next server knows that there is no other."""
    check_taken_up(serve, tmp_path / "buckets" / "media", "")


def test_an_audit_goes_on_after_a_kill_with_the_record_in_postgresql(
    serve: Callable[[str], Any], tmp_path: Path, postgresql: Postgresql
) -> None:
    url = postgresql.create_schema(f"k{uuid.uuid4().hex}")
    settings = f"[tasks]\nlease = 2\n{catalog_table(url)}"
    check_taken_up(serve, tmp_path / "buckets" / "media", settings)


def test_an_audit_goes_on_after_a_stop_and_can_be_cancelled(
    serve: Callable[[str], Any], tmp_path: Path
) -> None:
    server = serve("")
    bind(server, tmp_path / "buckets" / "media")
    task = begin_audit(server)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    server = serve("")
    check_finished(server, task)
    for _ in range(10):
        task = begin_audit(server)
        server.call("CancelTask", **task)
        body = server.wait("GetTask", lambda body: body["Status"] != "Running", **task)
        if body["Status"] == "Failed":
            break
    assert body["Code"] == "Cancelled"
