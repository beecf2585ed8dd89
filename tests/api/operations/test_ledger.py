"""The ledger, audits and the deletion guard through the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from bindery.catalog.records import Binding, BindingState, LedgerEntry, Outcome, ScanCommit, Task
from bindery.clock import now_ns

if TYPE_CHECKING:
    from tests.api.conftest import Api

Names = dict[str, str]
ACTIONS = ("ListLedgerEntries", "RetryLedgerEntries", "AuditBinding", "ConfirmDeletion")
SECOND = 1_000_000_000


def row(key: str, outcome: Outcome = Outcome.INDEXED, reason: str = "", version: int = 1) -> LedgerEntry:
    return LedgerEntry(
        key=key, etag="E", size=7, modified_ns=SECOND, outcome=outcome, reason=reason, attempts=2,
        extractor_version=version, seen_time=2 * SECOND, outcome_time=3 * SECOND,
    )  # fmt: skip


@pytest.fixture
def bound(api: Api, dataset: Names) -> Names:
    """A stopped binding, so that nothing moves while a test looks."""
    made = Binding(
        dataset_id=0,
        project_name=dataset["ProjectName"],
        dataset_name=dataset["DatasetName"],
        bucket="photos",
        state=BindingState.STOPPED,
    )
    made = api.catalog.bindings.create(made)
    rows = (
        row("a/1"),
        row("a/2", Outcome.FAILED, "ParseFailed: broken", version=3),
        row("b:1", Outcome.FAILED, "TimeLimit: too slow"),
        row("é", Outcome.PENDING, "StoreUnavailable: later", version=0),
    )
    api.catalog.bindings.commit(ScanCommit(binding_id=made.id, ledger=rows))
    (api.bucket_root / "photos").mkdir()
    return {**dataset, "URI": "oss://photos"}


def listed(api: Api, bound: Names, **chosen: Any) -> list[str]:
    return [row["Key"] for row in api("ListLedgerEntries", **bound, **chosen)["LedgerEntries"]]


def ended(api: Api, bound: Names, task_id: str) -> dict[str, Any]:
    while True:
        task = api("GetTask", ProjectName=bound["ProjectName"], TaskType="BindingAudit", TaskId=task_id)
        if task["Status"] != "Running":
            return task


@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_needed(api: Api, bound: Names, action: str) -> None:
    for name in bound:
        rest = {key: value for key, value in bound.items() if key != name}
        assert api.refused(action, **rest)[:2] == (400, f"Missing{name}")
    assert api.refused(action, **{**bound, "URI": "oss://other"})[1] == "ResourceNotFound"


@pytest.mark.parametrize("action", ACTIONS)
def test_strict_servers_have_no_extensions(make_api: Callable[..., Api], action: str) -> None:
    assert make_api(strict=True).refused(action)[:2] == (404, "InvalidAction.NotFound")


def test_a_row_with_everything(api: Api, bound: Names) -> None:
    (found,) = api("ListLedgerEntries", **bound, Prefix="a/2")["LedgerEntries"]
    assert found == {
        "Key": "a/2",
        "ETag": "E",
        "Size": 7,
        "FileModifiedTime": "1970-01-01T08:00:01+08:00",
        "Outcome": "Failed",
        "Reason": "ParseFailed: broken",
        "Attempts": 2,
        "ExtractorVersion": 3,
        "SeenTime": "1970-01-01T08:00:02+08:00",
        "OutcomeTime": "1970-01-01T08:00:03+08:00",
    }


def test_filters(api: Api, bound: Names) -> None:
    assert listed(api, bound) == ["a/1", "a/2", "b:1", "é"]
    assert listed(api, bound, Outcome="Failed") == ["a/2", "b:1"]
    assert listed(api, bound, Reason="TimeLimit") == ["b:1"]
    assert listed(api, bound, Reason="*") == ["a/1", "a/2", "b:1", "é"]
    assert listed(api, bound, ExtractorVersionBelow=3) == ["a/1", "b:1"]
    assert api.refused("ListLedgerEntries", **bound, Outcome="failed")[:2] == (400, "InvalidOutcome")
    assert api.refused("ListLedgerEntries", **bound, MaxResults=1001)[1] == "LimitExceededError"


def test_pages(api: Api, bound: Names) -> None:
    pages = api.pages("ListLedgerEntries", "LedgerEntries", **bound, MaxResults=1)
    assert [[row["Key"] for row in page] for page in pages] == [["a/1"], ["a/2"], ["b:1"], ["é"]]
    for token in ("x", "eA==", "cDpkOmI6aw=="):
        assert api.refused("ListLedgerEntries", **bound, NextToken=token)[1] == "InvalidNextToken"


def test_a_retry_of_a_stopped_binding_is_kept(
    api: Api, bound: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bindery.sync.retries._PATIENCE_SECONDS", 60.0)
    answer = api("RetryLedgerEntries", **bound, Outcome="Failed")
    assert answer["Count"] == 2
    task = api("GetTask", ProjectName=bound["ProjectName"], TaskType="LedgerRetry", TaskId=answer["TaskId"])
    assert (task["Status"], task["Result"]) == ("Succeeded", '{"Count":2}')
    rows = api("ListLedgerEntries", **bound)["LedgerEntries"]
    assert [row["Key"] for row in rows if row["ETag"] == "" and row["Attempts"] == 0] == ["a/2", "b:1"]
    assert [row["Outcome"] for row in rows] == ["Indexed", "Failed", "Failed", "Pending"]
    assert api("RetryLedgerEntries", **bound, Keys=["é", "é", "absent"]) == {"Count": 1}


def test_a_retry_says_which_rows(api: Api, bound: Names) -> None:
    assert api.refused("RetryLedgerEntries", **bound)[:2] == (400, "InvalidArgument")
    assert api.refused("RetryLedgerEntries", **bound, Keys=[])[:2] == (400, "InvalidArgument")
    keys = ["k"] * 1_001
    assert api.refused("RetryLedgerEntries", **bound, Keys=keys)[1] == "LimitExceededError"


def test_an_audit_is_a_task(api: Api, bound: Names) -> None:
    api.put("photos", "a/1", b"1234567")
    task_id = api("AuditBinding", **bound)["TaskId"]
    task = ended(api, bound, task_id)
    assert (task["Status"], task["Progress"], task["TaskType"]) == ("Succeeded", 100, "BindingAudit")
    report = json.loads(task["Result"])
    assert (report["Equal"], report["Missing"], report["MissingKeys"]) == (False, 1, ["a/1"])
    (shown,) = api("ListTasks", ProjectName=bound["ProjectName"], TaskTypes=["BindingAudit"])["Tasks"]
    assert shown["TaskId"] == task_id


def test_a_result_is_an_extension(make_api: Callable[..., Api], new_name: Callable[[str], str]) -> None:
    strict, name = make_api(strict=True), new_name("strict")
    strict("CreateProject", ProjectName=name)
    strict.catalog.tasks.put(
        Task(id="t", project_name=name, type="T", start_time=now_ns(), result='{"Equal":true}')
    )
    assert "Result" not in strict("GetTask", ProjectName=name, TaskType="T", TaskId="t")


def test_nothing_to_confirm(api: Api, bound: Names) -> None:
    refused = api.refused("ConfirmDeletion", **bound)
    assert refused[:2] == (400, "InvalidArgument")
    assert "holds back no removals" in refused.message


def test_a_confirmation_is_good_for_what_is_held_back(api: Api, bound: Names) -> None:
    (binding,) = api.catalog.bindings.list()
    api.catalog.bindings.update(binding.id, lambda held: replace(held, removals_held=250))
    assert api("GetBinding", **bound)["Binding"]["Progress"]["HeldBack"] == 250
    assert api("ConfirmDeletion", **bound) == {}
    assert api.catalog.bindings.get_by_id(binding.id).removals_confirmed == 250
