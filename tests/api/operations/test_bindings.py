"""CreateBinding, GetBinding, ListBindings, DeleteBinding, StopBinding, ResumeBinding."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from bindery.api.messages.bindings import BindingScope, CreateBindingRequest
from bindery.api.operations import Work, built_operations

if TYPE_CHECKING:
    from tests.api.conftest import Api

NOT_FOUND = (400, "ResourceNotFound", "The specified resource binding is not found.")
URI = "oss://bucket"


def wait(api: Api, until: Callable[[dict[str, Any]], Any], **names: str) -> dict[str, Any]:
    """The binding, once it is as it should be."""
    deadline = time.monotonic() + 60
    while not until(binding := api("GetBinding", **names)["Binding"]):
        assert time.monotonic() < deadline, binding
        time.sleep(0.01)
    return binding


def is_following(binding: dict[str, Any]) -> bool:
    return binding["Phase"] == "IncrementalScanning"


def uris(api: Api, **parameters: object) -> list[tuple[str, str]]:
    found = api("ListBindings", ProjectName="project", **parameters)["Bindings"]
    return [(binding["DatasetName"], binding["URI"]) for binding in found]


def test_a_fresh_binding_is_ready_without_phase_and_reason(api: Api, dataset: dict[str, str]) -> None:
    """As the user guide's sample of CreateBinding shows it."""
    api.put("bucket", "key.txt", b"text")
    made = api("CreateBinding", **dataset, URI=URI)["Binding"]
    assert made.pop("CreateTime") == made.pop("UpdateTime")
    made.pop("Progress")
    assert made == {**dataset, "URI": URI, "State": "Ready", "Phase": ""}


def test_making_a_binding_is_slow_only_with_a_scope() -> None:
    built = built_operations()["imm:CreateBinding"]
    asked = CreateBindingRequest(project_name="p", dataset_name="d", uri=URI)
    assert built.work_of(asked) is Work.CONTROL
    scoped = msgspec.structs.replace(asked, scope=BindingScope(prefixes=("a/",)))
    assert built.work_of(scoped) is Work.SLOW


def test_a_binding_scans_and_then_follows(api: Api, dataset: dict[str, str]) -> None:
    for number in range(3):
        api.put("bucket", f"{number}.txt", b"text")
    created = api("CreateBinding", **dataset, URI=URI)["Binding"]
    binding = wait(api, is_following, **dataset, URI=URI)
    assert (binding["State"], "Reason" in binding) == ("Running", False)
    assert binding["UpdateTime"] == created["CreateTime"]
    progress = binding["Progress"]
    assert progress["Listed"] == 3
    parts = ("Indexed", "Unchanged", "Excluded", "Failed", "Pending")
    assert progress["Listed"] == sum(progress[part] for part in parts)
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 3


@pytest.mark.parametrize("uri", ["oss://bucket", "oss://bucket/"])
def test_a_slash_at_the_end_changes_nothing(api: Api, dataset: dict[str, str], uri: str) -> None:
    assert api("CreateBinding", **dataset, URI=uri)["Binding"]["URI"] == URI
    assert api("GetBinding", **dataset, URI=uri)["Binding"]["URI"] == URI


@pytest.mark.parametrize(
    "action", ["CreateBinding", "GetBinding", "DeleteBinding", "StopBinding", "ResumeBinding"]
)
@pytest.mark.parametrize(
    "uri",
    [
        "bucket",
        "s3://bucket",
        "oss://",
        "oss:///",
        "oss://b",
        "oss://bucket/prefix/",
        "oss://bück",
        "OSS://bucket",
    ],
)
def test_uris_that_name_no_bucket(api: Api, dataset: dict[str, str], action: str, uri: str) -> None:
    assert api.refused(action, **dataset, URI=uri)[:2] == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "action", ["CreateBinding", "GetBinding", "DeleteBinding", "StopBinding", "ResumeBinding"]
)
def test_project_dataset_and_uri_are_needed(api: Api, dataset: dict[str, str], action: str) -> None:
    whole = {**dataset, "URI": URI}
    for name in whole:
        rest = {key: value for key, value in whole.items() if key != name}
        if (action, name) != ("CreateBinding", "DatasetName"):
            assert api.refused(action, **rest)[:2] == (400, f"Missing{name}")


@pytest.mark.parametrize("action", ["GetBinding", "DeleteBinding", "StopBinding", "ResumeBinding"])
def test_a_binding_that_does_not_exist(api: Api, dataset: dict[str, str], action: str) -> None:
    assert api.refused(action, **dataset, URI=URI) == NOT_FOUND
    other = {**dataset, "DatasetName": "nowhere"}
    assert api.refused(action, **other, URI=URI)[2] == "The specified resource dataset is not found."
    other = {**dataset, "ProjectName": "nowhere"}
    assert api.refused(action, **other, URI=URI)[2] == "The specified resource project is not found."


