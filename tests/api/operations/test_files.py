"""Entries: IndexFileMeta, GetFileMeta, UpdateFileMeta, DeleteFileMeta and their batches."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from bindery.api.context import ApiSettings
from bindery.api.messages.files import IndexFileMetaRequest, InputFile
from bindery.api.operations.files import batch_get_file_meta
from bindery.api.operations.files.files import index_call

if TYPE_CHECKING:
    from tests.api.conftest import Api

URI = "oss://bucket/path/键 1.jpg"
ALL = [
    ("IndexFileMeta", {"File": {"URI": URI}}),
    ("BatchIndexFileMeta", {"Files": [{"URI": URI}]}),
    ("GetFileMeta", {"URI": URI}),
    ("BatchGetFileMeta", {"URIs": [URI]}),
    ("UpdateFileMeta", {"File": {"URI": URI}}),
    ("BatchUpdateFileMeta", {"Files": [{"URI": URI}]}),
    ("DeleteFileMeta", {"URI": URI}),
    ("BatchDeleteFileMeta", {"URIs": [URI]}),
]
ACTIONS = pytest.mark.parametrize(("action", "parameters"), ALL, ids=[action for action, _ in ALL])


def with_uri(parameters: dict[str, Any], uri: str) -> dict[str, Any]:
    return dict(json.loads(json.dumps(parameters).replace(json.dumps(URI), json.dumps(uri))))


def index(api: Api, dataset: dict[str, str], **fields: Any) -> None:
    api("IndexFileMeta", **dataset, File={"URI": URI, **fields})


def entry(api: Api, dataset: dict[str, str], uri: str = URI) -> dict[str, Any]:
    files = api("GetFileMeta", **dataset, URI=uri)["Files"]
    assert len(files) == 1
    return dict(files[0])


def update(api: Api, dataset: dict[str, str], **fields: Any) -> dict[str, Any]:
    assert api("UpdateFileMeta", **dataset, File={"URI": URI, **fields}) == {}
    return entry(api, dataset)


@ACTIONS
def test_names_are_needed_and_must_exist(
    api: Api, dataset: dict[str, str], action: str, parameters: dict[str, Any]
) -> None:
    for name in dataset:
        rest = {key: value for key, value in dataset.items() if key != name}
        assert api.refused(action, **rest, **parameters)[:2] == (400, f"Missing{name}")
        refused = api.refused(action, **{**dataset, name: "nowhere"}, **parameters)
        kind = name.removesuffix("Name").lower()
        assert refused == (400, "ResourceNotFound", f"The specified resource {kind} is not found.")
    for name in parameters:
        assert api.refused(action, **dataset)[:2] == (400, f"Missing{name}")


@ACTIONS
@pytest.mark.parametrize(
    "uri",
    [
        "http://host/key",
        "https://host/key",
        "oss://bucket",
        "oss://bucket/",
        "bucket/key",
        "oss:///key",
        "oss://bucket/" + "键" * 342,
    ],
)
def test_uris_that_name_no_object(
    api: Api, dataset: dict[str, str], action: str, parameters: dict[str, Any], uri: str
) -> None:
    if action == "BatchUpdateFileMeta":
        file = api(action, **dataset, **with_uri(parameters, uri))["Files"][0]
        assert (file["URI"], file["Success"]) == (uri, False)
        assert file["Message"].startswith("InvalidArgument | URI: ")
        return
    code, message = api.refused(action, **dataset, **with_uri(parameters, uri))[1:]
    assert code == "InvalidArgument"
    assert message.startswith("URI: ")


def test_a_file_without_a_uri(api: Api, dataset: dict[str, str]) -> None:
    for action, parameters in (("IndexFileMeta", {"File": {}}), ("UpdateFileMeta", {"File": {"URI": ""}})):
        assert api.refused(action, **dataset, **parameters)[:2] == (400, "MissingURI")
    assert api.refused("BatchDeleteFileMeta", **dataset, URIs=[""])[:2] == (400, "MissingURI")


# index


def test_an_accepted_file_is_an_entry_at_once(api: Api, dataset: dict[str, str]) -> None:
    event = api("IndexFileMeta", **dataset, File={"URI": URI, "CustomId": "id-1"}, UserData="u" * 2048)
    assert re.fullmatch(r"[0-9A-F]{3}-1[0-9A-Za-z]{26}", event["EventId"])
    found = entry(api, dataset)
    assert found["ObjectStatus"] == "Indexing"
    assert (found["URI"], found["Filename"], found["CustomId"]) == (URI, "path/键 1.jpg", "id-1")
    assert (found["ProjectName"], found["DatasetName"], found["ObjectType"]) == (
        "project",
        "dataset",
        "file",
    )
    assert re.fullmatch(r"[0-9a-f]{64}", found["ObjectId"])
    assert found["OwnerId"] == "1000000000000001"


def test_a_batch_is_accepted_as_a_whole_or_not_at_all(api: Api, dataset: dict[str, str]) -> None:
    files: list[dict[str, Any]] = [{"URI": f"oss://bucket/{number}"} for number in range(100)]
    api("BatchIndexFileMeta", **dataset, Files=files)
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 100
    bad = [{"URI": "oss://bucket/new"}, {"URI": "oss://bucket/bad", "MediaType": "sculpture"}]
    assert api.refused("BatchIndexFileMeta", **dataset, Files=bad)[:2] == (400, "InvalidMediaType")
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 100


def test_no_more_files_than_the_dataset_allows(api: Api, dataset: dict[str, str]) -> None:
    api("UpdateDataset", **dataset, DatasetMaxFileCount=2)
    files = [{"URI": f"oss://bucket/{number}"} for number in range(3)]
    refused = api.refused("BatchIndexFileMeta", **dataset, Files=files)
    assert refused[1:] == (
        "LimitExceededError",
        "Message: resource count exceeds the limit (DatasetMaxFileCount)",
    )
    api("BatchIndexFileMeta", **dataset, Files=files[:2])
    api("BatchIndexFileMeta", **dataset, Files=files[:2])


def test_figures_take_effect_only_when_updated(api: Api, dataset: dict[str, str]) -> None:
    figures = [{"FigureId": "f", "FigureType": "face", "FigureClusterId": "figure-cluster-id-independent"}]
    index(api, dataset, Figures=figures)
    assert "Figures" not in entry(api, dataset)
    updated = update(api, dataset, Figures=figures)
    assert (updated["Figures"], updated["FigureCount"]) == (figures, 1)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"Figures": [{"FigureId": "f", "FigureType": "banana"}]}, "FigureType must be face"),
        ({"Figures": [{"Foo": "x"}]}, "Figures: an entry has none of the members"),
        ({"Addresses": [{"Foo": "x"}]}, "Addresses: an entry has none of the members"),
        ({"Addresses": [{"City": "Hangzhou"}, {}]}, "Addresses: an entry has none of the members"),
    ],
)
def test_entries_that_say_nothing_are_refused(
    api: Api, dataset: dict[str, str], fields: dict[str, Any], problem: str
) -> None:
    index(api, dataset)
    refused = api.refused("UpdateFileMeta", **dataset, File={"URI": URI, **fields})
    assert refused[:2] == (400, "InvalidArgument")
    assert problem in refused.message


def test_times_are_kept_in_capitals(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset, ProduceTime="2023-01-01t00:00:00z")
    assert entry(api, dataset)["ProduceTime"] == "2023-01-01T00:00:00Z"


def test_files_of_pds_are_refused_at_the_call(api: Api, dataset: dict[str, str]) -> None:
    """This server reads none, so that a success would be a false one."""
    uri = "pds://domains/d/drives/1/files/f/revisions/r"
    file = {"URI": uri, "FileHash": "abc"}
    assert api.refused("IndexFileMeta", **dataset, File=file)[:2] == (400, "InvalidArgument")
    assert api.refused("BatchIndexFileMeta", **dataset, Files=[file])[:2] == (400, "InvalidArgument")
    assert api.refused("GetFileMeta", **dataset, URI="pds://" + "x" * 2_048)[1] == "InvalidArgument"


@pytest.mark.parametrize("action", ["IndexFileMeta", "BatchIndexFileMeta"])
def test_channels_that_do_not_exist(api: Api, dataset: dict[str, str], action: str) -> None:
    files = {"File": {"URI": URI}} if action == "IndexFileMeta" else {"Files": [{"URI": URI}]}
    for channel, code in (
        ({"MNS": {"TopicName": "t"}}, "InvalidArgument"),
        ({"MNS": {}}, "MissingTopicName"),
        ({"RocketMQ": {"InstanceId": "i", "TopicName": "t"}}, "InvalidArgument"),
    ):
        assert api.refused(action, **dataset, **files, Notification=channel)[1] == code
    api(action, **dataset, **files, Notification={"ExtendedMessageURI": "oss://media/message"})


# the caller's fields


VALUES = [
    ({"MediaType": "sculpture"}, "InvalidMediaType"),
    ({"LatLong": "91,0"}, "InvalidArgument"),
    ({"LatLong": "0,181"}, "InvalidArgument"),
    ({"LatLong": "somewhere"}, "InvalidArgument"),
    ({"LatLong": "nan,nan"}, "InvalidArgument"),
    ({"ProduceTime": "yesterday"}, "InvalidArgument"),
    ({"ProduceTime": "2021-06-29T14:50:13"}, "InvalidArgument"),
    ({"CustomId": "c" * 513}, "InvalidArgument"),
    ({"CustomLabels": {"": "v"}}, "InvalidArgument"),
    ({"CustomLabels": {"k" * 129: "v"}}, "InvalidArgument"),
    ({"CustomLabels": {"k": "v" * 513}}, "InvalidArgument"),
    ({"CustomLabels": {"k": ["v"]}}, "InvalidArgument"),
    ({"CustomLabels": {str(number): "v" for number in range(101)}}, "InvalidArgument"),
    ({"CustomLabels": ["v"]}, "InvalidJSON"),
    ({"CustomId": 1}, "InvalidJSON"),
]


@pytest.mark.parametrize(("fields", "code"), VALUES)
@pytest.mark.parametrize("action", ["IndexFileMeta", "UpdateFileMeta"])
def test_values_that_make_no_sense(
    api: Api, dataset: dict[str, str], action: str, fields: dict[str, Any], code: str
) -> None:
    index(api, dataset)
    assert api.refused(action, **dataset, File={"URI": URI, **fields})[:2] == (400, code)


def test_the_message_about_too_many_labels_is_the_vendors(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset)
    labels = {str(number): "v" for number in range(101)}
    text = "Index KV count exceeded, should be no more than 100."
    assert api.refused("UpdateFileMeta", **dataset, File={"URI": URI, "CustomLabels": labels})[2] == text
    answer = api("BatchUpdateFileMeta", **dataset, Files=[{"URI": URI, "CustomLabels": labels}])
    assert answer["Files"] == [{"URI": URI, "Success": False, "Message": f"InvalidArgument | {text}"}]


def test_labels_of_every_kind_are_kept_as_texts(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset, CustomLabels={"n": 1, "b": True, "f": 1.5, "z": None, "名": "值", "<&>": '"'})
    assert entry(api, dataset)["CustomLabels"] == {
        "n": "1",
        "b": "true",
        "f": "1.5",
        "z": "",
        "名": "值",
        "<&>": '"',
    }


FIELDS = {
    "CustomId": "id-1",
    "CustomLabels": {"a": "1", "b": "2"},
    "Title": "title",
    "LatLong": "30.1,120.5",
    "ProduceTime": "2021-06-29T14:50:13.011643661+08:00",
    "Addresses": [{"City": "杭州市", "Language": "zh-Hans"}],
    "Labels": [{"LabelName": "椅子"}],
}


def test_an_update_changes_what_is_given_and_keeps_the_rest(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset, **FIELDS)
    before = entry(api, dataset)
    assert {name: before[name] for name in FIELDS} == FIELDS
    for name, value in {"CustomId": "id-2", "Title": "new", "Labels": [{"LabelName": "桌子"}]}.items():
        after = update(api, dataset, **{name: value})
        assert after[name] == value
        assert after.pop("UpdateTime") > before.pop("UpdateTime")
        assert after == before | {name: value}
        before = entry(api, dataset)


def test_labels_are_replaced_as_a_whole(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset, CustomLabels={"a": "1", "b": "2"})
    assert update(api, dataset, CustomLabels={"b": "3"})["CustomLabels"] == {"b": "3"}
    assert update(api, dataset, CustomLabels={}).get("CustomLabels", {}) == {}


def test_what_the_python_sdk_sends_for_unset_lists_clears_nothing(
    api: Api, dataset: dict[str, str]
) -> None:
    index(api, dataset, **FIELDS)
    before = entry(api, dataset)
    after = update(api, dataset, Addresses=[], Figures=[], Labels=[], CustomLabels=None, Title=None)
    assert after | {"UpdateTime": before["UpdateTime"]} == before


def test_an_empty_text_is_a_value_where_no_form_is_prescribed(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset, **FIELDS)
    after = update(
        api, dataset, CustomId="", Title="", LatLong="", ProduceTime="", MediaType="", ContentType=""
    )
    assert (after["CustomId"], after["Title"]) == ("", "")
    assert (after["LatLong"], after["ProduceTime"]) == (FIELDS["LatLong"], FIELDS["ProduceTime"])
    assert "ContentType" not in after


@pytest.mark.parametrize("member", ["NewMember", "ObjectId", "Size"])
def test_members_that_an_input_file_does_not_have_are_ignored(
    api: Api, dataset: dict[str, str], member: str
) -> None:
    index(api, dataset)
    before = entry(api, dataset)
    after = update(api, dataset, **{member: "x"})
    assert after | {"UpdateTime": before["UpdateTime"]} == before


def test_an_update_of_what_is_not_indexed(api: Api, dataset: dict[str, str]) -> None:
    refused = api.refused("UpdateFileMeta", **dataset, File={"URI": URI, "CustomId": "x"})
    assert refused == (400, "ResourceNotFound", "The specified resource file is not found.")


def test_each_file_of_a_batch_update_succeeds_or_fails_by_itself(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset)
    files = [
        {"URI": URI, "CustomId": "new"},
        {"URI": "oss://bucket/absent", "CustomId": "new"},
        {"URI": URI, "MediaType": "sculpture"},
        {},
    ]
    assert api("BatchUpdateFileMeta", **dataset, Files=files)["Files"] == [
        {"URI": URI, "Success": True, "Message": ""},
        {
            "URI": "oss://bucket/absent",
            "Success": False,
            "Message": "ResourceNotFound | The specified resource file is not found.",
        },
        {
            "URI": URI,
            "Success": False,
            "Message": "InvalidMediaType | Specified parameter MediaType is not valid.",
        },
        {"Success": False, "Message": "MissingURI | URI is mandatory for this action."},
    ]
    assert entry(api, dataset)["CustomId"] == "new"


# get


def test_an_entry_that_does_not_exist_is_an_empty_list(api: Api, dataset: dict[str, str]) -> None:
    assert api("GetFileMeta", **dataset, URI=URI)["Files"] == []
    assert api("BatchGetFileMeta", **dataset, URIs=[URI])["Files"] == []


def test_many_entries_come_in_the_order_asked_and_once(api: Api, dataset: dict[str, str]) -> None:
    uris = [f"oss://bucket/{name}" for name in ("c", "a", "b")]
    api("BatchIndexFileMeta", **dataset, Files=[{"URI": uri} for uri in uris])
    asked = [uris[2], "oss://bucket/absent", uris[0], uris[1], uris[0]]
    found = [file["URI"] for file in api("BatchGetFileMeta", **dataset, URIs=asked)["Files"]]
    assert found == [uris[2], uris[0], uris[1]]


def test_more_metadata_than_an_answer_may_have_is_asked_for_in_parts(
    api: Api, dataset: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_get_file_meta, "_MOST_BYTES", 2**20)
    uris = [f"oss://bucket/{number}" for number in range(3)]
    places = [{"AddressLine": "x" * 400_000}]
    for uri in uris:
        api("IndexFileMeta", **dataset, File={"URI": uri, "Addresses": places})
    refused = api.refused("BatchGetFileMeta", **dataset, URIs=uris)
    assert refused[:2] == (400, "InvalidArgument")
    assert "1 MiB" in refused[2]
    assert len(api("BatchGetFileMeta", **dataset, URIs=uris[:2])["Files"]) == 2
    assert len(api("BatchGetFileMeta", **dataset, URIs=uris, WithFields=["URI"])["Files"]) == 3


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        (["CustomId"], {"CustomId"}),
        (["URI", "Title"], {"URI", "Title"}),
        (["Addresses.City"], {"Addresses"}),
        (["Unknown", "CustomId"], {"CustomId"}),
        (["Unknown"], set()),
        (["customid"], set()),
    ],
)
@pytest.mark.parametrize("action", ["GetFileMeta", "BatchGetFileMeta"])
def test_with_fields(
    api: Api, dataset: dict[str, str], action: str, fields: list[str], shown: set[str]
) -> None:
    index(api, dataset, **FIELDS)
    asked = {"URI": URI} if action == "GetFileMeta" else {"URIs": [URI]}
    assert set(api(action, **dataset, **asked, WithFields=fields)["Files"][0]) == shown


def test_no_fields_mean_all(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset, **FIELDS)
    assert api("GetFileMeta", **dataset, URI=URI, WithFields=[])["Files"] == [entry(api, dataset)]


# delete


def test_entries_are_deleted_and_objects_stay(api: Api, dataset: dict[str, str]) -> None:
    uri = api.put("bucket", "key.txt", b"text")
    api("IndexFileMeta", **dataset, File={"URI": uri})
    assert api("DeleteFileMeta", **dataset, URI=uri) == {}
    assert api("GetFileMeta", **dataset, URI=uri)["Files"] == []
    assert (api.bucket_root / "bucket" / "key.txt").read_bytes() == b"text"
    assert api("DeleteFileMeta", **dataset, URI=uri) == {}


def test_many_entries_are_deleted(api: Api, dataset: dict[str, str]) -> None:
    uris = [f"oss://bucket/{number}" for number in range(4)]
    api("BatchIndexFileMeta", **dataset, Files=[{"URI": uri} for uri in uris])
    assert api("BatchDeleteFileMeta", **dataset, URIs=[*uris[:3], uris[0], "oss://bucket/absent"]) == {}
    assert [file["URI"] for file in api("BatchGetFileMeta", **dataset, URIs=uris)["Files"]] == uris[3:]
    assert api("GetDataset", **dataset)["Dataset"]["FileCount"] == 1


def test_the_callers_fields_go_with_the_entry(api: Api, dataset: dict[str, str]) -> None:
    index(api, dataset, **FIELDS)
    first = entry(api, dataset)
    api("DeleteFileMeta", **dataset, URI=URI)
    index(api, dataset)
    again = entry(api, dataset)
    assert "CustomId" not in again
    assert again["ObjectId"] == first["ObjectId"]


def test_labels_that_are_no_texts_are_told_as_texts() -> None:
    """A map of any value is what the SDKs send; the entry has texts, and so has what is told at the end."""
    told = index_call(
        ApiSettings(announces_events=True),
        IndexFileMetaRequest(
            project_name="p",
            dataset_name="d",
            file=InputFile(uri=URI, custom_labels={"n": 5, "f": 2.5, "t": True, "e": None, "s": "x"}),
        ),
        "event",
    )
    assert told is not None
    assert told.files[0].custom_labels == {"n": "5", "f": "2.5", "t": "true", "e": "", "s": "x"}
