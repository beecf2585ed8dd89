"""ListNotificationDestinations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Api


def test_nothing_waits_where_there_is_no_destination(api: Api) -> None:
    assert api("ListNotificationDestinations") == {"NotificationDestinations": []}


@pytest.mark.server
def test_what_waits_for_a_receiver_that_does_not_answer(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(
        "[notifications]\n"
        f'secret = "whsec_{"QUFB" * 8}"\n'
        f'events = {{ all = "http://127.0.0.1:9/hooks/very-secret" }}\n'
        f'topics = {{ quiet = "http://127.0.0.1:9/" }}\n'
    )
    server = start_server("--config", str(path))
    (server.bucket_root / "bucket").mkdir()
    server.make_dataset("p", "d")
    server.call("CreateBinding", ProjectName="p", DatasetName="d", URI="oss://bucket")

    def destinations(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {each["Destination"]: each for each in body["NotificationDestinations"]}

    body = server.wait(
        "ListNotificationDestinations", lambda body: destinations(body)["EventBridge/all"]["LastError"]
    )
    found = destinations(body)["EventBridge/all"]
    assert found["Waiting"] >= 1
    assert found["FailedTries"] >= 1
    assert (found["Delivered"], found["Expired"]) == (0, 0)
    assert found["OldestTime"] <= found["LastErrorTime"]
    assert "very-secret" not in json.dumps(body)
    assert destinations(body)["MNS/quiet"] == {
        "Destination": "MNS/quiet", "Waiting": 0, "OldestTime": "", "LastError": "", "LastErrorTime": "",
        "Delivered": 0, "FailedTries": 0, "Expired": 0,
    }  # fmt: skip
    server.stop()
