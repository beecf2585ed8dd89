"""The official Python SDK, synchronous and asynchronous, changed in nothing but its endpoint."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_credentials.client import Client as CredentialClient
from alibabacloud_credentials.models import Config as CredentialConfig
from alibabacloud_imm20200930 import models
from alibabacloud_imm20200930.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

if TYPE_CHECKING:
    from conftest import RunningServer
    from sdk.conftest import Bound

pytestmark = pytest.mark.server
ALGORITHMS = [None, "v2"] + (["ACS3-HMAC-SM3"] if "sm3" in hashlib.algorithms_available else [])


def connect(server: RunningServer, **settings: Any) -> Client:
    known = {
        "access_key_id": server.key_id,
        "access_key_secret": server.key_secret,
        "endpoint": server.address,
        "protocol": "http",
    }
    return Client(Config(**known | settings))


@pytest.fixture(scope="module", params=ALGORITHMS, ids=["V3", "V1", "SM3"][: len(ALGORITHMS)])
def client(server: RunningServer, request: pytest.FixtureRequest) -> Client:
    """One for each style of signature."""
    return connect(server, **({"signature_algorithm": request.param} if request.param else {}))


def refusal(call: Callable[[], object], kind: type[Exception] = ClientException) -> Any:
    with pytest.raises(kind) as refused:
        call()
    return refused.value


def test_projects_and_datasets(client: Client, new_name: Callable[[str], str]) -> None:
    name = new_name("life")
    made = client.create_project(
        models.CreateProjectRequest(
            project_name=name,
            description="家庭照片 & more + ~*'()",
            project_max_dataset_count=3,
            tag=[models.CreateProjectRequestTag(key="team", value="a b")],
        )
    )
    assert made.status_code == 200
    assert made.body.project.description == "家庭照片 & more + ~*'()"
    assert made.headers["x-acs-request-id"] == made.body.request_id
    assert [(tag.tag_key, tag.tag_value) for tag in made.body.project.tags] == [("team", "a b")]
    listed = client.list_projects(
        models.ListProjectsRequest(
            prefix=name, tag=[models.ListProjectsRequestTag(key="team", value="a b")]
        )
    )
    assert [project.project_name for project in listed.body.projects] == [name]
    client.create_dataset(models.CreateDatasetRequest(project_name=name, dataset_name="one"))
    client.update_dataset(
        models.UpdateDatasetRequest(project_name=name, dataset_name="one", description="changed")
    )
    dataset = client.get_dataset(
        models.GetDatasetRequest(project_name=name, dataset_name="one", with_statistics=True)
    ).body.dataset
    assert (dataset.description, dataset.file_count) == ("changed", 0)
    error = refusal(lambda: client.delete_project(models.DeleteProjectRequest(project_name=name)))
    assert error.code == "ResourceNotEmpty"
    client.delete_dataset(models.DeleteDatasetRequest(project_name=name, dataset_name="one"))
    client.delete_project(models.DeleteProjectRequest(project_name=name))


def test_bindings(client: Client, bound: Bound) -> None:
    names = {"project_name": bound.project, "dataset_name": bound.dataset, "uri": bound.uri}
    binding = client.get_binding(models.GetBindingRequest(**names)).body.binding
    assert (binding.state, binding.phase, binding.reason) == ("Running", "IncrementalScanning", None)
    listed = client.list_bindings(models.ListBindingsRequest(project_name=bound.project, uri=bound.uri))
    assert [entry.uri for entry in listed.body.bindings] == [bound.uri]
    error = refusal(lambda: client.create_binding(models.CreateBindingRequest(**names)))
    assert (error.code, error.status_code) == ("ResourceAlreadyExists", 400)


def test_queries(client: Client, bound: Bound) -> None:
    names = {"project_name": bound.project, "dataset_name": bound.dataset}
    query = models.SimpleQuery(
        operation="and",
        sub_queries=[
            models.SimpleQuery(field="ContentType", operation="eq", value="image/gif"),
            models.SimpleQuery(field="ImageWidth", operation="lt", value="2"),
        ],
    )
    found = client.simple_query(
        models.SimpleQueryRequest(
            **names, query=query, sort="URI", order="desc", max_results=1, with_fields=["URI", "ImageWidth"]
        )
    ).body
    assert (found.total_hits, [file.uri for file in found.files]) == (2, [f"{bound.uri}/b.gif"])
    rest = client.simple_query(
        models.SimpleQueryRequest(
            **names, query=query, sort="URI", order="desc", max_results=1, next_token=found.next_token
        )
    ).body
    assert [(file.uri, file.image_width) for file in rest.files] == [(f"{bound.uri}/a.gif", 1)]
    assert rest.next_token == ""
    group = models.SimpleQueryRequestAggregations(field="MediaType", operation="group")
    totals = client.simple_query(models.SimpleQueryRequest(**names, aggregations=[group])).body
    groups = {entry.value: entry.count for entry in totals.aggregations[0].groups}
    assert groups["image"] == 2
    fuzzy = client.fuzzy_query(models.FuzzyQueryRequest(**names, query="文/C")).body
    assert [file.filename for file in fuzzy.files] == ["文/c.txt"]


def test_unset_members_of_a_file_clear_nothing(client: Client, bound: Bound) -> None:
    names = {"project_name": bound.project, "dataset_name": bound.dataset}
    uri = f"{bound.uri}/a.gif"

    def update(**fields: Any) -> Any:
        client.update_file_meta(
            models.UpdateFileMetaRequest(**names, file=models.InputFile(uri=uri, **fields))
        )
        return client.get_file_meta(models.GetFileMetaRequest(**names, uri=uri)).body.files[0]

    address = models.Address(city="杭州市", country="中国")
    update(custom_id="id-1", addresses=[address], custom_labels={"Group": "a", "n": 1})
    file = update(title="A title")
    assert (file.custom_id, file.title, file.addresses[0].city) == ("id-1", "A title", "杭州市")
    assert file.custom_labels == {"Group": "a", "n": "1"}
    assert update(custom_labels={}).custom_labels in (None, {})


def test_batches(client: Client, bound: Bound, new_name: Callable[[str], str]) -> None:
    names = {"project_name": bound.project, "dataset_name": bound.dataset}
    prefix = new_name("batch")
    uris = [f"oss://elsewhere/{prefix}/{number}.jpg" for number in range(100)]
    files = [models.InputFile(uri=uri, custom_id="x" * 200) for uri in uris]
    indexed = client.batch_index_file_meta(models.BatchIndexFileMetaRequest(**names, files=files))
    assert indexed.body.event_id
    asked = models.BatchGetFileMetaRequest(**names, uris=uris, with_fields=["URI"])
    assert [file.uri for file in client.batch_get_file_meta(asked).body.files] == uris
    changed = client.batch_update_file_meta(
        models.BatchUpdateFileMetaRequest(
            **names, files=[models.InputFile(uri=uris[0]), models.InputFile(uri="oss://elsewhere/absent")]
        )
    )
    assert [file.success for file in changed.body.files] == [True, False]
    client.batch_delete_file_meta(models.BatchDeleteFileMetaRequest(**names, uris=uris))
    assert client.batch_get_file_meta(asked).body.files == []


def test_tasks_and_regions(client: Client, bound: Bound) -> None:
    tasks = client.list_tasks(
        models.ListTasksRequest(
            project_name=bound.project,
            task_types=["MediaConvert"],
            start_time_range=models.TimeRange(start="2016-12-31T00:00:00+08:00"),
        )
    )
    assert (tasks.body.tasks, tasks.body.max_results) == ([], "100")
    regions = client.list_regions(models.ListRegionsRequest(accept_language="en-US"))
    assert [region.region_id for region in regions.body.regions] == ["cn-hangzhou"]


def test_an_error_as_the_exception_shows_it(client: Client, server: RunningServer) -> None:
    error = refusal(lambda: client.get_project(models.GetProjectRequest(project_name="nowhere")))
    message = "The specified resource project is not found."
    assert (error.code, error.status_code) == ("ResourceNotFound", 400)
    assert error.message == f"code: 400, {message} request id: {error.request_id}"
    data = dict(error.data)
    assert data.pop("statusCode") == 400
    assert data == {
        "RequestId": error.request_id,
        "HostId": server.address,
        "Code": "ResourceNotFound",
        "Message": message,
        "Recommend": "https://next.api.aliyun.com/troubleshoot?q=ResourceNotFound&product=imm",
    }


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (models.ListProjectsRequest(max_results=201), "LimitExceededError"),
        (models.ListProjectsRequest(max_results=-1), "InvalidMaxResults"),
        (models.ListProjectsRequest(next_token="x"), "InvalidNextToken"),
    ],
)
def test_wrong_parameters(client: Client, request_: Any, code: str) -> None:
    assert refusal(lambda: client.list_projects(request_)).code == code


def test_a_missing_parameter(client: Client) -> None:
    error = refusal(lambda: client.get_project(models.GetProjectRequest()))
    assert error.code == "MissingProjectName"
    assert "ProjectName is mandatory for this action." in error.message


def test_an_operation_that_is_not_built(client: Client) -> None:
    request = models.GetFigureClusterRequest(project_name="p", dataset_name="d", object_id="o")
    error = refusal(lambda: client.get_figure_cluster(request), ServerException)
    assert (error.code, error.status_code) == ("NotImplemented", 501)


def test_form_bodies_are_understood(client: Client) -> None:
    """CreateTrigger is sent as a form; only the step after the signature refuses it."""
    request = models.CreateTriggerRequest(
        project_name="p",
        service_role="r",
        input=models.Input(oss=models.InputOSS(bucket="b")),
        actions=[models.CreateTriggerRequestActions(name="doc/convert", parameters=["a=b c"])],
    )
    assert refusal(lambda: client.create_trigger(request), ServerException).code == "NotImplemented"


def test_a_megabyte_of_chinese(client: Client, bound: Bound) -> None:
    request = models.FuzzyQueryRequest(
        project_name=bound.project, dataset_name=bound.dataset, query="文" * 349_525
    )
    assert client.fuzzy_query(request).body.total_hits == 0


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_a_wrong_secret(server: RunningServer, algorithm: str | None) -> None:
    client = connect(server, access_key_secret="wrong", signature_algorithm=algorithm)
    error = refusal(lambda: client.list_projects(models.ListProjectsRequest()))
    assert (error.code, error.status_code) == ("SignatureDoesNotMatch", 400)
    assert "Specified signature is not matched with our calculation." in error.message


@pytest.mark.parametrize("algorithm", [None, "v2"])
def test_an_unknown_key(server: RunningServer, algorithm: str | None) -> None:
    client = connect(server, access_key_id="stranger", signature_algorithm=algorithm)
    error = refusal(lambda: client.list_projects(models.ListProjectsRequest()))
    assert (error.code, error.status_code) == ("InvalidAccessKeyId.NotFound", 404)


@pytest.mark.parametrize("algorithm", [None, "v2"])
@pytest.mark.parametrize(
    ("credential", "code"),
    [
        (
            {"type": "sts", "access_key_id": "STS.a", "access_key_secret": "s", "security_token": "t"},
            "InvalidSecurityToken.Malformed",
        ),
        ({"type": "bearer", "bearer_token": "token"}, "InvalidSignatureType"),
    ],
    ids=["sts", "bearer"],
)
def test_tokens_are_refused_clearly(
    server: RunningServer, algorithm: str | None, credential: dict[str, str], code: str
) -> None:
    client = Client(
        Config(
            credential=CredentialClient(CredentialConfig(**credential)),
            endpoint=server.address,
            protocol="http",
            signature_algorithm=algorithm,
        )
    )
    error = refusal(lambda: client.list_projects(models.ListProjectsRequest()))
    assert (error.code, error.status_code) == (code, 400)


def generic(client: Client, action: str, **request: Any) -> dict[str, Any]:
    """The SDK's generic call, with what its callers may set."""
    params = Params(
        action=action,
        version="2020-09-30",
        protocol="HTTP",
        pathname="/",
        method=request.pop("method", "POST"),
        auth_type=request.pop("auth_type", "AK"),
        style="RPC",
        req_body_type=request.pop("req_body_type", "formData"),
        body_type="json",
    )
    return dict(client.call_api(params, OpenApiRequest(**request), RuntimeOptions()))


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "GET", "query": {"ProjectName": "{project}"}},
        {"method": "POST", "query": {"ProjectName": "{project}"}},
        {"method": "POST", "body": {"ProjectName": "{project}"}},
        {"method": "POST", "query": {"WithStatistics": "True"}, "body": {"ProjectName": "{project}"}},
    ],
    ids=["get", "post", "form", "query and form"],
)
def test_generic_calls(client: Client, bound: Bound, request_: dict[str, Any]) -> None:
    filled = {
        name: value
        if isinstance(value, str)
        else {key: entry.replace("{project}", bound.project) for key, entry in value.items()}
        for name, value in request_.items()
    }
    answer = generic(client, "GetProject", **filled)
    assert answer["body"]["Project"]["ProjectName"] == bound.project


