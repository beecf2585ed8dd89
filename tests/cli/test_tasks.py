"""``bindery tasks`` on a real server."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from tests.conftest import RunningServer

from bindery.cli.main import main

pytestmark = pytest.mark.server


@pytest.fixture
def run(server: RunningServer) -> Callable[..., Result]:
    def call(*words: str, expect: int = 0) -> Result:
        environment = {
            "BINDERY_ENDPOINT": server.endpoint,
            "BINDERY_ACCESS_KEY_ID": server.key_id,
            "BINDERY_ACCESS_KEY_SECRET": server.key_secret,
        }
        done = CliRunner().invoke(main, ["tasks", *words], env=environment)
        assert done.exit_code == expect, done.output
        return done

    return call


def test_tasks_are_listed_and_cancelled(
    server: RunningServer, new_name: Callable[[str], str], run: Callable[..., Result]
) -> None:
    project, bucket = new_name("project"), new_name("bucket")
    (server.bucket_root / bucket).mkdir()
    server.call("CreateProject", ProjectName=project)
    task_id = server.call("EstimateBinding", ProjectName=project, URI=f"oss://{bucket}")["TaskId"]
    names = {"ProjectName": project, "TaskType": "BindingEstimate", "TaskId": task_id}
    server.wait("GetTask", lambda body: body["Status"] == "Succeeded", **names)
    of_project = ("--project", project)
    (shown,) = json.loads(run("list", *of_project, "--json").output)
    assert (shown["TaskId"], shown["Status"], shown["Progress"]) == (task_id, "Succeeded", 100)
    assert task_id[:20] in run("list", *of_project, "--status", "succeeded").output
    assert json.loads(run("list", *of_project, "--type", "BindingAudit", "--json").output) == []
    assert "had succeeded already" in run("cancel", task_id, *of_project).output
    absent = task_id[:-1] + ("0" if task_id[-1] != "0" else "1")
    assert "ResourceNotFound" in run("cancel", absent, *of_project, expect=1).output
    assert "--type" in run("cancel", "something", *of_project, expect=2).output
