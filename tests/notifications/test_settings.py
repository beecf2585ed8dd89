"""Secrets and destinations."""

from __future__ import annotations

import base64

import pytest

from bindery.notifications.settings import NotificationSettings, parse_secret


def test_a_secret() -> None:
    key = bytes(range(32))
    assert parse_secret("whsec_" + base64.b64encode(key).decode()) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "secret",
        base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_???" + base64.b64encode(bytes(32)).decode(),
        "whsec_\u00e9" + "A" * 40,
    ],
)
def test_secrets_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="openssl rand"):
        parse_secret(text)


def test_topics_and_receivers_of_one_name_are_different() -> None:
    settings = NotificationSettings(topics={"a": "http://t/"}, events={"a": "http://e/"})
    assert settings.urls() == {"MNS/a": "http://t/", "EventBridge/a": "http://e/"}