def test_anonymous_calls_are_refused_clearly(server: RunningServer) -> None:
    error = refusal(lambda: generic(connect(server), "ListProjects", auth_type="Anonymous"))
    assert (error.code, error.status_code) == ("MissingAccessKeyId", 400)


def test_an_unknown_action(client: Client) -> None:
    error = refusal(lambda: generic(client, "GetEverything"))
    assert (error.code, error.status_code) == ("InvalidAction.NotFound", 404)


def test_the_asynchronous_client(client: Client, bound: Bound) -> None:
    """Many calls at once on one connection pool; also a refusal, and special characters."""
    names = {"project_name": bound.project, "dataset_name": bound.dataset}

    async def run() -> None:
        runtime = RuntimeOptions()
        bindings = await asyncio.gather(
            *(
                client.get_binding_with_options_async(
                    models.GetBindingRequest(**names, uri=bound.uri), runtime
                )
                for _ in range(20)
            )
        )
        assert {answer.body.binding.state for answer in bindings} == {"Running"}
        found = await client.fuzzy_query_with_options_async(
            models.FuzzyQueryRequest(**names, query="文/c"), runtime
        )
        assert found.body.total_hits == 1
        nothing = await client.fuzzy_query_with_options_async(
            models.FuzzyQueryRequest(**names, query="a b*~+é'()!"), runtime
        )
        assert nothing.body.total_hits == 0
        with pytest.raises(ClientException) as refused:
            await client.get_project_with_options_async(
                models.GetProjectRequest(project_name="nowhere"), runtime
            )
        assert refused.value.code == "ResourceNotFound"

    asyncio.run(run())


def test_an_endpoint_with_a_scheme_or_a_path(server: RunningServer, bound: Bound) -> None:
    for endpoint in (server.endpoint, f"{server.address}/imm"):
        client = connect(server, endpoint=endpoint)
        found = client.get_project(models.GetProjectRequest(project_name=bound.project))
        assert found.body.project.project_name == bound.project


def test_detecting_media(client: Client, bound: Bound) -> None:
    request = models.DetectMediaMetaRequest(project_name=bound.project, source_uri=f"{bound.uri}/a.gif")
    while (refused := refusal(lambda: client.detect_media_meta(request))).code == "ServiceUnavailable":
        pass  # a busy machine has not come to it in time: the call is to be sent again
    assert refused.code == "InvalidArgument"


def test_an_extension_of_the_answers_disturbs_nobody(client: Client, bound: Bound) -> None:
    answer = generic(
        client,
        "GetBinding",
        query={"ProjectName": bound.project, "DatasetName": bound.dataset, "URI": bound.uri},
    )
    progress = answer["body"]["Binding"]["Progress"]
    assert progress["Listed"] == 3
