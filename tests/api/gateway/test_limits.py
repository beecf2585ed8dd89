"""What a request may be at most, as docs/security.md has it: so much is taken, one more is refused in order."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.conftest import HOST
from tests.api.gateway.test_connections import UNSIGNED
from tests.api.gateway.test_server import FORM, Listening, is_error, listen, normal, signed_body

from bindery.api.context import ApiSettings
from bindery.api.gateway.gateway import Limits
from bindery.api.gateway.json_shape import MAX_DEPTH, MAX_VALUES
from bindery.api.gateway.request import HttpRequest
from bindery.api.gateway.server import HttpLimits
from bindery.api.gateway.signature import sign_v3

if TYPE_CHECKING:
    from tests.api.conftest import Api

__all__ = ["listen", "normal"]
PAGE = Path(__file__).parents[3] / "docs" / "security.md"
LINE = 4 * 2**20
HEADER = 16 * 1024


def test_the_page_tells_the_values() -> None:
    """Numbers of the code, in the table of the page."""
    told = re.findall(
        r"^\| .* \| ([^|]*) \| .* \|$", PAGE.read_text("utf-8").partition("## Limits")[2], re.M
    )
    numbers = " ".join(told).replace(",", "")
    limits, http = Limits(), HttpLimits()
    for value in (
        ApiSettings().max_request_line, http.header, limits.body, limits.stranger_form, MAX_DEPTH, MAX_VALUES,
        int(http.headers_seconds), int(http.body_seconds), int(http.answer_seconds), int(http.handshake_seconds),
        http.connections, limits.held, limits.held_of_caller, limits.held_of_strangers, limits.held_of_stranger,
    ):  # fmt: skip
        assert re.search(rf"\b{value}\b", numbers), value


def test_header(normal: Listening) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\n"
    is_error(normal.raw(head + b"A: " + b"a" * HEADER + b"\r\n\r\n"), 400, "MissingAction")
    is_error(normal.raw(head + b"A: " + b"a" * (HEADER + 1) + b"\r\n\r\n"), 413, "RequestTooLarge")


def test_number_of_headers(normal: Listening) -> None:
    def headers(count: int) -> bytes:
        more = b"".join(b"A%d: b\r\n" % number for number in range(count - 1))
        return b"POST / HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n"

    is_error(normal.raw(headers(128)), 400, "MissingAction")
    is_error(normal.raw(headers(129)), 400, "InvalidParameter")


def test_request_line(normal: Listening) -> None:
    def line(count: int) -> bytes:
        return b"POST /?" + b"a" * (count - 2) + b" HTTP/1.1\r\nHost: x\r\n\r\n"

    is_error(normal.raw(line(LINE)), 400, "MissingAction")
    is_error(normal.raw(line(LINE + 1)), 413, "RequestTooLarge")


@pytest.mark.parametrize("what", ["body", "form"])
def test_body(normal: Listening, what: str) -> None:
    """Refused by what is announced; nothing of it is sent."""
    limit = Limits().body if what == "body" else Limits().stranger_form
    form = f"POST / HTTP/1.1\r\nHost: x\r\ncontent-type: {FORM}\r\n".encode()
    head = UNSIGNED if what == "body" else form
    is_error(normal.raw(head + b"content-length: %d\r\n\r\n" % (limit + 1)), 413, "RequestTooLarge")
    if what == "body":
        is_error(normal.raw(head + b"content-length: %d\r\n\r\n" % limit), 400, "MissingAccessKeyId")
    else:
        whole = head + b"content-length: %d\r\n\r\n" % limit + b"Signature=x&AccessKeyId=nobody&A="
        is_error(normal.raw(whole + b"a" * (limit - 33)), 404, "InvalidAccessKeyId.NotFound")


def test_a_body_of_a_caller(normal: Listening) -> None:
    start = b"ProjectName=limits&Unknown="
    body = start + b"a" * (Limits().body - len(start))
    head = signed_body(normal, body) + b"content-length: %d\r\n\r\n" % len(body)
    assert normal.raw(head + body)[0] == 200


def ask(api: Api, action: str, *, nonce: str = "", query: str = "", **parameters: Any) -> str:
    """``OK`` or the code of the error."""
    pairs = list(parameters.items())
    pairs += [(name, "") for name in query.split("&") if name]
    signed = sign_v3("POST", HOST, action, pairs, "root", "root-secret", version="2020-09-30", nonce=nonce)
    headers = {name.lower(): [value] for name, value in signed.items()}
    target = "/?" + "&".join(f"{name}={value}" for name, value in pairs)
    answer = api.handle(HttpRequest("POST", target, headers))
    return "OK" if answer.status == 200 else str(json.loads(answer.body)["Code"])


def test_parameters(api: Api) -> None:
    assert ask(api, "ListProjects", query="&".join(f"A{number}" for number in range(1_000))) == "OK"
    more = "&".join(f"A{number}" for number in range(1_001))
    assert ask(api, "ListProjects", query=more) == "InvalidParameter"


def test_nonce(api: Api) -> None:
    assert ask(api, "ListProjects", nonce="a" * 4_096) == "OK"
    assert ask(api, "ListProjects", nonce="a" * 4_097) == "InvalidSignatureNonce"


def nested(depth: int) -> str:
    """A File with labels this deep; the file itself and its labels are two levels."""
    inner: Any = "x"
    for _ in range(depth - 2):
        inner = [inner]
    return json.dumps({"URI": "oss://bucket/key", "CustomLabels": {"a": inner}})


def test_json(api: Api, dataset: dict[str, str]) -> None:
    def code(file: str) -> str:
        answer = api.send("IndexFileMeta", {**dataset, "File": file})
        return "OK" if answer.status == 200 else str(json.loads(answer.body)["Message"])

    assert "levels deep" not in code(nested(MAX_DEPTH))
    assert "levels deep" in code(nested(MAX_DEPTH + 1))
    query = '{"URI":"oss://bucket/key","CustomLabels":{"a":[%s]}}'
    fixed = query.count(",") + query.count("{") + query.count("[")
    for more, refused in ((0, False), (1, True)):
        values = ",".join("1" * (MAX_VALUES - fixed + 1 + more))
        assert ("more than 100000 values" in code(query % values)) == refused


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("100000000", "OK"),
        (str(2**63 - 1), "LimitExceededError"),
        (str(2**63), "LimitExceededError"),
        ("9" * 40, "LimitExceededError"),
        ("9" * 41, "InvalidDatasetMaxFileCount"),
        ("0" * 39 + "1", "OK"),
        ("0" * 40 + "1", "InvalidDatasetMaxFileCount"),
        ("-1", "InvalidDatasetMaxFileCount"),
        ("1.0", "InvalidDatasetMaxFileCount"),
        ("1e3", "InvalidDatasetMaxFileCount"),
        ("٣", "InvalidDatasetMaxFileCount"),
    ],
)
def test_integers(api: Api, dataset: dict[str, str], value: str, code: str) -> None:
    answer = api.send(
        "UpdateProject", {"ProjectName": dataset["ProjectName"], "DatasetMaxFileCount": value}
    )
    found = "OK" if answer.status == 200 else json.loads(answer.body)["Code"]
    assert found == code
