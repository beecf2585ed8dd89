"""The previous generation of the Python SDK: CommonRequest of aliyun-python-sdk-core."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest, RpcRequest

if TYPE_CHECKING:
    from conftest import RunningServer
    from sdk.conftest import Bound

pytestmark = pytest.mark.server


def request(
    server: RunningServer,
    action: str,
    *,
    method: str = "POST",
    body: dict[str, str] | None = None,
    version: str = "2020-09-30",
    **query: str,
) -> CommonRequest:
    made = CommonRequest(domain=server.address, version=version, action_name=action)
    made.set_protocol_type("http")
    made.set_method(method)
    for name, value in query.items():
        made.add_query_param(name, value)
    for name, value in (body or {}).items():
        made.add_body_params(name, value)
    return made


def client(server: RunningServer, secret: str | None = None) -> AcsClient:
    return AcsClient(server.key_id, secret or server.key_secret, "cn-hangzhou", timeout=30)


def answered(server: RunningServer, action: str, **options: Any) -> dict[str, Any]:
    return dict(json.loads(client(server).do_action_with_exception(request(server, action, **options))))


def refused(server: RunningServer, action: str, **options: Any) -> ServerException:
    with pytest.raises(ServerException) as refused:
        client(server).do_action_with_exception(request(server, action, **options))
    return refused.value


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_version_chooses_the_product(server: RunningServer, method: str) -> None:
    ram = {"version": "2015-05-01", "method": method}
    policy = answered(server, "GetPolicy", PolicyName="AliyunIMMFullAccess", PolicyType="System", **ram)[
        "Policy"
    ]
    assert policy["PolicyType"] == "System"
    error = refused(server, "GetUser", UserName="nobody", **ram)
    assert (error.get_http_status(), error.get_error_code()) == (404, "EntityNotExist.User")
    error = refused(server, "GetPolicy")
    assert error.get_error_code() == "InvalidAction.NotFound"
    assert "GetPolicy of version 2015-05-01" in error.get_error_msg()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_parameters_in_the_query(server: RunningServer, bound: Bound, method: str) -> None:
    names = {"ProjectName": bound.project, "DatasetName": bound.dataset}
    binding = answered(server, "GetBinding", method=method, URI=bound.uri, **names)["Binding"]
    assert (binding["State"], binding["URI"]) == ("Running", bound.uri)
    fields = json.dumps(["Filename"])
    found = answered(server, "FuzzyQuery", method=method, Query="文/c", WithFields=fields, **names)
    assert found["Files"] == [{"Filename": "文/c.txt"}]


def test_parameters_in_a_form(server: RunningServer, bound: Bound) -> None:
    names = {"ProjectName": bound.project, "DatasetName": bound.dataset}
    found = answered(server, "FuzzyQuery", body={"Query": "a b*~+é'", **names})
    assert found["TotalHits"] == 0
    found = answered(
        server,
        "FuzzyQuery",
        ProjectName=bound.project,
        body={"DatasetName": bound.dataset, "Query": ".gif"},
    )
    assert found["TotalHits"] == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.filterwarnings("ignore:do_action:DeprecationWarning")
def test_xml(server: RunningServer, bound: Bound, method: str) -> None:
    for project, path, text in (
        (bound.project, "GetProjectResponse/Project/ProjectName", bound.project),
        ("nowhere", "Error/Code", "ResourceNotFound"),
    ):
        asked = request(server, "GetProject", method=method, ProjectName=project)
        asked.set_accept_format("XML")
        root = ElementTree.fromstring(client(server).do_action(asked))
        assert root.tag == path.split("/")[0]
        assert root.findtext(path.partition("/")[2]) == text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_error_as_the_exception_shows_it(server: RunningServer, method: str) -> None:
    error = refused(server, "GetProject", method=method, ProjectName="nowhere")
    assert (error.get_http_status(), error.get_error_code()) == (400, "ResourceNotFound")
    assert error.get_error_msg() == "The specified resource project is not found."
    assert error.get_request_id()


def test_a_wrong_secret_is_recognised_by_the_sdk(server: RunningServer) -> None:
    """It compares the server's string to sign with its own, and so knows that only the secret is wrong."""
    asked = RpcRequest("imm", "2020-09-30", "ListProjects", protocol="http")
    asked.set_endpoint(server.address)
    asked.set_accept_format("JSON")
    with pytest.raises(ServerException) as caught:
        client(server, "wrong").do_action_with_exception(asked)
    assert caught.value.get_error_code() == "InvalidAccessKeySecret"


def test_an_operation_for_post_only(server: RunningServer, bound: Bound) -> None:
    names = {"ProjectName": bound.project, "DatasetName": bound.dataset}
    error = refused(server, "DeleteDataset", method="GET", **names)
    assert (error.get_http_status(), error.get_error_code()) == (403, "UnsupportedHTTPMethod")
