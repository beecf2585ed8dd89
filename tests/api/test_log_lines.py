"""Every line of the log that a call causes carries the RequestId of its answer."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import structlog

from bindery.api.gateway import gateway as module
from bindery.api.operations import Work
from bindery.log import configure_logging

if TYPE_CHECKING:
    from tests.api.conftest import Api

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """The log since the last time, line by line, as the server writes it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    written = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        configure_logging("debug", "json")
    structlog.configure(cache_logger_on_first_use=False)  # the loggers of other tests stay as they are
    monkeypatch.setattr(module, "_log", structlog.get_logger())

    def take() -> list[dict[str, Any]]:
        text = written.getvalue()
        written.seek(0)
        written.truncate()
        return [json.loads(line) for line in text.splitlines()]

    yield take
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def of_calls(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of no call are of work that an earlier test has left to this process."""
    return [line for line in said if "request_id" in line]


def replace_run(
    api: Api, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any], *, inline: bool = False
) -> None:
    built = api.gateway.built
    changed = msgspec.structs.replace(
        built["imm:GetProject"], run=run, work=Work.INLINE if inline else Work.CONTROL
    )
    monkeypatch.setitem(built, "imm:GetProject", changed)


@pytest.mark.parametrize("inline", [False, True])
def test_a_defect_is_found_by_the_id_that_the_caller_got(
    api: Api, monkeypatch: pytest.MonkeyPatch, lines: Lines, inline: bool
) -> None:
    def fail(*_: object) -> None:
        structlog.get_logger().info("deep inside")
        logging.getLogger("library").warning("deep inside a library")
        raise RuntimeError("a defect")

    replace_run(api, monkeypatch, fail, inline=inline)
    lines()
    answer = api.send("GetProject", {"ProjectName": "project"})
    assert (answer.status, json.loads(answer.body)["Code"]) == (500, "InternalError")
    said = of_calls(lines())
    assert [line["event"] for line in said] == [
        "deep inside", "deep inside a library", "an operation failed", "answered",
    ]  # fmt: skip
    assert {line["request_id"] for line in said} == {json.loads(answer.body)["RequestId"]}
    failed = said[2]
    assert (failed["action"], failed["exception"][0]["exc_value"]) == ("GetProject", "a defect")
    assert said[3]["code"] == "InternalError"


def test_each_call_has_its_own_id_and_what_follows_has_none(api: Api, lines: Lines) -> None:
    lines()
    ids = [api.send("GetProject", {"ProjectName": "none"}).request_id for _ in range(3)]
    assert [line["request_id"] for line in of_calls(lines())] == ids
    structlog.get_logger().info("nobody asked for this")
    (line,) = [line for line in lines() if line["event"] == "nobody asked for this"]
    assert "request_id" not in line


def test_lines_of_a_server(start_server: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bindery.toml").write_text('[log]\nlevel = "debug"\nformat = "json"\n')
    server = start_server("--config", str(tmp_path / "bindery.toml"))
    (server.bucket_root / "photos").mkdir()
    server.make_dataset("project", "dataset")
    names = {"ProjectName": "project", "DatasetName": "dataset", "URI": "oss://photos"}
    made = server.call("CreateBinding", **names)
    server.wait("GetBinding", lambda _: "full scan done" in server.log.read_text(), **names)
    task = server.call("AuditBinding", **names)
    server.stop()
    said = [json.loads(line) for line in server.log.read_text().splitlines()]
    answered = {line["request_id"]: line["action"] for line in said if line["event"] == "answered"}
    assert answered[made["RequestId"]] == "CreateBinding"
    assert answered[task["RequestId"]] == "AuditBinding"
    (scanned,) = [line for line in said if line["event"] == "full scan done"]
    assert [scanned[name] for name in ("project", "dataset", "bucket")] == ["project", "dataset", "photos"]
    assert isinstance(scanned["binding"], int)
    assert "request_id" not in scanned
