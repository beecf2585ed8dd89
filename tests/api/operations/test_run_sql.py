"""RunSql."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range, b.range) = 3"


@pytest.fixture
def filled(api: Api, dataset: dict[str, str]) -> dict[str, str]:
    for key in ("a", "b", "it's \U0001f600"):
        api("IndexFileMeta", **dataset, File={"URI": f"oss://bucket/{key}", "CustomId": key})
    return dataset


def answer(api: Api, dataset: dict[str, str], statement: str, **more: Any) -> dict[str, Any]:
    """In any time that a busy machine takes."""
    return api("RunSql", **dataset, Statement=statement, Timeout=60, **more)


def rows(api: Api, dataset: dict[str, str], statement: str) -> list[Any]:
    return [json.loads(row) for row in answer(api, dataset, statement)["Rows"]]


def test_what_is_needed_and_must_exist(api: Api, dataset: dict[str, str]) -> None:
    whole = dataset | {"Statement": "SELECT 1"}
    for name in whole:
        rest = {key: value for key, value in whole.items() if key != name}
        assert api.refused("RunSql", **rest)[:2] == (400, f"Missing{name}")
    for name in dataset:
        assert api.refused("RunSql", **{**whole, name: "nowhere"})[1] == "ResourceNotFound"
    for wrong in ({"MaxResults": 10_001}, {"Timeout": 61}, {"Statement": "x" * 65_537}):
        assert api.refused("RunSql", **whole | wrong).status == 400


def test_answers_see_what_was_written_before(api: Api, filled: dict[str, str]) -> None:
    found = answer(api, filled, 'SELECT "CustomId", count(*) AS n FROM files GROUP BY ALL ORDER BY ALL')
    assert found["Columns"] == [{"Name": "CustomId", "Type": "VARCHAR"}, {"Name": "n", "Type": "BIGINT"}]
    assert [json.loads(row) for row in found["Rows"]] == [["a", 1], ["b", 1], ["it's \U0001f600", 1]]
    assert not found["IsCut"]
    api("IndexFileMeta", **filled, File={"URI": "oss://bucket/later"})
    assert rows(api, filled, "SELECT count(*) FROM files") == [[4]]
    largest = 2**127 - 1
    odd = f"SELECT 1.5::DECIMAL(4,1), 'ab'::BLOB, 'nan'::DOUBLE, {{'x': [1, NULL]}}, {largest}"
    assert rows(api, filled, odd) == [["1.5", "6162", "nan", {"x": [1, None]}, str(largest)]]


def test_an_empty_dataset(api: Api, dataset: dict[str, str]) -> None:
    assert rows(api, dataset, 'SELECT count(*), max("Size") FROM files') == [[0, None]]


def test_answers_are_bounded(api: Api, filled: dict[str, str]) -> None:
    cut = answer(api, filled, 'SELECT "URI" FROM files', MaxResults=2)
    assert (len(cut["Rows"]), cut["IsCut"]) == (2, True)
    large = answer(api, filled, "SELECT repeat('x', 1000000) FROM range(20)")
    assert (len(large["Rows"]), large["IsCut"]) == (4, True)


def test_nothing_else_is_reached(api: Api, filled: dict[str, str]) -> None:
    """All that a stopped server's index is asked in ``tests/cli/test_sql.py`` is read by the same code."""
    for statement, expected in (
        ("SELECT * FROM read_csv('/etc/passwd')", "cannot be reached"),
        ("COPY files TO 'stolen.csv'", "only be read"),
        ("PRAGMA memory_limit = '9GB'", "only be read"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT list(r) FROM range(1000000000) t(r)", "memory"),
    ):
        refused = api.refused("RunSql", **filled, Statement=statement, Timeout=60)
        assert (refused.status, expected in refused.message) == (400, True), (statement, refused)


def test_others_are_answered_meanwhile(api: Api, filled: dict[str, str]) -> None:
    """A statement without an end ends in time; nobody waits for it but the next statement."""
    asked = 0
    for seconds in (
        2,
        10,
        50,
    ):  # a busy machine may need longer for two calls; who waits has none in any time
        said: list[Any] = []

        def ask(seconds: int = seconds, said: list[Any] = said) -> None:
            said.append(api.refused("RunSql", **filled, Statement=ENDLESS, Timeout=seconds))

        endless = threading.Thread(target=ask)
        endless.start()
        asked = 0
        while endless.is_alive():
            assert api("SimpleQuery", **filled)["TotalHits"] == 3
            api("UpdateFileMeta", **filled, File={"URI": "oss://bucket/a", "CustomId": str(asked)})
            asked += 1
            time.sleep(0.01)
        ((status, _, message),) = said
        assert (status, f"more than {seconds} s" in message) == (400, True), message
        if asked > 1:
            break
    assert asked > 1
    assert rows(api, filled, "SELECT count(*) FROM files") == [[3]]


def test_administrators_alone(api: Api, filled: dict[str, str]) -> None:
    """Not who has all that the vendor or Bindery gives to users of a dataset."""
    call = filled | {"Statement": "SELECT 1"}
    api("CreateUser", UserName="ann")
    key = api("CreateAccessKey", UserName="ann")["AccessKey"]

    def attach(name: str) -> None:
        api("AttachPolicyToUser", PolicyType="System", PolicyName=name, UserName="ann")

    attach("AliyunIMMFullAccess")
    attach("BinderyFullAccess")
    with api.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        assert json.loads(api.send("RunSql", call).body)["Code"] == "NoPermission"
    attach("AdministratorAccess")
    with api.signed_by(key["AccessKeyId"], key["AccessKeySecret"]):
        assert api("RunSql", **call, Timeout=60)["Rows"] == ["[1]"]