def test_a_bucket_can_be_bound_once_to_a_dataset_and_to_several(api: Api, dataset: dict[str, str]) -> None:
    api("CreateBinding", **dataset, URI=URI)
    assert api.refused("CreateBinding", **dataset, URI=URI) == (
        400,
        "ResourceAlreadyExists",
        "The specified resource binding already exists.",
    )
    api("CreateDataset", ProjectName="project", DatasetName="second")
    api("CreateBinding", ProjectName="project", DatasetName="second", URI=URI)


def test_no_more_bindings_than_the_dataset_allows(api: Api, dataset: dict[str, str]) -> None:
    api("UpdateDataset", **dataset, DatasetMaxBindCount=1)
    api("CreateBinding", **dataset, URI=URI)
    assert api.refused("CreateBinding", **dataset, URI="oss://another")[1:] == (
        "LimitExceededError",
        "Message: resource count exceeds the limit (DatasetMaxBindCount)",
    )
    api("DeleteBinding", **dataset, URI=URI)
    api("CreateBinding", **dataset, URI="oss://another")


def test_a_bucket_that_does_not_exist_fails_with_its_reason(api: Api, dataset: dict[str, str]) -> None:
    assert api("CreateBinding", **dataset, URI="oss://nowhere")["Binding"]["State"] == "Ready"
    binding = wait(api, lambda found: found["State"] != "Ready", **dataset, URI="oss://nowhere")
    assert binding["State"] == "Failed"
    assert "nowhere" in binding["Reason"]


def test_bindings_are_listed_by_dataset_and_bucket(api: Api, dataset: dict[str, str]) -> None:
    api("CreateDataset", ProjectName="project", DatasetName="another")
    for name, bucket in (("dataset", "bbb"), ("dataset", "aaa"), ("another", "bbb"), ("another", "ccc")):
        api("CreateBinding", ProjectName="project", DatasetName=name, URI=f"oss://{bucket}")
    everything = [
        ("another", "oss://bbb"),
        ("another", "oss://ccc"),
        ("dataset", "oss://aaa"),
        ("dataset", "oss://bbb"),
    ]
    assert uris(api) == everything
    assert uris(api, DatasetName="dataset") == everything[2:]
    assert uris(api, URI="oss://bbb") == [everything[0], everything[3]]
    assert uris(api, URI="oss://bbb/", DatasetName="another") == [everything[0]]
    assert uris(api, Name="aaa") == [everything[2]]
    assert uris(api, Name="aaa", URI="oss://aaa") == [everything[2]]
    assert uris(api, Name="aaa", URI="oss://bbb") == []
    assert uris(api, URI="oss://zzz") == []
    pages = api.pages("ListBindings", "Bindings", ProjectName="project", MaxResults=3)
    assert [len(page) for page in pages] == [3, 1]
    assert [(entry["DatasetName"], entry["URI"]) for page in pages for entry in page] == everything


def test_a_filter_holds_on_every_page(api: Api, dataset: dict[str, str]) -> None:
    for name in ("a", "b", "c"):
        api("CreateDataset", ProjectName="project", DatasetName=name)
        api("CreateBinding", ProjectName="project", DatasetName=name, URI=URI)
        api("CreateBinding", ProjectName="project", DatasetName=name, URI="oss://other")
    pages = api.pages("ListBindings", "Bindings", ProjectName="project", URI=URI, MaxResults=1)
    assert [page[0]["DatasetName"] for page in pages] == ["a", "b", "c"]


def test_wrong_filters(api: Api, dataset: dict[str, str]) -> None:
    assert api.refused("ListBindings", ProjectName="nowhere")[1] == "ResourceNotFound"
    assert (
        api.refused("ListBindings", ProjectName="project", DatasetName="nowhere")[1] == "ResourceNotFound"
    )
    assert api.refused("ListBindings", ProjectName="project", URI="bucket")[1] == "InvalidArgument"
    assert api.refused("ListBindings", ProjectName="project", NextToken="x")[1] == "InvalidNextToken"


def test_lists_and_single_answers_agree(api: Api, dataset: dict[str, str]) -> None:
    api.put("bucket", "key.txt", b"text")
    api("CreateBinding", **dataset, URI=URI)
    single = wait(api, is_following, **dataset, URI=URI)
    listed = api("ListBindings", ProjectName="project")["Bindings"][0]
    for binding in (single, listed):
        binding["Progress"].pop("OldestPendingChangeAge", None)
    assert listed == single


