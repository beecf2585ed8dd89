"""CreateDataset, GetDataset, ListDatasets, UpdateDataset, DeleteDataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

NOT_FOUND = (400, "ResourceNotFound", "The specified resource dataset is not found.")
NO_PROJECT = (400, "ResourceNotFound", "The specified resource project is not found.")


def names(api: Api, **parameters: object) -> list[str]:
    return [
        entry["DatasetName"]
        for entry in api("ListDatasets", ProjectName="project", **parameters)["Datasets"]
    ]


def test_a_dataset_made_with_defaults(api: Api) -> None:
    api("CreateProject", ProjectName="project")
    made = api("CreateDataset", ProjectName="project", DatasetName="dataset")["Dataset"]
    assert made.pop("CreateTime") == made.pop("UpdateTime")
    assert made == {
        "ProjectName": "project",
        "DatasetName": "dataset",
        "Description": "",
        "TemplateId": "",
        "BindCount": 0,
        "FileCount": 0,
        "TotalFileSize": 0,
        "DatasetMaxBindCount": 10,
        "DatasetMaxFileCount": 100_000_000,
        "DatasetMaxEntityCount": 10_000_000_000,
        "DatasetMaxRelationCount": 100_000_000_000,
        "DatasetMaxTotalFileSize": 90_000_000_000_000_000,
    }


EVERYTHING = {
    "Description": "a set",
    "TemplateId": "Official:OSSBasicMeta",
    "DatasetMaxBindCount": 2,
    "DatasetMaxFileCount": 3,
    "DatasetMaxEntityCount": 4,
    "DatasetMaxRelationCount": 5,
    "DatasetMaxTotalFileSize": 6,
    "WorkflowParameters": [{"Name": "a", "Value": "b"}],
}


def test_a_dataset_made_with_everything(api: Api) -> None:
    api("CreateProject", ProjectName="project")
    made = api("CreateDataset", ProjectName="project", DatasetName="dataset", **EVERYTHING)["Dataset"]
    assert {name: made[name] for name in EVERYTHING} == EVERYTHING
    assert api("GetDataset", ProjectName="project", DatasetName="dataset")["Dataset"] == made


def test_caps_that_are_not_given_are_those_of_the_project(api: Api) -> None:
    api("CreateProject", ProjectName="project", DatasetMaxBindCount=1, DatasetMaxFileCount=50)
    made = api("CreateDataset", ProjectName="project", DatasetName="dataset", DatasetMaxFileCount=60)[
        "Dataset"
    ]
    assert (made["DatasetMaxBindCount"], made["DatasetMaxFileCount"]) == (1, 60)


def test_a_name_can_be_taken_once_in_a_project(api: Api, dataset: dict[str, str]) -> None:
    assert api.refused("CreateDataset", **dataset) == (
        400,
        "ResourceAlreadyExists",
        "The specified resource dataset already exists.",
    )
    api("CreateProject", ProjectName="other")
    api("CreateDataset", ProjectName="other", DatasetName="dataset")


def test_no_more_datasets_than_the_project_allows(api: Api) -> None:
    api("CreateProject", ProjectName="project", ProjectMaxDatasetCount=1)
    api("CreateDataset", ProjectName="project", DatasetName="one")
    assert api.refused("CreateDataset", ProjectName="project", DatasetName="two") == (
        400,
        "LimitExceededError",
        "Message: resource count exceeds the limit (ProjectMaxDatasetCount)",
    )
    api("UpdateProject", ProjectName="project", ProjectMaxDatasetCount=2)
    api("CreateDataset", ProjectName="project", DatasetName="two")


def test_an_update_changes_what_is_given_and_keeps_the_rest(api: Api) -> None:
    api("CreateProject", ProjectName="project")
    before = api("CreateDataset", ProjectName="project", DatasetName="dataset", **EVERYTHING)["Dataset"]
    changed = api("UpdateDataset", ProjectName="project", DatasetName="dataset", Description="new")[
        "Dataset"
    ]
    assert changed.pop("UpdateTime") > before.pop("UpdateTime")
    assert changed == before | {"Description": "new"}


def test_an_update_with_empty_values_clears_nothing(api: Api) -> None:
    api("CreateProject", ProjectName="project")
    before = api("CreateDataset", ProjectName="project", DatasetName="dataset", **EVERYTHING)["Dataset"]
    empty = {"Description": "", "TemplateId": "", "WorkflowParameters": []}
    after = api("UpdateDataset", ProjectName="project", DatasetName="dataset", **empty)["Dataset"]
    assert after | {"UpdateTime": before["UpdateTime"]} == before


@pytest.mark.parametrize("action", ["CreateDataset", "UpdateDataset"])
def test_a_template_that_does_not_exist(api: Api, dataset: dict[str, str], action: str) -> None:
    assert api.refused(action, **dataset, TemplateId="Mine")[:2] == (400, "InvalidTemplateId")


def test_statistics_are_exact(api: Api, dataset: dict[str, str]) -> None:
    api.put("bucket", "key", b"content")
    api("BatchIndexFileMeta", **dataset, Files=[{"URI": "oss://bucket/a"}, {"URI": "oss://bucket/b"}])
    api("CreateBinding", **dataset, URI="oss://other")
    for statistics in ("true", "False"):
        found = api("GetDataset", **dataset, WithStatistics=statistics)["Dataset"]
        assert (found["BindCount"], found["FileCount"]) == (1, 2)


def test_datasets_are_listed_by_name(api: Api) -> None:
    api("CreateProject", ProjectName="project")
    for name in ("b", "a1", "a2", "_x"):
        api("CreateDataset", ProjectName="project", DatasetName=name)
    assert names(api) == ["_x", "a1", "a2", "b"]
    assert names(api, Prefix="a") == ["a1", "a2"]
    assert names(api, Prefix="_") == ["_x"]
    pages = api.pages("ListDatasets", "Datasets", ProjectName="project", MaxResults=3)
    assert [[entry["DatasetName"] for entry in page] for page in pages] == [["_x", "a1", "a2"], ["b"]]


def test_what_is_deleted_while_it_is_listed_is_left_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for project in ("other", "project"):
        api("CreateProject", ProjectName=project)
        for name in ("a", "b"):
            api("CreateDataset", ProjectName=project, DatasetName=name)
    listed = api.catalog.datasets.list("project")
    api("DeleteDataset", ProjectName="project", DatasetName="a")
    monkeypatch.setattr(api.catalog.datasets, "list", lambda *_, **__: listed)
    assert names(api) == ["b"]
    projects = api.catalog.projects.list()
    api("DeleteDataset", ProjectName="project", DatasetName="b")
    api("DeleteProject", ProjectName="project")
    monkeypatch.setattr(api.catalog.projects, "list", lambda *_, **__: projects)
    assert [each["ProjectName"] for each in api("ListProjects")["Projects"]] == ["other"]


def test_tokens_of_another_project_are_refused(api: Api) -> None:
    for project in ("project", "other"):
        api("CreateProject", ProjectName=project)
        for name in ("a", "b"):
            api("CreateDataset", ProjectName=project, DatasetName=name)
    token = api("ListDatasets", ProjectName="other", MaxResults=1)["NextToken"]
    refused = api.refused("ListDatasets", ProjectName="project", NextToken=token)
    assert refused == (400, "InvalidNextToken", "Specified parameter NextToken is not valid.")


def test_only_an_empty_dataset_can_be_deleted(api: Api, dataset: dict[str, str]) -> None:
    api("CreateBinding", **dataset, URI="oss://bucket")
    assert api.refused("DeleteDataset", **dataset)[1:] == (
        "ResourceNotEmpty",
        "The specified resource dataset still has bindings; remove them first.",
    )
    api("DeleteBinding", **dataset, URI="oss://bucket")
    api("IndexFileMeta", **dataset, File={"URI": "oss://bucket/key"})
    assert api.refused("DeleteDataset", **dataset)[1:] == (
        "ResourceNotEmpty",
        "The specified resource dataset still has files; remove them first.",
    )
    api("DeleteFileMeta", **dataset, URI="oss://bucket/key")
    assert api("DeleteDataset", **dataset) == {}
    assert api.refused("GetDataset", **dataset) == NOT_FOUND


@pytest.mark.parametrize("action", ["GetDataset", "UpdateDataset", "DeleteDataset"])
def test_a_dataset_that_does_not_exist(api: Api, dataset: dict[str, str], action: str) -> None:
    assert api.refused(action, ProjectName="project", DatasetName="nowhere") == NOT_FOUND
    assert api.refused(action, ProjectName="nowhere", DatasetName="dataset") == NO_PROJECT


@pytest.mark.parametrize("action", ["CreateDataset", "ListDatasets"])
def test_a_project_that_does_not_exist(api: Api, action: str) -> None:
    assert api.refused(action, ProjectName="nowhere", DatasetName="dataset") == NO_PROJECT
