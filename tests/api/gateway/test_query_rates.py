"""ProjectQueriesPerSecond: enforced where it was set, by a token bucket for each project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import Mock

import msgspec
import pytest

from bindery.api.errors import ApiError
from bindery.api.gateway import query_rates as module
from bindery.api.gateway.connection import headers_of
from bindery.api.gateway.query_rates import QueryRates
from bindery.catalog.records import NotFound, Project

if TYPE_CHECKING:
    from tests.api.conftest import Api

Clock = list[float]
TWO = Project(name="two", queries_per_second=2, caps_queries=True)


@pytest.fixture
def clock() -> Clock:
    return [1_000.0]


def rates_of(clock: Clock, *projects: Project) -> tuple[QueryRates, Mock]:
    known = {project.name: project for project in projects}

    def get(name: str) -> Project:
        if name not in known:
            raise NotFound("project")
        return known[name]

    look_up = Mock(side_effect=get)
    return QueryRates(Mock(get=look_up), lambda: clock[0]), look_up


def taken(rates: QueryRates, project: str, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            rates.take(project)
        except ApiError:
            continue
        count += 1
    return count


def test_a_burst_of_one_second_and_then_the_rate(clock: Clock) -> None:
    rates, _ = rates_of(clock, TWO)
    assert taken(rates, "two", 5) == 2
    with pytest.raises(ApiError) as refused:
        rates.take("two")
    assert (refused.value.status, refused.value.code, refused.value.retry_after) == (
        429,
        "Throttling.User",
        0.5,
    )
    assert "2 queries a second" in refused.value.message
    clock[0] += 0.5
    assert taken(rates, "two", 5) == 1
    clock[0] += 3_600
    assert taken(rates, "two", 5) == 2


def test_who_waits_as_long_as_told_is_answered(clock: Clock) -> None:
    rates, _ = rates_of(clock, Project(name="three", queries_per_second=3, caps_queries=True))
    taken(rates, "three", 3)
    for _ in range(20):
        with pytest.raises(ApiError) as refused:
            rates.take("three")
        assert refused.value.retry_after is not None
        clock[0] += refused.value.retry_after
        rates.take("three")


def test_projects_have_buckets_of_their_own_and_the_default_is_not_enforced(clock: Clock) -> None:
    one = Project(name="one", queries_per_second=1, caps_queries=True)
    rates, _ = rates_of(clock, TWO, one, Project(name="free"))
    assert [taken(rates, name, 500) for name in ("one", "two", "free", "nowhere")] == [1, 2, 500, 500]


def test_the_record_is_read_once_a_second_and_after_a_change(clock: Clock) -> None:
    rates, look_up = rates_of(clock, TWO)
    taken(rates, "two", 10)
    assert (look_up.call_count, rates.knows("two")) == (1, True)
    rates.forget("two")
    assert not rates.knows("two")
    assert taken(rates, "two", 10) == 0  # a change does not fill the bucket
    clock[0] += 1.0
    taken(rates, "two", 10)
    assert look_up.call_count == 3


def test_a_change_while_the_record_is_read_is_seen_with_the_next_query(clock: Clock) -> None:
    rates, look_up = rates_of(clock, TWO)
    before = look_up.side_effect

    def change_meanwhile(name: str) -> Project:
        found: Project = before(name)
        look_up.side_effect = lambda _: msgspec.structs.replace(TWO, queries_per_second=7)
        rates.forget(name)
        return found

    look_up.side_effect = change_meanwhile
    rates.take("two")
    assert not rates.knows("two")
    clock[0] += 1.0
    assert taken(rates, "two", 20) == 7


def test_projects_that_nobody_asks_for_are_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEW", 4)
    rates, _ = rates_of(clock, *(Project(name=f"p{number}") for number in range(40)))
    for number in range(40):
        rates.take(f"p{number}")
        clock[0] += 0.5
    assert len(rates._rates) <= 4


@pytest.fixture
def still_clock(api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(api.gateway.query_rates, "_clock", lambda: clock[0])
    monkeypatch.setattr(api.gateway.query_rates, "_rates", {})
    return clock


@pytest.mark.usefixtures("still_clock")
def test_through_the_gateway(api: Api, dataset: dict[str, str], clock: Clock) -> None:
    project = dataset["ProjectName"]
    for _ in range(3):
        api("SimpleQuery", **dataset)
    api("UpdateProject", ProjectName=project, ProjectQueriesPerSecond=2)
    api("SimpleQuery", **dataset)
    api("FuzzyQuery", **dataset, Query="x")
    answer = api.send("SimpleQuery", dataset)
    headers = headers_of(answer)
    assert (answer.status, json.loads(answer.body)["Code"]) == (429, "Throttling.User")
    assert (headers["x-acs-retry-after"], headers["Retry-After"]) == ("500", "1")
    api("GetDataset", **dataset)  # no query
    clock[0] += 0.5
    api("SimpleQuery", **dataset)
    assert api.refused("SimpleQuery", **dataset).code == "Throttling.User"
    api("UpdateProject", ProjectName=project, ProjectQueriesPerSecond=1_000)
    clock[0] += 0.1
    for _ in range(100):
        api("SimpleQuery", **dataset)


@pytest.mark.usefixtures("still_clock")
def test_who_is_refused_takes_nothing(api: Api, dataset: dict[str, str]) -> None:
    api("CreateUser", UserName="stranger")
    key = api("CreateAccessKey", UserName="stranger")["AccessKey"]
    api("UpdateProject", ProjectName=dataset["ProjectName"], ProjectQueriesPerSecond=1)
    with api.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        for _ in range(3):
            assert api.send("SimpleQuery", dataset).status == 403
    assert api.refused("SimpleQuery", **dataset, Query="{").status == 400
    api("SimpleQuery", **dataset)
    api("DeleteAccessKey", UserName="stranger", UserAccessKeyId=key["AccessKeyId"])
    api("DeleteUser", UserName="stranger")


@pytest.mark.usefixtures("still_clock")
def test_a_rate_of_the_record_counts_from_the_first_query(
    api: Api, dataset: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restart; also one that an older version has kept, which did not say who had set it."""
    project = dataset["ProjectName"]
    for kept in (
        {"queries_per_second": 2, "caps_queries": True},
        {"queries_per_second": 2, "caps_queries": False},
        {"queries_per_second": 100, "caps_queries": True},
    ):
        api.catalog.projects.update(project, lambda old, kept=kept: msgspec.structs.replace(old, **kept))
        fresh = QueryRates(api.catalog.projects, lambda: 1_000.0)
        monkeypatch.setattr(api.gateway, "query_rates", fresh)
        for _ in range(int(kept["queries_per_second"])):
            api("SimpleQuery", **dataset)
        assert api.refused("SimpleQuery", **dataset).code == "Throttling.User"
    default = {"queries_per_second": 100, "caps_queries": False}
    api.catalog.projects.update(project, lambda old: msgspec.structs.replace(old, **default))
    monkeypatch.setattr(api.gateway, "query_rates", QueryRates(api.catalog.projects, lambda: 1_000.0))
    for _ in range(110):
        api("SimpleQuery", **dataset)
