"""ListAuditRecords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.api.conftest import Api

from bindery.clock import now_ns, parse_time


@pytest.fixture(scope="module")
def began() -> int:
    return now_ns()


@pytest.fixture(scope="module")
def audited(make_api: Callable[..., Api], began: int) -> Api:
    made = make_api()
    for name in ("first", "second", "third"):
        made("CreateProject", ProjectName=name)
    made.refused("DeleteProject", ProjectName="nowhere")
    return made


def records(api: Api, **given: Any) -> list[dict[str, Any]]:
    return api("ListAuditRecords", **given)["AuditRecords"]


def test_the_newest_come_first_with_who_what_and_how_it_ended(audited: Api, began: int) -> None:
    newest = records(audited, AuthAction="imm:DeleteProject")[0]
    assert newest.pop("RequestId")
    assert began <= parse_time(newest.pop("Time")) <= now_ns()
    assert newest == {
        "Kind": "Change",
        "Action": "imm:DeleteProject",
        "Code": "ResourceNotFound",
        "Principal": "acs:ram::1000000000000001:root",
        "AccessKeyId": "root",
        "Resources": ["acs:imm:cn-hangzhou:1000000000000001:project/nowhere"],
        "Parameters": {"ProjectName": "nowhere"},
        "DecidedBy": {"Cause": "AllowedByOwner"},
    }


def test_pages_and_filters(audited: Api) -> None:
    pages = audited.pages("ListAuditRecords", "AuditRecords", AuthAction="imm:createproject", MaxResults=2)
    names = [record["Parameters"]["ProjectName"] for page in pages for record in page]
    assert names == ["third", "second", "first"]
    (only,) = records(audited, AuthResource="*project/second", AuthPrincipal="*:root", Code="OK")
    assert only["Parameters"] == {"ProjectName": "second"}
    first = records(audited, AuthResource="*project/first")[0]["Time"]
    assert records(audited, AuthAction="imm:*Project", EndTime=first) == []
    since = records(audited, AuthAction="imm:*Project", StartTime=first)
    assert [record["Action"] for record in since] == ["imm:DeleteProject", *["imm:CreateProject"] * 3]


def test_refusals_alone(audited: Api) -> None:
    assert all(record["Kind"] == "Denial" for record in records(audited, Denied=True))


@pytest.mark.parametrize(
    "given",
    [
        {"StartTime": "yesterday"},
        {"EndTime": "9999-12-31T23:59:59-23:00"},
        {"NextToken": "x"},
        {"NextToken": "MjAyNy8uLi8x"},
        {"MaxResults": -1},
    ],
)
def test_what_makes_no_sense_is_refused(audited: Api, given: dict[str, Any]) -> None:
    (name,) = given
    assert audited.refused("ListAuditRecords", **given)[:2] == (400, f"Invalid{name}")


def test_strict_refuses_it(make_api: Callable[..., Api]) -> None:
    assert make_api(strict=True).refused("ListAuditRecords").code == "InvalidAction.NotFound"
