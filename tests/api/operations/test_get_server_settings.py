"""GetServerSettings, and the settings as they are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Api

from bindery.config import Config, load_config
from bindery.shown_settings import shown_settings

SECRET = "s3cr3tvalue"
GIVEN: dict[str, Any] = {
    "buckets": {"photos": f"s3://photos?access_key_id=a&secret_access_key={SECRET}", "films": "/films"},
    "events": {"token": SECRET},
    "metrics": {"token": SECRET},
    "health": {"token": SECRET},
    "notifications": {
        "secret": "whsec_" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB",
        "topics": {"indexed": f"https://example.com/{SECRET}"},
        "events": {"all": f"https://example.com/?token={SECRET}"},
    },
    "server": {"port": 1_234},
}


def test_every_setting_is_shown_with_its_origin_and_no_secret() -> None:
    config = load_config(None, GIVEN)
    shown = {each.name: each for each in shown_settings(config, {"server.port": "file", "buckets": "file"})}
    assert (shown["server.port"].value, shown["server.port"].default) == ("1234", "8180")
    assert shown["server.port"].origin == "file"
    assert shown["server.host"].origin == "default"
    assert json.loads(shown["buckets"].value) == ["films", "photos"]
    assert json.loads(shown["notifications.topics"].value) == ["indexed"]
    hidden = {name for name, each in shown.items() if each.hidden}
    assert hidden == {
        "buckets", "events.token", "metrics.token", "health.token",
        "notifications.secret", "notifications.topics", "notifications.events",
    }  # fmt: skip
    told = repr(list(shown.values()))
    assert SECRET not in told
    assert "QUFB" not in told


def test_what_is_not_given_is_not_hidden() -> None:
    assert not any(each.hidden for each in shown_settings(Config(), {}))


def test_whoever_names_a_setting_as_a_secret_finds_it_hidden() -> None:
    """Also settings that are made some day."""
    for each in shown_settings(Config(), {}):
        if any(word in each.name for word in ("token", "secret", "password")):
            assert not each.value, each.name
            assert not each.default, each.name


def test_a_user_needs_the_action(api: Api) -> None:
    api("CreateUser", UserName="guest")
    _, key = api.context.identities.make_key("guest")
    with api.signed_by(key.id, key.secret):
        for action in (
            "GetServerSettings", "ListServerFindings", "ListServerMetrics", "ListNotificationDestinations",
        ):  # fmt: skip
            assert api.send(action, {}).status == 403
    api.catalog.access_keys.delete("guest", key.id)
    api("DeleteUser", UserName="guest")


def test_strict_refuses_it(make_api: Callable[..., Api]) -> None:
    assert make_api(strict=True).refused("GetServerSettings").code == "InvalidAction.NotFound"


@pytest.mark.server
def test_a_server_says_where_its_settings_come_from(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text('[log]\nlevel = "warning"\n[metrics]\ntoken = "' + SECRET + '"\n')
    server = start_server("--config", str(path))
    answer = server.call("GetServerSettings")
    assert SECRET not in json.dumps(answer)
    origins = {each["Name"]: each["Origin"] for each in answer["ServerSettings"]}
    assert origins["log.level"] == "file"
    assert origins["data"] == "command line"
    assert origins["log.format"] == "default"
    findings = server.call("ListServerFindings")["ServerFindings"]
    verdicts = {each["Subject"]: each["Verdict"] for each in findings}
    assert verdicts["record"] == verdicts["sealing key"] == "ok"
    server.stop()
