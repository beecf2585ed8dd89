"""The chain of steps: in which order a request is refused, and by what."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree

import msgspec
import pytest
import structlog

from bindery.access.keys import make_key
from bindery.access.permits import make_call_permit
from bindery.api.gateway.request import HttpRequest, storable_header
from bindery.api.gateway.signature import sign_v3, signature_v1, string_to_sign_v1
from bindery.api.operations import operation_ids
from bindery.api.spec.model import Operation, load_models
from bindery.catalog.records import Backlog
from bindery.clock import now_ns
from bindery.stopping import Interrupted

if TYPE_CHECKING:
    from tests.api.conftest import Api

HOST = "imm.test:8180"
UNBUILT = [operation for operation in load_models() if operation.id not in operation_ids()]


def request(
    action: str,
    query: str = "",
    method: str = "POST",
    secret: str = "root-secret",
    version: str | None = None,
) -> HttpRequest:
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
    signed = sign_v3(method, HOST, action, pairs, "root", secret, version="2020-09-30")  # type: ignore[arg-type]
    headers = {name.lower(): [value] for name, value in signed.items()}
    if version is not None:
        headers["x-acs-version"] = [version]
    return HttpRequest(method, f"/?{query}", headers)


def code(api: Api, sent: HttpRequest) -> tuple[int, str]:
    answer = api.handle(sent)
    return answer.status, json.loads(answer.body)["Code"]


def test_an_action_that_does_not_exist_is_told_to_anybody(api: Api) -> None:
    assert code(api, request("GetNothing", secret="wrong")) == (404, "InvalidAction.NotFound")
    assert code(api, request("getproject")) == (404, "InvalidAction.NotFound")
    assert code(api, HttpRequest("POST", "/", {"x-acs-version": ["2020-09-30"]}))[1] == "MissingAction"


def test_versions(api: Api) -> None:
    assert code(api, request("GetProject", version="2017-09-06")) == (400, "InvalidVersion")
    assert code(api, request("GetProject", version="")) == (400, "MissingVersion")


def test_methods(api: Api) -> None:
    api("CreateProject", ProjectName="project")
    assert api.handle(request("GetProject", "ProjectName=project", "GET")).status == 200
    for method in ("PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"):
        assert code(api, request("GetProject", "ProjectName=project", method)) == (
            403,
            "UnsupportedHTTPMethod",
        )
    for action in ("DeleteDataset", "BatchIndexFileMeta", "BatchDeleteFileMeta"):
        assert code(api, request(action, "", "GET")) == (403, "UnsupportedHTTPMethod")


def test_who_calls_is_asked_before_what_is_built(api: Api) -> None:
    assert code(api, request("GetFigureCluster", secret="wrong")) == (400, "SignatureDoesNotMatch")
    assert code(api, request("GetProject", secret="wrong")) == (400, "SignatureDoesNotMatch")
    assert code(
        api, HttpRequest("POST", "/", {"x-acs-action": ["GetProject"], "x-acs-version": ["2020-09-30"]})
    ) == (
        400,
        "MissingAccessKeyId",
    )


@pytest.mark.parametrize("operation", UNBUILT, ids=lambda operation: operation.id)
def test_operations_that_are_not_built(api: Api, operation: Operation) -> None:
    refused = api.refused(operation.name)
    assert refused[:2] == (501, "NotImplemented")
    assert refused.message.startswith(f"{operation.name} is part of the API but not built in Bindery")
    assert operation.left_out in refused.message


def test_parameters_are_looked_at_before_resources(api: Api) -> None:
    assert api.refused("GetDataset", ProjectName="nowhere")[1] == "MissingDatasetName"
    assert api.refused("ListDatasets", ProjectName="nowhere", MaxResults=999)[1] == "LimitExceededError"
    assert (
        api.refused("GetFileMeta", ProjectName="nowhere", DatasetName="d", URI="http://x")[1]
        == "InvalidArgument"
    )
    query = {"Field": "Nothing", "Operation": "eq", "Value": ""}
    assert (
        api.refused("SimpleQuery", ProjectName="nowhere", DatasetName="d", Query=query)[1]
        == "InvalidArgument"
    )


def test_the_same_error_as_json_and_as_xml(api: Api) -> None:
    for sent in (
        request("GetProject", "ProjectName=nowhere"),
        request("GetProject", "ProjectName=nowhere&Format=XML"),
    ):
        answer = api.handle(sent)
        assert answer.status == 400
        if "Format" in sent.target:
            root = ElementTree.fromstring(answer.body)
            body = {entry.tag: entry.text for entry in root}
        else:
            body = json.loads(answer.body)
        assert body.pop("RequestId") == answer.request_id
        assert body == {
            "HostId": HOST,
            "Code": "ResourceNotFound",
            "Message": "The specified resource project is not found.",
            "Recommend": "https://next.api.aliyun.com/troubleshoot?q=ResourceNotFound&product=imm",
        }


def test_the_older_style_answers_xml_unless_asked_otherwise(api: Api) -> None:
    api("CreateProject", ProjectName="project")
    for extra, kind in (
        ({}, "text/xml"),
        ({"Format": "XML"}, "text/xml"),
        ({"Format": "json"}, "application/json"),
    ):
        answer = api.handle(v1(ProjectName="project", **extra))
        assert (answer.status, answer.content_type) == (200, f"{kind};charset=utf-8")
        if kind == "text/xml":
            root = ElementTree.fromstring(answer.body)
            assert root.tag == "GetProjectResponse"
            assert root.findtext("Project/ProjectName") == "project"


def v1(**parameters: str) -> HttpRequest:
    whole = {
        "Action": "GetProject",
        "Version": "2020-09-30",
        "AccessKeyId": "root",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid4().hex,
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **parameters,
    }
    whole["Signature"] = signature_v1("root-secret", string_to_sign_v1("GET", whole.items()))
    return HttpRequest("GET", "/?" + urlencode(whole), {"host": [HOST]})


def test_request_ids_are_upper_case_uuids_and_differ(api: Api) -> None:
    answers = [api.handle(request("ListProjects")) for _ in range(3)]
    assert len({answer.request_id for answer in answers}) == 3
    for answer in answers:
        assert json.loads(answer.body)["RequestId"] == answer.request_id == answer.request_id.upper()
        assert len(answer.request_id) == 36


def test_a_defect_answers_500_and_tells_only_the_log(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(context: Any, message: Any) -> msgspec.Struct:
        raise RuntimeError("secret detail")

    built = api.gateway.built
    monkeypatch.setitem(built, "imm:GetProject", msgspec.structs.replace(built["imm:GetProject"], run=fail))
    refused = api.refused("GetProject", ProjectName="project")
    assert refused[:2] == (500, "InternalError")
    assert "secret" not in refused.message


def test_a_call_that_the_end_of_the_server_interrupts_is_no_error_of_the_log(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(context: Any, message: Any) -> msgspec.Struct:
        raise Interrupted

    built = api.gateway.built
    monkeypatch.setitem(built, "imm:GetProject", msgspec.structs.replace(built["imm:GetProject"], run=fail))
    with structlog.testing.capture_logs() as lines:
        assert api.refused("GetProject", ProjectName="project")[:2] == (503, "ServiceUnavailable")
    assert not [line for line in lines if line["log_level"] == "error"]


@pytest.mark.parametrize(
    "headers",
    [
        {
            "host": ["\udcff"],
            "authorization": ["ACS3-HMAC-SHA256 Credential=\udcff,SignedHeaders=a,Signature=00"],
        },
        {"x-acs-action": ["\udcff"], "x-acs-version": ["\udcff"]},
        {"x-acs-action": ["GetProject"], "x-acs-version": ["2020-09-30"], "x-acs-bearer-token": ["\udcff"]},
        {"accept": ["\udcff"], "content-type": ["\udcff"]},
    ],
)
def test_no_header_can_make_the_gateway_fail(api: Api, headers: dict[str, list[str]]) -> None:
    answer = api.handle(HttpRequest("POST", "/", headers, b"x"))
    assert 400 <= answer.status < 500


def test_a_signed_header_that_was_changed_is_refused(api: Api) -> None:
    """Bytes that are no UTF-8 are replaced where headers arrive; what was signed is another text then."""
    sent = request("ListProjects")
    sent.headers["host"][0] = storable_header("imm\udcff")  # type: ignore[index]
    assert code(api, sent) == (400, "SignatureDoesNotMatch")


def test_large_requests_are_served_too(api: Api, dataset: dict[str, str]) -> None:
    text = "文" * 349_525
    assert api("FuzzyQuery", **dataset, Query=text)["TotalHits"] == 0
    assert api.refused("FuzzyQuery", **dataset, Query=text + "文")[1] == "LimitExceededError"


# metrics


def test_requests_are_counted_by_action_and_code(make_api: Callable[..., Api]) -> None:
    api = make_api()
    api("ListProjects")
    api("ListProjects")
    api.refused("GetProject", ProjectName="nowhere")
    api.refused("GetNothing")
    api.refused("<script>" + "x" * 50)
    page = api.gateway.metrics.text(named=True).decode()
    assert 'bindery_requests_total{action="ListProjects",code="OK",product="imm"} 2.0' in page
    assert 'bindery_extraction_waiting{class="scan"} 0.0' in page
    assert "bindery_extraction_stopped 0.0" in page
    assert "bindery_folders_watched " in page
    assert 'bindery_requests_total{action="GetProject",code="ResourceNotFound",product="imm"} 1.0' in page
    assert (
        'bindery_requests_total{action="unknown",code="InvalidAction.NotFound",product="imm"} 2.0' in page
    )
    assert "script" not in page
    assert 'bindery_request_seconds_count{action="ListProjects",product="imm"} 2.0' in page


def test_times_stand_in_the_bucket_whose_bound_they_do_not_pass(make_api: Callable[..., Api]) -> None:
    metrics = make_api().gateway.metrics
    for seconds in (0.0, 0.001, 0.0011, 5.0, 6.5):
        metrics.count("imm", "GetProject", "OK", seconds)
    page = metrics.text(named=False).decode()
    named = 'bindery_request_seconds_{}{{action="GetProject",{}product="imm"}} {}'
    for bound, number in (("0.001", 2), ("0.0025", 3), ("2.5", 3), ("5.0", 4), ("+Inf", 5)):
        assert named.format("bucket", f'le="{bound}",', f"{number}.0") in page
    assert named.format("count", "", "5.0") in page
    assert named.format("sum", "", "11.5021") in page


def test_names_that_callers_invent_make_no_series(make_api: Callable[..., Api]) -> None:
    api = make_api()
    for number in range(50):
        api.handle(HttpRequest("POST", f"/?P{number}=1&P{number}=2", {}))
        api.handle(HttpRequest("POST", "/", {f"x-acs-{number}": ["1"], "authorization": [f"A{number} x"]}))
        api.refused(f"Action{number}")
        api.refused("GetProject", ProjectName=f"p{number}")
    lines = [
        line
        for line in api.gateway.metrics.text(named=True).decode().splitlines()
        if "requests_total{" in line
    ]
    assert len(lines) <= 6, lines


def test_bindings_are_shown_with_their_books(api: Api, dataset: dict[str, str]) -> None:
    api("CreateBinding", **dataset, URI="oss://nowhere")
    page = api.gateway.metrics.text(named=True).decode()
    assert 'bindery_bindings{state="Stopped"} 0.0' in page
    assert (
        'bindery_binding_objects{bucket="nowhere",class="listed",dataset="dataset",project="project"} 0.0'
        in page
    )


def test_destinations_of_notifications_are_named_to_those_who_may_know_them(
    make_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, now = make_api(), now_ns()
    delivery, outbox = api.context.delivery, api.catalog.outbox
    tried = {("MNS/one", "delivered"): 2, ("MNS/two", "delivered"): 3, ("MNS/two", "failed"): 1}
    waits = {
        "MNS/one": Backlog(count=4, oldest=now - 10 * 10**9),
        "MNS/two": Backlog(count=5, oldest=now - 9_000 * 10**9),
    }
    monkeypatch.setattr(delivery, "tries", lambda: tried)
    monkeypatch.setattr(type(outbox), "backlog", lambda _: waits)

    def series(*, named: bool) -> dict[str, float]:
        lines = api.gateway.metrics.text(named=named).decode().splitlines()
        found = [line.rpartition(" ") for line in lines if line.startswith("bindery_notifications")]
        return {name: float(number) for name, _, number in found}

    summed = series(named=False)
    assert summed.pop("bindery_notifications_oldest_seconds") == pytest.approx(9_000, abs=600)
    assert summed == {
        'bindery_notifications_total{outcome="delivered"}': 5,
        'bindery_notifications_total{outcome="failed"}': 1,
        "bindery_notifications_pending": 9,
    }
    named = series(named=True)
    assert named['bindery_notifications_total{destination="MNS/two",outcome="delivered"}'] == 3
    assert named['bindery_notifications_pending{destination="MNS/one"}'] == 4
    assert len(named) == 7


def _extension(api: Api, key: tuple[str, str], permit: Callable[[str], str], nonce: str) -> tuple[int, str]:
    further = {"x-acs-bindery-operator": permit(nonce)}
    signed = sign_v3(
        "POST", HOST, "ListLedgerEntries", [], *key, version="2020-09-30", nonce=nonce, further=further
    )
    answer = api.handle(HttpRequest("POST", "/", {name.lower(): [value] for name, value in signed.items()}))
    return answer.status, json.loads(answer.body)["Code"]


def test_an_operator_proves_himself_with_each_request(make_api: Callable[..., Api]) -> None:
    api, root = make_api(strict=True), ("root", "root-secret")
    data = api.data

    def permit_for(key_id: str) -> Callable[[str], str]:
        return lambda nonce: make_call_permit(data, key_id, nonce) or ""

    assert _extension(api, root, permit_for("root"), "first") == (400, "MissingDatasetName")
    for claimed in ("1", "", "0" * 64, "ü", permit_for("root")("first")):
        assert _extension(api, root, lambda _, claimed=claimed: claimed, uuid4().hex) == (
            404,
            "InvalidAction.NotFound",
        )
    other = make_key()
    assert _extension(api, (other.id, other.secret), permit_for("root"), "second")[0] == 404
    assert _extension(api, root, permit_for("root"), "first") == (400, "SignatureNonceUsed")
