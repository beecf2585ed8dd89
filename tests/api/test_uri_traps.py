"""URIs that would lead out of what a caller may read: on every operation that takes one, through a whole server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.gateway.test_connections import until

from bindery.api.operations import operation_ids
from bindery.api.spec.model import Operation, Parameter, load_models
from bindery.cli.client import ApiError, Client
from bindery.testing.server import BinderyServer

HIDDEN = "xylophonic"
"""A word that stands only where the caller may not read."""
WHERE = {"ProjectName": "one", "DatasetName": "one"}
KEYS = [
    "open/../closed/s.txt", "open/../../elsewhere/s.txt", "open/../../../data/root-key.json", "open/./../closed/s.txt",
    "open//../closed/s.txt", "open/%2e%2e/closed/s.txt", "open/%2E%2E%2Fclosed%2Fs.txt", "open/..%2fclosed/s.txt",
    "open/..\\closed\\s.txt", "open\\..\\closed\\s.txt", "open/\u2025/closed/s.txt", "open/link/s.txt", "open/link",
    "open/s.txt\0.jpg", "open/../closed/s.txt\0", "open/..", "open/.", "open/", "open//", "/open/../closed/s.txt",
    "open/" + "../" * 50 + "etc/passwd", "open/" + "k" * 1_100, "open/" + "../" * 400 + "x", "",
    "../bucket/closed/s.txt", "../elsewhere/s.txt", "./closed/s.txt", "//closed/s.txt", "open/..;/closed/s.txt",
]  # fmt: skip
WHOLE = [
    "oss://bucket:open/../closed/s.txt", "oss://bucket\\closed\\s.txt", "oss://../elsewhere/s.txt", "oss:///closed/s.txt",
    "oss://bucket@elsewhere/s.txt", "oss://elsewhere#bucket/open/s.txt", "oss://bucket?/closed/s.txt", "oss:bucket/x",
    "file:///etc/passwd", "s3://bucket/closed/s.txt", "http://127.0.0.1/", "OSS://bucket/closed/s.txt", "oss://.", "oss://..",
    "oss://bucket/../elsewhere", "oss://%62ucket/closed/s.txt", "//bucket/closed/s.txt", "/etc/passwd", " oss://bucket/x",
    "oss://bucket\0/closed/s.txt", "oss://" + "b" * 5_000, "oss://bucket.\u3002/x", "oss://elsewhere/s.txt",
]  # fmt: skip
URIS = [*(f"oss://bucket/{key}" for key in KEYS), *WHOLE]
TAKING = ("InputFile", "array<InputFile>")


def takes_uri(parameter: Parameter) -> bool:
    return "URI" in parameter.name or parameter.type in TAKING


OPERATIONS = [
    operation
    for operation in load_models()
    if operation.id in set(operation_ids()) and any(takes_uri(each) for each in operation.parameters)
]


@pytest.fixture(scope="module")
def server() -> Iterator[BinderyServer]:
    with BinderyServer() as running:
        closed = f"This text is {HIDDEN}."
        folder = running.bucket("bucket", {"open/z.txt": "A lighthouse.", "closed/s.txt": closed})
        (running.bucket("elsewhere", {"s.txt": closed}) / "x").write_text(closed)
        (folder / "open" / "link").symlink_to(folder / "closed", target_is_directory=True)
        (folder / "open" / "s.txt").symlink_to(folder / "closed" / "s.txt")
        running.call("CreateProject", ProjectName="one")
        running.call("CreateDataset", **WHERE)
        yield running


@pytest.fixture(scope="module")
def caller(server: BinderyServer) -> Client:
    """May do everything with the dataset, and read what lies under ``open/`` of one bucket."""
    statements = [
        {"Effect": "Allow", "Action": ["imm:*", "bindery:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "oss:*", "Resource": "acs:oss:*:*:bucket/open/*"},
    ]
    document = json.dumps({"Version": "1", "Statement": statements})
    server.call("CreateUser", UserName="caller")
    server.call("CreatePolicy", PolicyName="open", PolicyDocument=document)
    server.call("AttachPolicyToUser", UserName="caller", PolicyType="Custom", PolicyName="open")
    key = server.call("CreateAccessKey", UserName="caller")["AccessKey"]
    return Client(server.endpoint, key["AccessKeyId"], key["AccessKeySecret"])


def parameters(operation: Operation, uri: str) -> dict[str, Any]:
    known: dict[str, Any] = {
        "ProjectName": "one",
        "DatasetName": "one",
        "Bucket": "bucket",
        "Store": "/etc",
    }
    given: dict[str, Any] = {}
    for each in operation.parameters:
        if takes_uri(each):
            plural = each.type.startswith("array")
            one = {"URI": uri} if each.type in TAKING else uri
            given[each.name] = json.dumps([one] if plural else one) if each.encoding == "json" else one
        elif each.required and each.name in known:
            given[each.name] = known[each.name]
    return given


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_uri_leads_anywhere_else(server: BinderyServer, caller: Client, operation: Operation) -> None:
    for uri in URIS:
        try:
            told = json.dumps(caller.call(operation.name, **parameters(operation, uri)))
        except ApiError as refused:
            assert refused.status in (400, 403, 404, 409), (uri, refused)
            told = refused.message
        assert HIDDEN not in told, (operation.name, uri)
        assert "AccessKeySecret" not in told, (operation.name, uri)


def test_nothing_of_it_is_indexed(server: BinderyServer, caller: Client) -> None:
    """What a caller may name is read as it is written, and is not there."""

    def index(uri: str, client: Any = caller) -> None:
        client.call("IndexFileMeta", **WHERE, File=json.dumps({"URI": uri}))

    def hits(word: str) -> int:
        return int(server.call("FuzzyQuery", **WHERE, Query=word)["TotalHits"])

    for uri in URIS:
        try:
            index(uri)
        except ApiError as refused:
            assert refused.status in (400, 403), (uri, refused)
    index("oss://bucket/open/z.txt")
    until(lambda: hits("lighthouse") == 1)
    assert hits(HIDDEN) == 0
    index("oss://bucket/closed/s.txt", server)
    until(lambda: hits(HIDDEN) == 1)  # so it would have been found
