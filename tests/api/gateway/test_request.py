"""Requests taken apart: where parameters, action, version and format come from."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from tests.api.gateway.calls import take_apart

from bindery.api.errors import ApiError
from bindery.api.gateway.request import Call, HttpRequest, Style

FORM = "application/x-www-form-urlencoded"


def decode(target: str = "/", body: bytes = b"", method: str = "POST", **headers: str) -> Call:
    named = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return take_apart(HttpRequest(method, target, named, body))


def test_parameters_come_from_query_and_form() -> None:
    call = decode("/?A=1&B=x+y&C=", b"D=%E4%B8%AD&E=a%2Bb", content_type=f"{FORM}; charset=UTF-8")
    assert call.parameters == {"A": "1", "B": "x y", "C": "", "D": "中", "E": "a+b"}
    assert list(call.query) == [("A", "1"), ("B", "x y"), ("C", "")]
    assert list(call.form) == [("D", "中"), ("E", "a+b")]


def test_a_body_of_another_type_holds_no_parameters() -> None:
    assert decode("/", b"A=1", content_type="application/json").parameters == {}
    assert decode("/", b"A=1").parameters == {}


def test_a_prefix_of_the_path_and_a_whole_url_as_target_change_nothing() -> None:
    assert decode("/imm/?A=1").parameters == {"A": "1"}
    assert decode("http://host:1/?A=1").parameters == {"A": "1"}


def test_unescaped_utf8_in_the_target_is_read() -> None:
    assert decode("/?A=杭州").parameters == {"A": "杭州"}


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/?A=%ff", b""),
        ("/?A=%ED%A0%80", b""),
        ("/?A=\udcff", b""),
        ("/", b"A=\xff"),
        ("/?" + "&".join(f"P{number}=1" for number in range(1_001)), b""),
    ],
    ids=["no utf-8", "a lone surrogate", "raw bytes", "raw bytes in the form", "too many"],
)
def test_what_cannot_be_decoded_is_refused(target: str, body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        decode(target, body, content_type=FORM)
    assert (refused.value.status, refused.value.code) == (400, "InvalidParameter")


@pytest.mark.parametrize(("target", "body"), [("/?A=1&A=2", b""), ("/?A=1", b"A=2"), ("/?A=1&A=1", b"")])
def test_a_parameter_given_twice_is_refused(target: str, body: bytes) -> None:
    with pytest.raises(ApiError, match="The parameter A is given more than once"):
        decode(target, body, content_type=FORM)


V3 = {"authorization": "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=00"}


def test_action_and_version_of_v3_come_from_headers_only() -> None:
    call = decode("/?Action=Other&Version=1", x_acs_action="GetProject", x_acs_version="2020-09-30", **V3)
    assert (call.style, call.action, call.version) == (Style.V3, "GetProject", "2020-09-30")


def test_action_and_version_of_v1_come_from_parameters_only() -> None:
    """The headers are not signed in this style, so they must decide nothing."""
    call = decode("/?Action=GetProject&Version=2020-09-30&Signature=s", x_acs_action="DeleteProject")
    assert (call.style, call.action, call.version) == (Style.V1, "GetProject", "2020-09-30")
    assert decode("/?Signature=s", x_acs_action="DeleteProject").action == ""


def test_a_foreign_authorization_header_does_not_hide_a_v1_signature() -> None:
    assert decode("/?Action=A&Signature=s", authorization="Basic eA==").style is Style.V1
    assert decode("/?Action=A", authorization="Basic eA==").style is Style.V3


def test_unsigned_requests_name_their_action_in_either_place() -> None:
    assert decode("/", x_acs_action="A").action == "A"
    assert decode("/?Action=A").action == "A"
    assert decode("/").style is Style.UNSIGNED


@pytest.mark.parametrize(
    ("parameters", "headers", "xml"),
    [
        ({}, V3, False),
        ({}, V3 | {"accept": "application/json"}, False),
        ({}, V3 | {"accept": "text/xml"}, True),
        ({"Format": "XML"}, V3 | {"accept": "application/json"}, True),
        ({"Format": "json"}, V3 | {"accept": "text/xml"}, False),
        ({"Signature": "s"}, {}, True),
        ({"Signature": "s"}, {"accept": "*/*"}, True),
        ({"Signature": "s"}, {"accept": "application/json"}, False),
        ({"Signature": "s", "Format": "JSON"}, {}, False),
        ({"Signature": "s", "Format": "json"}, {}, False),
        ({"Signature": "s", "Format": "xml"}, {}, True),
        ({"Signature": "s", "Format": "yaml"}, {}, False),
        ({"Action": "A"}, {}, True),
    ],
)
def test_the_format_of_the_answer(parameters: dict[str, str], headers: dict[str, str], xml: bool) -> None:
    assert decode("/?" + urlencode(parameters), **headers).xml is xml


def test_megabytes_of_chinese_are_decoded() -> None:
    text = "杭州" * 174_762
    assert decode("/?Query=" + quote(text)).parameters["Query"] == text
