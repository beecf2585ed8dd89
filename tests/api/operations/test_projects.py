"""CreateProject, GetProject, ListProjects, UpdateProject, DeleteProject, ListRegions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

NOT_FOUND = (400, "ResourceNotFound", "The specified resource project is not found.")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}\+08:00")


def names(api: Api, **parameters: object) -> list[str]:
    return [project["ProjectName"] for project in api("ListProjects", **parameters)["Projects"]]


def test_a_project_made_with_defaults(api: Api) -> None:
    """The vendor's defaults, help page api-imm-2020-09-30-createproject."""
    project = api("CreateProject", ProjectName="photos")["Project"]
    assert TIME.fullmatch(project["CreateTime"])
    assert project.pop("CreateTime") == project.pop("UpdateTime")
    assert project == {
        "ProjectName": "photos",
        "Description": "",
        "ServiceRole": "AliyunIMMDefaultRole",
        "TemplateId": "",
        "ProjectMaxDatasetCount": 1_000_000_000,
        "DatasetMaxBindCount": 10,
        "DatasetMaxFileCount": 100_000_000,
        "DatasetMaxEntityCount": 10_000_000_000,
        "DatasetMaxRelationCount": 100_000_000_000,
        "DatasetMaxTotalFileSize": 90_000_000_000_000_000,
        "DatasetCount": 0,
        "FileCount": 0,
        "TotalFileSize": 0,
        "ProjectQueriesPerSecond": 100,
        "EngineConcurrency": 100,
        "Tags": [],
    }


EVERYTHING = {
    "Description": "家庭照片",
    "ServiceRole": "MyRole",
    "TemplateId": "Official:ImageManagement",
    "ProjectMaxDatasetCount": 7,
    "DatasetMaxBindCount": 2,
    "DatasetMaxFileCount": 3,
    "DatasetMaxEntityCount": 4,
    "DatasetMaxRelationCount": 5,
    "DatasetMaxTotalFileSize": 6,
}
TAGS = [{"Key": "team", "Value": "a"}, {"Key": "空", "Value": ""}]
TAGS_ANSWERED = [{"TagKey": "team", "TagValue": "a"}, {"TagKey": "空", "TagValue": ""}]


def test_a_project_made_with_everything(api: Api) -> None:
    made = api("CreateProject", ProjectName="photos", Tag=TAGS, **EVERYTHING)["Project"]
    assert {name: made[name] for name in EVERYTHING} == EVERYTHING
    assert made["Tags"] == TAGS_ANSWERED
    assert api("GetProject", ProjectName="photos")["Project"] == made


def test_a_name_can_be_taken_once(api: Api) -> None:
    api("CreateProject", ProjectName="photos")
    assert api.refused("CreateProject", ProjectName="photos") == (
        400,
        "ResourceAlreadyExists",
        "The specified resource project already exists.",
    )
    api("CreateProject", ProjectName="Photos")


def test_a_hundred_projects_and_no_more(api: Api) -> None:
    for number in range(100):
        api("CreateProject", ProjectName=f"p{number:03}")
    assert api.refused("CreateProject", ProjectName="one-more")[:2] == (400, "LimitExceededError")
    sizes = [len(page) for page in api.pages("ListProjects", "Projects", MaxResults=40)]
    assert sizes == [40, 40, 20]


def test_an_update_changes_what_is_given_and_keeps_the_rest(api: Api) -> None:
    before = api("CreateProject", ProjectName="photos", Tag=TAGS, **EVERYTHING)["Project"]
    for name, value in {
        "Description": "new",
        "DatasetMaxBindCount": 9,
        "TemplateId": "Official:MediaMeta",
    }.items():
        changed = api("UpdateProject", ProjectName="photos", **{name: value})["Project"]
        assert changed[name] == value
        assert changed.pop("UpdateTime") > before.pop("UpdateTime")
        assert changed == before | {name: value}
        before = api("GetProject", ProjectName="photos")["Project"]


def test_an_update_with_empty_values_clears_nothing(api: Api) -> None:
    before = api("CreateProject", ProjectName="photos", Tag=TAGS, **EVERYTHING)["Project"]
    after = api("UpdateProject", ProjectName="photos", Description="", TemplateId="", Tag=[])["Project"]
    assert after | {"UpdateTime": before["UpdateTime"]} == before


def test_tags_are_replaced_as_a_whole(api: Api) -> None:
    api("CreateProject", ProjectName="photos", Tag=TAGS)
    project = api("UpdateProject", ProjectName="photos", Tag=[{"Key": "x", "Value": "y"}])["Project"]
    assert project["Tags"] == [{"TagKey": "x", "TagValue": "y"}]


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([{"Value": "a"}], "InvalidArgument"),
        ([{"Key": "a"}, {"Key": ""}], "InvalidArgument"),
        ([{"Key": "a"}, {"Key": "a"}], "InvalidArgument"),
        ([{"Key": "k" * 129}], "InvalidArgument"),
        ([{"Key": "k", "Value": "v" * 257}], "InvalidArgument"),
        ([{"Key": str(number)} for number in range(21)], "LimitExceededError"),
        ({"Key": "a"}, "InvalidJSON"),
    ],
)
@pytest.mark.parametrize("action", ["CreateProject", "UpdateProject", "ListProjects"])
def test_wrong_tags(api: Api, action: str, tags: object, code: str) -> None:
    assert api.refused(action, ProjectName="photos", Tag=tags)[:2] == (400, code)