def test_stop_and_resume(api: Api, dataset: dict[str, str]) -> None:
    api.put("bucket", "key.txt", b"text")
    api("CreateBinding", **dataset, URI=URI)
    following = wait(api, is_following, **dataset, URI=URI)
    reason = '暂停使用: <free> & "text"\n'
    assert api("StopBinding", **dataset, URI=URI, Reason=reason) == {}
    stopped = api("GetBinding", **dataset, URI=URI)["Binding"]
    assert (stopped["State"], stopped["Phase"], stopped["Reason"]) == (
        "Stopped",
        "IncrementalScanning",
        reason,
    )
    assert stopped["UpdateTime"] > following["UpdateTime"] == stopped["CreateTime"]
    assert api.refused("StopBinding", **dataset, URI=URI)[:2] == (400, "InvalidArgument")
    assert api("ResumeBinding", **dataset, URI=URI) == {}
    running = api("GetBinding", **dataset, URI=URI)["Binding"]
    assert (running["State"], "Reason" in running) == ("Running", False)
    assert running["UpdateTime"] > stopped["UpdateTime"]
    assert api.refused("ResumeBinding", **dataset, URI=URI)[:2] == (400, "InvalidArgument")


def test_a_reason_may_be_left_out(api: Api, dataset: dict[str, str]) -> None:
    api("CreateBinding", **dataset, URI=URI)
    api("StopBinding", **dataset, URI=URI)
    assert "Reason" not in api("GetBinding", **dataset, URI=URI)["Binding"]


def test_a_reason_has_up_to_1024_characters(api: Api, dataset: dict[str, str]) -> None:
    api("CreateBinding", **dataset, URI=URI)
    assert api.refused("StopBinding", **dataset, URI=URI, Reason="r" * 1025)[1] == "LimitExceededError"
    api("StopBinding", **dataset, URI=URI, Reason="r" * 1024)


def test_entries_stay_when_their_binding_goes(api: Api, dataset: dict[str, str]) -> None:
    api.put("bucket", "key.txt", b"text")
    api("CreateBinding", **dataset, URI=URI)
    wait(api, is_following, **dataset, URI=URI)
    assert api("DeleteBinding", **dataset, URI=URI) == {}
    assert api.refused("GetBinding", **dataset, URI=URI) == NOT_FOUND
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 1


def test_a_cap_of_the_project_that_changes_holds_for_datasets_that_have_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bindery.catalog.record.datasets._LIMITS_PAGE", 2)
    api("CreateProject", ProjectName="project", DatasetMaxFileCount=2)
    for name in ("a", "b", "c"):
        api("CreateDataset", ProjectName="project", DatasetName=name)
    api("CreateDataset", ProjectName="project", DatasetName="own", DatasetMaxFileCount=7)
    for number in range(3):
        api.put("bucket", f"{number}.txt", b"text")
    place = {"ProjectName": "project", "DatasetName": "c", "URI": "oss://bucket"}
    api("CreateBinding", **place)
    wait(api, lambda binding: "LimitExceeded" in binding.get("Reason", ""), **place)
    api("UpdateProject", ProjectName="project", DatasetMaxFileCount=3)
    caps = {
        found["DatasetName"]: found["DatasetMaxFileCount"]
        for found in api("ListDatasets", ProjectName="project")["Datasets"]
    }
    assert caps == {"a": 3, "b": 3, "c": 3, "own": 7}
    wait(
        api, lambda binding: binding["Progress"]["Indexed"] + binding["Progress"]["Unchanged"] == 3, **place
    )
    wait(api, lambda binding: not binding.get("Reason"), **place)


def test_a_strict_server_shows_no_extension(make_api: Callable[..., Api]) -> None:
    api = make_api(strict=True)
    names = {"ProjectName": "project", "DatasetName": "dataset"}
    api("CreateProject", ProjectName="project")
    api("CreateDataset", **names)
    assert "Progress" not in api("CreateBinding", **names, URI=URI)["Binding"]
    assert "Progress" not in api("GetBinding", **names, URI=URI)["Binding"]
    assert api.refused("CreateBinding", **names, URI="oss://other", Scope='{"MinSize":1}')[:2] == (
        400,
        "InvalidArgument",
    )
    assert "Progress" not in api("ListBindings", ProjectName="project")["Bindings"][0]
    extensions = (
        "StopBinding",
        "ResumeBinding",
        "RegisterBucket",
        "UpdateBindingInventory",
        "UpdateBindingScope",
    )
    for action in extensions:
        assert api.refused(action, **names, URI=URI)[:2] == (404, "InvalidAction.NotFound")
    api.empty()


