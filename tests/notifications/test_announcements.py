"""The words of notifications, after the vendor's pages."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import Any

from msgspec.structs import replace

from bindery.catalog.records import (
    Binding,
    BindingPhase,
    BindingState,
    IndexCall,
    IndexedFile,
    Notification,
    Progress,
)
from bindery.notifications.announcements import Announcements, make_event_id
from bindery.notifications.settings import NotificationSettings

SETTINGS = NotificationSettings(
    topics={"t": "http://127.0.0.1/t", "other": "http://127.0.0.1/o"},
    events={"ops": "http://127.0.0.1/e"},
    region_id="cn-beijing",
    account_id="42",
    zone=UTC,
)
BINDING = Binding(
    id=7,
    dataset_id=1,
    project_name="p",
    dataset_name="d",
    bucket="media",
    create_time=0,
    update_time=1_500_000_000,
)
CALL = IndexCall(
    event_id="EVENT",
    batch=True,
    project_name="p",
    dataset_name="d",
    files=(
        IndexedFile(uri="oss://media/a"),
        IndexedFile(
            uri="oss://media/b",
            custom_id="c",
            custom_labels={"k": "v"},
            error="[InvalidArgument] File does not exist.",
        ),
    ),
    topic="t",
    user_data='{"key": "\u5024"}',
    start_time=1_000_000_000,
)


def read(notification: Notification) -> tuple[dict[str, Any], dict[str, Any]]:
    envelope = json.loads(notification.body)
    return envelope, json.loads(envelope["content"])


def test_the_envelope() -> None:
    # Source: help page asynchronous-notification-message-examples
    envelope, _ = read(next(iter(Announcements(SETTINGS).call_ended(CALL))))
    assert set(envelope) == {"id", "source", "type", "subject", "time", "content"}
    assert (envelope["id"], envelope["source"]) == ("EVENT", "acs.imm")
    assert envelope["type"] == "imm:FileMeta:BatchIndex"
    assert envelope["subject"] == "acs:imm:cn-beijing:42:p/imm:FileMeta:BatchIndex"
    assert re.fullmatch(r"\d{13}", envelope["time"])


def test_the_content_of_indexing() -> None:
    _, content = read(next(iter(Announcements(SETTINGS).call_ended(CALL))))
    end = content.pop("EndTime")
    assert end.endswith("Z")
    assert content == {
        "ProjectName": "p",
        "DatasetName": "d",
        "StartTime": "1970-01-01T00:00:01Z",
        "Success": True,
        "Message": "",
        "UserData": '{"key": "\u5024"}',
        "Files": [
            {"URI": "oss://media/a", "Error": ""},
            {
                "URI": "oss://media/b",
                "Error": "[InvalidArgument] File does not exist.",
                "CustomId": "c",
                "CustomLabels": {"k": "v"},
            },
        ],
    }


def test_one_file_is_an_index_event() -> None:
    envelope, _ = read(next(iter(Announcements(SETTINGS).call_ended(replace(CALL, batch=False)))))
    assert envelope["type"] == "imm:FileMeta:Index"


def test_the_topic_and_every_receiver_of_events_are_told_of_indexing() -> None:
    told = list(Announcements(SETTINGS).call_ended(CALL))
    assert [each.destination for each in told] == ["MNS/t", "EventBridge/ops"]
    assert {each.id for each in told} == {"EVENT"}
    without = Announcements(SETTINGS).call_ended(replace(CALL, topic=""))
    assert [each.destination for each in without] == ["EventBridge/ops"]


def test_a_topic_that_is_gone_from_the_configuration_is_told_nothing() -> None:
    told = Announcements(NotificationSettings(topics={"other": "http://127.0.0.1/"})).call_ended(CALL)
    assert list(told) == []


def test_a_new_binding_is_told() -> None:
    (told,) = Announcements(SETTINGS).binding_changed(None, BINDING)
    envelope, content = read(told)
    assert (told.destination, envelope["type"]) == ("EventBridge/ops", "imm:Binding:Task")
    assert content == {
        "ProjectName": "p",
        "DatasetName": "d",
        "URI": "oss://media",
        "State": "Ready",
        "Phase": "",
        "Reason": "",
        "PreviousState": "",
        "PreviousPhase": "",
        "CreateTime": "1970-01-01T00:00:00Z",
        "UpdateTime": "1970-01-01T00:00:01.5Z",
    }


def test_state_phase_and_reason_are_told_and_nothing_else() -> None:
    announcements = Announcements(SETTINGS)
    running = replace(BINDING, state=BindingState.RUNNING, phase=BindingPhase.FULL_SCANNING)
    for after in (
        running,
        replace(BINDING, phase=BindingPhase.FULL_SCANNING),
        replace(BINDING, reason="r"),
    ):
        (told,) = announcements.binding_changed(BINDING, after)
        content = read(told)[1]
        assert content["PreviousState"] == "Ready"
        assert (content["State"], content["Phase"], content["Reason"]) == (
            after.state,
            after.phase,
            after.reason,
        )
    assert (
        list(
            announcements.binding_changed(
                BINDING, replace(BINDING, progress=Progress(listed=5), cursor="k")
            )
        )
        == []
    )


def test_nobody_is_told_without_receivers() -> None:
    assert list(Announcements(NotificationSettings()).binding_changed(None, BINDING)) == []
    assert list(Announcements(NotificationSettings()).call_ended(CALL)) == []


def test_event_ids_have_the_vendors_form() -> None:
    ids = {make_event_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert all(re.fullmatch(r"[0-9A-F]{3}-1[0-9A-Za-z]{26}", each) for each in ids)