@pytest.mark.parametrize("action", ["CreateProject", "UpdateProject"])
def test_a_template_that_does_not_exist(api: Api, action: str) -> None:
    refused = api.refused(action, ProjectName="photos", TemplateId="Official:VideoManagement")
    assert refused[:2] == (400, "InvalidTemplateId")


@pytest.mark.parametrize("statistics", ["True", "false", ""])
def test_statistics_are_exact(api: Api, statistics: str) -> None:
    api("CreateProject", ProjectName="photos")
    for name in ("one", "two"):
        api("CreateDataset", ProjectName="photos", DatasetName=name)
        files = [{"URI": f"oss://bucket/{number}"} for number in range(3)]
        api("BatchIndexFileMeta", ProjectName="photos", DatasetName=name, Files=files)
    project = api("GetProject", ProjectName="photos", WithStatistics=statistics)["Project"]
    assert (project["DatasetCount"], project["FileCount"], project["TotalFileSize"]) == (2, 6, 0)


def test_projects_are_listed_by_name(api: Api) -> None:
    for name in ("b", "B", "a", "_", "a1"):
        api("CreateProject", ProjectName=name)
    assert names(api) == ["B", "_", "a", "a1", "b"]
    assert api("ListProjects")["NextToken"] == ""
    assert names(api, Prefix="a") == ["a", "a1"]
    assert names(api, Prefix="%") == names(api, Prefix="a_") == []
    assert api.pages("ListProjects", "Projects", MaxResults=2) == [
        api("ListProjects")["Projects"][start : start + 2] for start in (0, 2, 4)
    ]


def test_a_list_goes_on_although_its_last_project_is_gone(api: Api) -> None:
    for name in ("a", "b", "c"):
        api("CreateProject", ProjectName=name)
    token = api("ListProjects", MaxResults=2)["NextToken"]
    api("DeleteProject", ProjectName="b")
    assert names(api, NextToken=token) == ["c"]


def test_projects_that_carry_every_tag(api: Api) -> None:
    api("CreateProject", ProjectName="none")
    api("CreateProject", ProjectName="one", Tag=[{"Key": "a", "Value": "1"}])
    api("CreateProject", ProjectName="two", Tag=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    assert names(api, Tag=[]) == ["none", "one", "two"]
    assert names(api, Tag=[{"Key": "a", "Value": "1"}]) == ["one", "two"]
    assert names(api, Tag=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]) == ["two"]
    assert names(api, Tag=[{"Key": "a", "Value": "2"}]) == []
    assert names(api, Tag=[{"Key": "a", "Value": "1"}], MaxResults=1) == ["one"]


def test_a_prefix_may_have_128_characters(api: Api) -> None:
    assert names(api, Prefix="x" * 128) == []
    assert api.refused("ListProjects", Prefix="x" * 129)[:2] == (400, "LimitExceededError")


def test_only_an_empty_project_can_be_deleted(api: Api, dataset: dict[str, str]) -> None:
    assert api.refused("DeleteProject", ProjectName="project") == (
        400,
        "ResourceNotEmpty",
        "The specified resource project still has datasets; remove them first.",
    )
    api("DeleteDataset", **dataset)
    assert api("DeleteProject", ProjectName="project") == {}
    assert api.refused("GetProject", ProjectName="project") == NOT_FOUND
    api("CreateProject", ProjectName="project")


@pytest.mark.parametrize("action", ["GetProject", "UpdateProject", "DeleteProject"])
def test_a_project_that_does_not_exist(api: Api, action: str) -> None:
    assert api.refused(action, ProjectName="nowhere") == NOT_FOUND


def test_regions(api: Api) -> None:
    names = {"zh-CN": "华东1（杭州）", "en-US": "China (Hangzhou)", "ja": "中国 (杭州)"}
    for language, name in names.items():
        assert api("ListRegions", AcceptLanguage=language)["Regions"] == [
            {"RegionId": "cn-hangzhou", "LocalName": name}
        ]
    assert api.refused("ListRegions")[:2] == (400, "MissingAcceptLanguage")


def test_a_region_of_ones_own_goes_by_its_id(make_api: Callable[..., Api]) -> None:
    regions = make_api(region_id="attic")("ListRegions", AcceptLanguage="en-US")["Regions"]
    assert regions == [{"RegionId": "attic", "LocalName": "attic"}]
