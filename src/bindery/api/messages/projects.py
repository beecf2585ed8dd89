"""Requests and answers of the family projects. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class CreateProjectRequestTag(Message):
    """The vendor's struct CreateProjectRequestTag."""

    key: str | None = None
    value: str | None = None


class ListProjectsRequestTag(Message):
    """The vendor's struct ListProjectsRequestTag."""

    key: str | None = None
    value: str | None = None


class Project(Message):
    """The vendor's struct Project."""

    create_time: str | None = None
    dataset_count: int | None = None
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    engine_concurrency: int | None = None
    file_count: int | None = None
    project_max_dataset_count: int | None = None
    project_name: str | None = None
    project_queries_per_second: int | None = None
    service_role: str | None = None
    tags: tuple[ProjectTags, ...] | None = None
    template_id: str | None = None
    total_file_size: int | None = None
    update_time: str | None = None


class ProjectTags(Message):
    """The vendor's struct ProjectTags."""

    tag_key: str | None = None
    tag_value: str | None = None


class RegionType(Message):
    """The vendor's struct RegionType."""

    local_name: str | None = None
    region_id: str | None = None


class UpdateProjectRequestTag(Message):
    """The vendor's struct UpdateProjectRequestTag."""

    key: str | None = None
    value: str | None = None


class CreateProjectRequest(Message):
    """Parameters of CreateProject."""

    project_name: str
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    project_max_dataset_count: int | None = None
    service_role: str | None = None
    tag: tuple[CreateProjectRequestTag, ...] | None = None
    template_id: str | None = None
    engine_concurrency: int | None = None
    project_queries_per_second: int | None = None


class CreateProjectResponse(Message):
    """Answer of CreateProject."""

    project: Project | None = None


class DeleteProjectRequest(Message):
    """Parameters of DeleteProject."""

    project_name: str


class DeleteProjectResponse(Message):
    """Answer of DeleteProject."""


class GetProjectRequest(Message):
    """Parameters of GetProject."""

    project_name: str
    with_statistics: bool | None = None


class GetProjectResponse(Message):
    """Answer of GetProject."""

    project: Project | None = None


class ListProjectsRequest(Message):
    """Parameters of ListProjects."""

    max_results: int | None = None
    next_token: str | None = None
    prefix: str | None = None
    tag: tuple[ListProjectsRequestTag, ...] | None = None


class ListProjectsResponse(Message):
    """Answer of ListProjects."""

    next_token: str | None = None
    projects: tuple[Project, ...] | None = None


class ListRegionsRequest(Message):
    """Parameters of ListRegions."""

    accept_language: str


class ListRegionsResponse(Message):
    """Answer of ListRegions."""

    regions: tuple[RegionType, ...] | None = None


class UpdateProjectRequest(Message):
    """Parameters of UpdateProject."""

    project_name: str
    dataset_max_bind_count: int | None = None
    dataset_max_entity_count: int | None = None
    dataset_max_file_count: int | None = None
    dataset_max_relation_count: int | None = None
    dataset_max_total_file_size: int | None = None
    description: str | None = None
    project_max_dataset_count: int | None = None
    service_role: str | None = None
    tag: tuple[UpdateProjectRequestTag, ...] | None = None
    template_id: str | None = None
    engine_concurrency: int | None = None
    project_queries_per_second: int | None = None


class UpdateProjectResponse(Message):
    """Answer of UpdateProject."""

    project: Project | None = None
