"""The configuration: file, overrides, and mistakes that are named."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bindery.config import Config, ConfigurationError, load_config, origins_of
from bindery.extract.limits import ExtractionLimits
from bindery.notifications.settings import NotificationSettings
from bindery.ranges import range_of, setting_types
from bindery.sync.settings import FollowSettings, SyncSettings


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
        ("[account]\nid = 'abc'\n", "account.id must be 1 to 32 digits, not 'abc'"),
        ("[account]\nzone = 'Mars'\n", "account.zone"),
        ("[zones]\nphotos = 'Mars'\n", "zones.photos.*Europe/Berlin"),
        (
            "[extraction]\ndate_fallback = 'guess'\n",
            "extraction.date_fallback must be one of none, name, file",
        ),
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


SECTIONS = {
    name: getattr(Config(), name)
    for name in ("server", "account", "extraction", "sync", "notifications", "prices")
}
NUMBERS = [
    (section, name, kind)
    for section, held in SECTIONS.items()
    for name, kind in setting_types(type(held)).items()
    if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType)
]


@pytest.mark.parametrize(("section", "name", "kind"), NUMBERS, ids=[f"{s}.{n}" for s, n, _ in NUMBERS])
def test_every_number_has_a_range_that_is_told(section: str, name: str, kind: Any) -> None:
    allowed = range_of(kind)
    assert allowed, "declare the range of the setting"
    lowest = kind.ge if kind.ge is not None else kind.gt
    for wrong in (-1, lowest - 1, kind.le + 1, lowest if kind.ge is None else lowest - 1):
        with pytest.raises(ConfigurationError) as told:
            load_config(None, {section: {name: wrong}})
        assert f"{section}.{name} must be {allowed}, not {wrong}" in str(told.value)
    assert load_config(None, {section: {name: kind.le}})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_interval(value: float) -> None:
    with pytest.raises(ConfigurationError, match="settle_time"):
        load_config(None, {"sync": {"settle_time": value}})


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 1_000_001, True, "1"])
def test_what_is_no_number_is_no_price(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"prices\.?.*exif|exif"):
        load_config(None, {"prices": {"exif": value}})


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "EUR\n", "€"])
def test_a_currency_is_of_three_letters(currency: str) -> None:
    with pytest.raises(ConfigurationError, match=r"prices\.currency must be three capital letters"):
        load_config(None, {"prices": {"currency": currency}})


def test_where_settings_come_from(tmp_path: Path) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text("data = 'x'\n[server]\nport = 1\nhost = 'h'\n[buckets]\nphotos = '/p'\n")
    assert origins_of(path, {"server": {"port": 2}, "bucket_root": "/b"}) == {
        "data": "file",
        "server.host": "file",
        "buckets": "file",
        "server.port": "command line",
        "bucket_root": "command line",
    }
    assert origins_of(None, {}) == {}


@pytest.mark.parametrize("region", ["", "cn hangzhou", "cn-hangzhou\n", "x" * 64, "地区"])
def test_a_region_is_a_word(region: str) -> None:
    with pytest.raises(ConfigurationError, match=r"account\.region must be 1 to 63 small letters"):
        load_config(None, {"account": {"region": region}})


@pytest.mark.parametrize("section", ["events", "metrics", "health"])
@pytest.mark.parametrize("token", [" ", "two words", "schlüssel", "line\n", "x" * 257])
def test_a_token_that_no_header_can_show_is_refused_and_not_told(
    tmp_path: Path, section: str, token: str
) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(f"[{section}]\ntoken = {json.dumps(token)}\n")
    with pytest.raises(ConfigurationError, match=f"{section}.token must be up to 256 letters") as refused:
        load_config(path, {})
    assert "not " not in str(refused.value)


def test_rooms_and_configuration_have_the_same_defaults() -> None:
    config = Config()
    assert (
        msgspec.structs.asdict(ExtractionLimits()).items()
        <= msgspec.structs.asdict(config.extraction).items()
    )
    shared = msgspec.structs.asdict(FollowSettings()).items()
    assert shared <= msgspec.structs.asdict(config.sync).items()
    assert shared <= msgspec.structs.asdict(SyncSettings()).items()
    assert config.notifications.retention == NotificationSettings().retention


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sync]\nfolder_folow = 'poll'", "did you mean folder_follow?"),
        ("[servr]\nport = 1", "did you mean server?"),
        ("bucket = 1", "did you mean buckets?"),
        ("[prices]\nstandard_query_l3 = 1", "did you mean standard_query_l"),
        ("[prices]\nStandardQueryL1 = 1", "did you mean standard_query_l1?"),
        ("[prices]\nmedia = 1", "did you mean media_meta?"),
        ("[price]\nexif = 1", "did you mean prices?"),
        ("port = 1", "it stands under [server]"),
        ("[sync]\nworkers = 2", "it stands under [extraction]"),
        ("token = 'x'", "[events] or [metrics]"),
        ("data = ''", "`$.data`"),
        ("bucket_root = ''", "`$.bucket_root`"),
        ("[access]\nsealing_key_file = ''", "got nothing"),
        ("[server]\nhost = ''", "server.host must not be empty"),
        ("[register]\nendpoints = ['http://*']", "https://*.HOST"),
        ("[register]\nendpoints = ['https://a.*.example.com']", "https://*.HOST"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        load_config(path, {})
    assert told in str(refused.value)


@pytest.mark.parametrize("setting", ["workers = 2", "zone = '+08:00'", "retry_initial = 1.0"])
def test_what_a_room_learns_otherwise_is_no_setting(tmp_path: Path, setting: str) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(f"[sync]\n{setting}\n")
    with pytest.raises(ConfigurationError, match="unknown field"):
        load_config(path, {})


@pytest.mark.parametrize(
    "url", ["postgresql://me:hush word@host/db", "host=h password=hush", "mysql://me:hush@host/db"]
)
def test_an_address_of_the_record_that_is_none_is_not_shown(url: str, tmp_path: Path) -> None:
    path = tmp_path / "bindery.toml"
    path.write_text(f'[catalog]\nurl = "{url}"\n')
    with pytest.raises(
        ConfigurationError, match=r"catalog.url must be .*postgresql://USER@HOST/DATABASE"
    ) as caught:
        load_config(path, {})
    assert "hush" not in str(caught.value)
