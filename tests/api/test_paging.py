"""Tokens of lists: the vendor's forms, and garbage."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from bindery.api import paging
from bindery.api.errors import ApiError
from bindery.api.messages.tasks import ListTasksRequest
from bindery.catalog.records import Binding

TASKS = ListTasksRequest(project_name="p")
BINDING = Binding(dataset_id=1, project_name="immtest", dataset_name="dataset001", bucket="examplebucket01")


def test_tokens_have_the_forms_of_the_vendors_samples() -> None:
    assert base64.b64decode(paging.write_project_token("12345678", "immtest01")) == b"12345678:immtest01"
    assert paging.write_dataset_token("12345678", "immtest", "dataset002") == "12345678:immtest:dataset002"
    assert paging.write_binding_token(BINDING) == "immtest:dataset001:examplebucket01"


def test_tokens_are_read_back() -> None:
    assert paging.read_project_token(paging.write_project_token("1", "p"), "1") == "p"
    assert paging.read_dataset_token(paging.write_dataset_token("1", "p", "d"), "1", "p") == "d"
    assert paging.read_binding_token(paging.write_binding_token(BINDING), "immtest") == (
        "dataset001",
        "examplebucket01",
    )
    for position in ((0, "Type-1"), (1_700_000_000_000_000_000, "Type-a:b")):
        assert paging.read_task_token(paging.write_task_token(TASKS, position), TASKS) == position


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_means_the_beginning(token: str | None) -> None:
    assert paging.read_project_token(token, "1") == ""
    assert paging.read_dataset_token(token, "1", "p") == ""
    assert paging.read_binding_token(token, "p") == ("", "")
    assert paging.read_task_token(token, TASKS) is None


GARBAGE = [
    "x",
    "::",
    "a:b",
    "a:b:c:d",
    "====",
    "MQ==",
    "杭州",
    "\x00",
    "AAAA" * 1_000,
    "MTo=",
    "/w==",
    "OjE=",
]
READERS: list[Callable[[str], Any]] = [
    lambda token: paging.read_project_token(token, "1"),
    lambda token: paging.read_dataset_token(token, "1", "p"),
    lambda token: paging.read_binding_token(token, "p"),
    lambda token: paging.read_task_token(token, TASKS),
]


@pytest.mark.parametrize("read", READERS, ids=["project", "dataset", "binding", "task"])
@pytest.mark.parametrize("token", GARBAGE)
def test_garbage_is_refused(read: Callable[[str], Any], token: str) -> None:
    with pytest.raises(ApiError) as refused:
        read(token)
    assert (refused.value.status, refused.value.code) == (400, "InvalidNextToken")


def test_a_token_of_another_list_is_refused() -> None:
    other = paging.write_task_token(ListTasksRequest(project_name="p", sort="StartTime"), (5, "t"))
    for read in (
        lambda: paging.read_project_token(paging.write_project_token("2", "p"), "1"),
        lambda: paging.read_dataset_token("1:other:d", "1", "p"),
        lambda: paging.read_binding_token("other:d:b", "p"),
        lambda: paging.read_task_token(other, TASKS),
    ):
        with pytest.raises(ApiError, match="NextToken"):
            read()