@pytest.mark.parametrize(
    ("inventory", "told"),
    [
        ("oss://reports/daily/2026-01-31T01-00Z/manifest.json", "a folder has no inventory"),
        ("oss://reports/daily/2026-01-31T01-00Z/", "named by its manifest"),
        ("https://reports/manifest.json", "a URI starts with oss://"),
    ],
)
def test_an_inventory_that_cannot_be_used_binds_nothing(
    api: Api, dataset: dict[str, str], inventory: str, told: str
) -> None:
    api.put("bucket", "key.txt", b"text")
    api.put("reports", "daily/2026-01-31T01-00Z/manifest.json", b"{}")
    status, code, message = api.refused("CreateBinding", **dataset, URI=URI, Inventory=inventory)
    assert (status, code) == (400, "InvalidArgument")
    assert told in message
    assert api("ListBindings", **dataset)["Bindings"] == []
    api("CreateBinding", **dataset, URI=URI)
    assert told in api.refused("UpdateBindingInventory", **dataset, URI=URI, Inventory=inventory)[2]
    assert "Inventory" not in api("UpdateBindingInventory", **dataset, URI=URI)["Binding"]


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ('{"prefixes":["in/"]}', "did you mean Prefixes?"),
        ('{"Wrong":1}', "there are DefaultExclusions, Exclude"),
    ],
)
def test_a_mistyped_member_of_a_scope_is_answered_with_the_nearest(
    api: Api, dataset: dict[str, str], scope: str, told: str
) -> None:
    status, code, message = api.refused("CreateBinding", **dataset, URI=URI, Scope=scope)
    assert (status, code) == (400, "InvalidJSON")
    assert told in message


@pytest.mark.parametrize("action", ["CreateBinding", "IndexFileMeta", "EstimateBinding"])
@pytest.mark.parametrize(
    "address",
    [
        "s3://b?secret_access_key=CANARY",
        f"s3://{'u' * 60}:CANARY@host/b",
        "oss://b?access_key_secret=CANARY/k",
    ],
)
def test_secrets_in_a_misplaced_address_are_not_answered(
    api: Api, dataset: dict[str, str], action: str, address: str
) -> None:
    place = {"File": json.dumps({"URI": address})} if action == "IndexFileMeta" else {"URI": address}
    assert "CANARY" not in str(api.refused(action, **dataset, **place))


def test_a_mistyped_scope_does_not_remove_what_a_binding_left(api: Api, dataset: dict[str, str]) -> None:
    for key in ("2024/a.txt", "b.txt"):
        api.put("bucket", key, b"text")
    api("CreateBinding", **dataset, URI=URI)
    wait(api, is_following, **dataset, URI=URI)
    api("DeleteBinding", **dataset, URI=URI)
    status, code, message = api.refused("CreateBinding", **dataset, URI=URI, Scope='{"Prefixes":["2O24/"]}')
    assert (status, code) == (400, "InvalidArgument")
    assert message.startswith("Scope: no object of the bucket was found within it, and all 2 entries")
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 2


def test_a_scope_is_kept_and_shown(api: Api, dataset: dict[str, str]) -> None:
    api.put("bucket", "in/a.txt", b"text")
    api.put("bucket", "out/b.txt", b"text")
    given = {"Prefixes": ["in/"], "Exclude": ["*.tmp"], "MaxSize": 100}
    made = api("CreateBinding", **dataset, URI=URI, Scope=json.dumps(given))["Binding"]
    assert made["Scope"] == given
    assert api("ListBindings", ProjectName="project")["Bindings"][0]["Scope"] == given
    wait(api, is_following, **dataset, URI=URI)
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 1
    changed = api("UpdateBindingScope", **dataset, URI=URI, Scope="{}")["Binding"]
    assert "Scope" not in changed
    wait(api, lambda _: api("GetDataset", **dataset)["Dataset"]["FileCount"] == 2, **dataset, URI=URI)


@pytest.mark.parametrize(
    "scope",
    ['{"MinSize":-1}', '{"MinSize":5,"MaxSize":4}', '{"MediaTypes":["pictures"]}', '{"Prefixes":[""]}'],
)
def test_a_scope_that_makes_no_sense(api: Api, dataset: dict[str, str], scope: str) -> None:
    assert api.refused("CreateBinding", **dataset, URI=URI, Scope=scope)[:2] == (400, "InvalidArgument")
