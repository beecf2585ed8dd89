"""The configuration: file, overrides, and mistakes that are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bindery.config import Config, ConfigurationError, load_config


def test_defaults() -> None:
    config = load_config(None, {})
    assert config == Config()
    assert config.data == Path("bindery-data")
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8180)
    assert config.worker_count() >= 1


def test_the_command_line_lies_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(
        'data = "/var/lib/bindery"\n[server]\nport = 9000\nstrict = true\n'
        '[buckets]\nphotos = "/srv/photos"\n[sync]\nguard_count = 5\n'
    )
    config = load_config(path, {"server": {"port": 9001}, "buckets": {"media": "s3://media"}})
    assert config.data == Path("/var/lib/bindery")
    assert (config.server.port, config.server.strict) == (9001, True)
    assert config.buckets == {"photos": "/srv/photos", "media": "s3://media"}
    assert config.sync.guard_count == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1\n", "prot"),
        ("[server]\nport = 70000\n", "port"),
        ("[server]\nport = '80'\n", "port"),
        ("[account]\nid = 'abc'\n", "account.id"),
        ("[account]\nzone = 'Mars'\n", "account.zone"),
        ("[extraction]\ntime_limit = 0.0\n", "time_limit"),
        ("[sync]\nguard_share = 2.0\n", "guard_share"),
        ("[notifications.topics]\nt = 'https://h/'\n", "notifications.secret.*openssl"),
        ("[notifications]\nsecret = 'short'\n", "notifications.secret"),
        ("[notifications]\nretention = 0.0\n", "retention"),
        ("[notifications.topics]\nt = 'ftp://h/'\n", "notifications.topics.t"),
        ("[notifications.topics]\nt = 'https:///path'\n", "notifications.topics.t"),
        ("[notifications.events]\ne = 'https://user:word@h/'\n", "notifications.events.e"),
        ("[notifications.events]\ne = 'http://h:99999/'\n", "notifications.events.e"),
        ("[notifications.events]\n'' = 'http://h/'\n", "notifications.events"),
        ("not toml", "cannot read"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_config(path, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml", {})
