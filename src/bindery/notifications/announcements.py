"""What is announced, to whom, and in which words.

Source: help pages asynchronous-notification-format (the envelope, the content for indexing) and imm-events (the
types). The content of binding events is not documented; it is Bindery's own.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from typing import Any

import msgspec

from bindery.catalog.records import Binding, IndexCall, IndexedFile, Notification, Task
from bindery.clock import format_time, now_ns
from bindery.notifications.settings import NotificationSettings, event_destination, topic_destination

SOURCE = "acs.imm"
BINDING_EVENT = "imm:Binding:Task"
INDEX_EVENT = "imm:FileMeta:Index"
BATCH_INDEX_EVENT = "imm:FileMeta:BatchIndex"
TASK_EVENT = "imm:Task:{type}"

_ABSENT = "[InvalidArgument] File does not exist."
"""The sample of asynchronous-notification-format for an object that is not there."""
_MILLISECOND = 1_000_000
_EVENT_CHARACTERS = string.digits + string.ascii_letters


def make_event_id() -> str:
    """An id in the vendor's form, e.g. ``30F-1D8FxFzDXKJH9YQdve4CjR2k9Bz``."""
    head = secrets.token_hex(2)[:3].upper()
    return f"{head}-1" + "".join(secrets.choice(_EVENT_CHARACTERS) for _ in range(26))


class Announcements:
    """Implements ``catalog.announcer.Announcer``."""

    def __init__(self, settings: NotificationSettings) -> None:
        self._settings = settings
        self._receivers = [event_destination(name) for name in settings.events]

    def binding_changed(self, before: Binding | None, after: Binding) -> Iterable[Notification]:
        """Told when State, Phase or Reason change."""
        if not self._receivers or (before is not None and _standing(before) == _standing(after)):
            return []
        content = {
            "ProjectName": after.project_name,
            "DatasetName": after.dataset_name,
            "URI": after.uri,
            "State": after.state,
            "Phase": after.phase,
            "Reason": after.reason,
            "PreviousState": "" if before is None else before.state,
            "PreviousPhase": "" if before is None else before.phase,
            "CreateTime": self._time(after.create_time),
            "UpdateTime": self._time(after.update_time),
        }
        return self._address(make_event_id(), BINDING_EVENT, after.project_name, content, self._receivers)

    def call_ended(self, call: IndexCall) -> Iterable[Notification]:
        """Told to the topic the call named, and to every receiver of events."""
        topics = [topic_destination(call.topic)] if call.topic in self._settings.topics else []
        content = {
            "ProjectName": call.project_name,
            "DatasetName": call.dataset_name,
            "StartTime": self._time(call.start_time),
            "EndTime": self._time(now_ns()),
            "Success": True,
            "Message": "",
            "UserData": call.user_data,
            "Files": [_file(file) for file in call.files],
        }
        event = BATCH_INDEX_EVENT if call.batch else INDEX_EVENT
        return self._address(call.event_id, event, call.project_name, content, [*topics, *self._receivers])

    def task_ended(self, task: Task) -> Iterable[Notification]:
        """Told to every receiver of events."""
        if not self._receivers:
            return []
        content = {
            "ProjectName": task.project_name,
            "DatasetName": task.dataset_name,
            "TaskType": task.type,
            "TaskId": task.id,
            "Status": task.status,
            "Code": task.code,
            "Message": task.message,
            "StartTime": self._time(task.start_time),
            "EndTime": self._time(task.end_time or now_ns()),
            "UserData": task.user_data,
            "Tags": task.tags,
        }
        event = TASK_EVENT.format(type=task.type)
        return self._address(
            task.event_id or make_event_id(), event, task.project_name, content, self._receivers
        )

    def _address(
        self, event_id: str, event: str, project_name: str, content: dict[str, Any], destinations: list[str]
    ) -> list[Notification]:
        settings = self._settings
        envelope = {
            "id": event_id,
            "source": SOURCE,
            "type": event,
            "subject": f"acs:imm:{settings.region_id}:{settings.account_id}:{project_name}/{event}",
            "time": str(now_ns() // _MILLISECOND),
            "content": msgspec.json.encode(content).decode(),
        }
        body = msgspec.json.encode(envelope)
        return [Notification(destination, event_id, body) for destination in destinations]

    def _time(self, instant_ns: int) -> str:
        return format_time(instant_ns, self._settings.zone)


def _standing(binding: Binding) -> tuple[str, str, str]:
    return binding.state, binding.phase, binding.reason


def _file(file: IndexedFile) -> dict[str, Any]:
    """The vendor's samples name CustomId and CustomLabels only for files that have them."""
    error = _ABSENT if file.error.startswith("[ObjectNotFound]") else file.error
    told: dict[str, Any] = {"URI": file.uri, "Error": error}
    if file.custom_id:
        told["CustomId"] = file.custom_id
    if file.custom_labels:
        told["CustomLabels"] = file.custom_labels
    return told
