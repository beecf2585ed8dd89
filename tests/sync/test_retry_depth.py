"""RetryLedgerEntries on a real server whose ledger holds many failures: SIGTERM ends it, and the next start goes on.

``BINDERY_FAILURES`` sets how many (5,000); ``make endurance`` tries 200,000.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bindery.catalog.records import (
    Binding,
    BindingState,
    Dataset,
    LedgerEntry,
    Outcome,
    Project,
    ScanCommit,
)
from bindery.catalog.sqlite_catalog import SqliteCatalog

FAILURES = int(os.environ.get("BINDERY_FAILURES", "5000"))
PAGE = 1_000
LIMIT_SECONDS = 60
"""What a busy machine may need; the server itself gives up on what does not end after 4.5 s."""
BUCKET = {"ProjectName": "p", "DatasetName": "d", "URI": "oss://media"}

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]


def fill(data: Path) -> None:
    """A stopped binding whose objects have all failed, and as many that have not."""
    catalog = SqliteCatalog(data, account_id="1000000000000000")
    catalog.projects.create(Project(name="p"))
    catalog.datasets.create(Dataset(project_id=0, project_name="p", name="d"))
    binding = catalog.bindings.create(
        Binding(
            dataset_id=0,
            project_name="p",
            dataset_name="d",
            bucket="media",
            state=BindingState.STOPPED,
            create_time=1,
            update_time=1,
        )
    )
    for start in range(0, FAILURES, PAGE):
        rows = [
            LedgerEntry(
                key=f"{number // 2:08}{'.bin' if number % 2 else '.txt'}",
                etag="e",
                size=1,
                modified_ns=1,
                outcome=Outcome.FAILED if number % 2 else Outcome.INDEXED,
                reason="ParseFailed: broken" if number % 2 else "",
                attempts=1,
            )
            for number in range(2 * start, 2 * min(start + PAGE, FAILURES))
        ]
        catalog.bindings.commit(ScanCommit(binding_id=binding.id, ledger=tuple(rows)))
    assert catalog.close(LIMIT_SECONDS)


def test_many_failures_are_marked_across_a_restart(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "buckets" / "media").mkdir(parents=True)
    data = tmp_path / "data"
    fill(data)
    server = start_server(data=data, bucket_root=tmp_path / "buckets")
    began = time.monotonic()
    task_id = server.call("RetryLedgerEntries", **BUCKET, Outcome="Failed")["TaskId"]
    answered = time.monotonic() - began
    began = time.monotonic()
    assert server.stop() == 0
    print(
        f"{FAILURES} failures: answered after {answered:.2f} s, ended {time.monotonic() - began:.2f} s later"
    )
    again = start_server(data=data, bucket_root=tmp_path / "buckets")
    asked = {"ProjectName": "p", "TaskType": "LedgerRetry", "TaskId": task_id}
    began = time.monotonic()
    while (task := again.call("GetTask", **asked))["Status"] == "Running":
        assert time.monotonic() - began < 600, task
        time.sleep(0.05)
    print(f"the rest was marked {time.monotonic() - began:.2f} s after the start")
    assert task["Status"] == "Succeeded", task
    assert task["Result"] == f'{{"Count":{FAILURES}}}' or task["Result"] == {"Count": FAILURES}
    assert again.stop() == 0
    catalog = SqliteCatalog(data, account_id="1000000000000000")
    binding = catalog.bindings.get("p", "d", "media")
    marked = {True: 0, False: 0}
    for page in catalog.ledger.walk(binding.id):
        for row in page:
            assert (row.etag == "") is (row.outcome is Outcome.FAILED)
            marked[row.etag == ""] += 1
    assert marked == {True: FAILURES, False: FAILURES}
    assert catalog.close(LIMIT_SECONDS)
