"""ListUsage, against GetProject, the audit log and the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.api.conftest import Api

from bindery.api.prices import Prices
from bindery.api.spec.model import load_models
from bindery.catalog.records import CatalogUnwritable, UsageKey
from bindery.clock import day_number, day_text, now_ns

Rows = list[dict[str, Any]]
DAYS_BACK = (0, 1, 40)


pytestmark = pytest.mark.usefixtures("within_a_day")


@pytest.fixture(scope="module")
def today() -> int:
    """The day on which this file begins: its last test may be of the next one."""
    return day_number(now_ns())


@pytest.fixture(scope="module")
def days(today: int) -> list[str]:
    return [day_text(today - back) for back in DAYS_BACK]


@pytest.fixture(scope="module")
def used(make_api: Callable[..., Api], today: int) -> Api:
    """Three projects on the bills of three days."""
    made = make_api()
    made.catalog.usage.add(
        {
            UsageKey(today - back, project, dimension, exists=True): 10 * back + 1
            for back in DAYS_BACK
            for project in ("", "photos", "videos")
            for dimension in ("MIME", "StandardQueryL2")
        }
    )
    return made


def rows(api: Api, **given: Any) -> Rows:
    found = api.pages("ListUsage", "UsageRecords", **given)
    return [row for page in found for row in page]


def test_a_row_says_what_it_is_of(used: Api, days: list[str]) -> None:
    (row,) = rows(used, ProjectName="photos", Dimension="MIME", StartDate=days[0])
    assert row == {
        "Date": days[0], "ProjectName": "photos", "Dimension": "MIME", "Quantity": 1, "Unit": "Runs",
    }  # fmt: skip


@pytest.mark.parametrize("size", [0, 1, 2, 5, 1_000])
def test_pages_ascend_by_day_project_and_dimension(used: Api, days: list[str], size: int) -> None:
    now, before, _ = days
    found = [
        (row["Date"], row["ProjectName"], row["Dimension"])
        for row in rows(used, MaxResults=size, StartDate=before, EndDate=now)
    ]
    assert found == [
        (day, project, dimension)
        for day in (before, now)
        for project in ("", "photos", "videos")
        for dimension in ("MIME", "StandardQueryL2")
    ]


def test_without_days_it_is_the_last_thirty(used: Api, days: list[str]) -> None:
    assert {row["Date"] for row in rows(used)} == set(days[:2])
    assert {row["Date"] for row in rows(used, EndDate=days[2])} == {days[2]}
    assert rows(used, StartDate="1970-01-01", EndDate="1970-02-01") == []
    assert rows(used, StartDate="9999-12-31", EndDate="9999-12-31") == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"StartDate": "yesterday"}, "InvalidStartDate"),
        ({"EndDate": "2026-02-30"}, "InvalidEndDate"),
        ({"EndDate": "２０２６-01-01"}, "InvalidEndDate"),
        ({"EndDate": "2026-01-01T00:00:00Z"}, "LimitExceededError"),
        ({"StartDate": "2026-02-01", "EndDate": "2026-01-31"}, "InvalidArgument"),
        ({"Dimension": "MINE"}, "InvalidDimension"),
        ({"ProjectName": "a b"}, "InvalidProjectName"),
        ({"NextToken": "x"}, "InvalidNextToken"),
        ({"NextToken": "MTphOmI6Yw=="}, "InvalidNextToken"),
        ({"NextToken": "eDphOmI="}, "InvalidNextToken"),
        ({"MaxResults": 1_001}, "LimitExceededError"),
    ],
)
def test_what_makes_no_sense_is_refused(used: Api, given: dict[str, Any], code: str) -> None:
    assert used.refused("ListUsage", **given)[:2] == (400, code)


def test_nobody_sees_more_than_his_projects(used: Api) -> None:
    def person(name: str, resource: str) -> tuple[str, str]:
        policy = f"usage-{name}"
        statement = {"Effect": "Allow", "Action": "bindery:ListUsage", "Resource": resource}
        used("CreateUser", UserName=name)
        used("CreatePolicy", PolicyName=policy, PolicyDocument={"Version": "1", "Statement": [statement]})
        used("AttachPolicyToUser", PolicyType="Custom", PolicyName=policy, UserName=name)
        key = used("CreateAccessKey", UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["AccessKeySecret"]

    with used.signed_by(*person("one", "acs:imm:*:*:project/photos")):
        assert {row["ProjectName"] for row in rows(used)} == {"photos"}
        assert {row["ProjectName"] for row in rows(used, ProjectName="photos", MaxResults=1)} == {"photos"}
        assert used.send("ListUsage", {"ProjectName": "videos"}).status == 403
    with used.signed_by(*person("all", "acs:imm:*:*:project/*")):
        assert {row["ProjectName"] for row in rows(used)} == {"", "photos", "videos"}
    with used.signed_by(*person("none", "acs:oss:*:*:*")):
        assert used.send("ListUsage", {}).status == 403


def test_a_record_that_takes_nothing_still_tells(
    used: Api, days: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise CatalogUnwritable("the disk is full")

    monkeypatch.setattr(used.catalog.usage, "note_stored", refuse)
    assert len(rows(used, EndDate=days[2])) == 6


def test_prices_turn_it_into_money(make_api: Callable[..., Api]) -> None:
    prices = Prices(currency="EUR", standard_query_l2=0.1, total_file_size=3)
    api = make_api(prices=prices)
    day = api.catalog.usage.today - 1
    quantities = {"StandardQueryL2": 12_345, "MIME": 7, "TotalFileSize": 2_500_000_000}
    api.catalog.usage.add(
        {UsageKey(day, "p", name, exists=True): quantity for name, quantity in quantities.items()}
    )
    found = {row["Dimension"]: (row["Amount"], row["Currency"]) for row in rows(api, ProjectName="p")}
    assert found == {
        "StandardQueryL2": ("1.2345", "EUR"), "MIME": ("0", "EUR"), "TotalFileSize": ("7.5", "EUR"),
    }  # fmt: skip


def test_it_agrees_with_the_log_and_with_the_project(make_api: Callable[..., Api]) -> None:
    """A known sequence of calls, good and bad: each is in the log once, and on the bill once."""
    api = make_api(all_calls=True)
    api("CreateProject", ProjectName="p")
    for number in range(3):
        api("CreateDataset", ProjectName="p", DatasetName=f"d{number}")
    api.refused("CreateDataset", ProjectName="p", DatasetName="d0")
    dataset = {"ProjectName": "p", "DatasetName": "d0"}
    for number in range(4):
        uri = api.put("bucket", f"{number}.txt", b"text")
        api("IndexFileMeta", **dataset, File={"URI": uri})
    api("SimpleQuery", **dataset)
    api.refused("SimpleQuery", **dataset, Query="{")
    api.refused("GetFileMeta", **dataset, URI="nonsense")
    api("ListProjects")
    api.refused("ListUsers", MaxItems="many")
    project = api("GetProject", ProjectName="p", WithStatistics=True)["Project"]
    requests = Counter[tuple[str, str]]()
    for page in api.pages("ListAuditRecords", "AuditRecords", MaxResults=7):
        for record in page:
            operation = load_models()[record["Action"]]
            if operation.billed:
                requests[record.get("Parameters", {}).get("ProjectName", ""), operation.billed] += 1
    assert requests == {
        ("p", "StandardQueryL0"): 6,
        ("p", "StandardQueryL1"): 5,
        ("p", "StandardQueryL2"): 2,
        ("", "StandardQueryL0"): 1,
    }
    found = {(row["ProjectName"], row["Dimension"]): row["Quantity"] for row in rows(api)}
    stored = {name: found.pop(("p", name), 0) for name in ("FileCount", "TotalFileSize")}
    assert found == requests
    assert stored == {name: project[name] for name in stored} == {"FileCount": 4, "TotalFileSize": 0}


@pytest.mark.server
def test_a_binding_is_on_the_bill_as_in_its_books(server: Any, new_name: Callable[[str], str]) -> None:
    project, bucket = new_name("billed"), new_name("billed-bucket")
    folder = server.bucket_root / bucket
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.txt").write_text("some text\n")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    server.make_dataset(project, "d")
    names = {"ProjectName": project, "DatasetName": "d", "URI": f"oss://{bucket}"}
    server.call("CreateBinding", **names)
    bound = server.wait(
        "GetBinding", lambda body: body["Binding"]["Phase"] == "IncrementalScanning", **names
    )
    books = bound["Binding"]["Progress"]
    assert (books["Indexed"] + books["Unchanged"], books["Failed"]) == (5, 1)
    used = server.call("ListUsage", ProjectName=project)["UsageRecords"]
    found = Counter[str]()
    for row in used:
        found[row["Dimension"]] += row["Quantity"]
    assert {name: found[name] for name in ("OSSMeta", "MIME", "ExtractDocumentText", "EXIF")} == {
        "OSSMeta": 5, "MIME": 5, "ExtractDocumentText": 5, "EXIF": 0,
    }  # fmt: skip
    whole = server.call("GetProject", ProjectName=project, WithStatistics=True)["Project"]
    assert found["FileCount"] == whole["FileCount"] == 6
    assert found["TotalFileSize"] == whole["TotalFileSize"]


@pytest.mark.server
def test_it_is_there_after_an_end_and_after_a_kill(start_server: Callable[..., Any]) -> None:
    def requests(running: Any) -> int:
        found = running.call("ListUsage", ProjectName="p", Dimension="StandardQueryL0")["UsageRecords"]
        return sum(row["Quantity"] for row in found)

    first = start_server()
    folders = {"data": first.data, "bucket_root": first.bucket_root}
    first.call("CreateProject", ProjectName="p")
    for _ in range(20):
        first.call("GetProject", ProjectName="p")
    assert first.stop() == 0
    second = start_server(**folders)
    assert requests(second) == 21
    for _ in range(5):
        second.call("GetProject", ProjectName="p")
    assert requests(second) == 26
    second.call("GetProject", ProjectName="p")
    second.kill()
    third = start_server(**folders)
    assert requests(third) in (26, 27), json.dumps(third.call("ListUsage"))
    third.stop()
