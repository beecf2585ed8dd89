"""Headers are bytes: what is no UTF-8 arrives as surrogates, and is refused in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.api.conftest import HOST
from tests.api.gateway.test_authorization import People, allow, people

from bindery.api.gateway.request import HttpRequest, storable_header
from bindery.api.gateway.signature import sign_v3

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["people"]
HEADERS = [
    "host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256", "accept",
    "x-acs-security-token", "x-acs-accesskey-id", "x-acs-bindery-operator", "x-acs-bearer-token", "user-agent",
    "content-type", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "cookie",
]  # fmt: skip


def send(api: Api, key: tuple[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
    """Signed with these headers, which arrive as the server hands them on."""
    further = {name: storable_header(text) for name, text in headers.items()}
    key_id, secret = storable_header(key[0]), key[1]
    signed = sign_v3(
        "POST", HOST, "ListProjects", [], key_id, secret, version="2020-09-30", further=further
    )
    answer = api.handle(HttpRequest("POST", "/", {name.lower(): [text] for name, text in signed.items()}))
    return answer.status, answer.body


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_is_a_defect(api: Api, people: People, header: str) -> None:
    ann = people(allow("imm:GetProject"))
    for value in ("\udcff\udcfe", "a\udce4", "\udc80" * 200):
        for key in (("root", "root-secret"), ann._key[:2], ("nobody\udcff", "x"), ("\udcff", "x")):
            status, body = send(api, key, {header: value})
            assert status < 500, body
            assert body.decode()  # the answer is UTF-8


def test_what_is_no_text_matches_no_condition_by_chance(api: Api, people: People) -> None:
    agents = {"StringEquals": {"acs:UserAgent": "good"}}
    ann = people(allow("imm:ListProjects", Condition=agents))
    assert send(api, ann._key[:2], {"user-agent": "good"})[0] == 200
    for agent in ("good\udcff", "\udcffgood", "goo\udcff"):
        assert send(api, ann._key[:2], {"user-agent": agent})[0] == 403
