"""Lists of tasks, and the queue, cost the same however many tasks there are: work is counted, plans are looked at."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.servers.postgresql import Postgresql

from bindery.catalog.record import task_lists, task_queue, tasks
from bindery.catalog.record.database import Connection
from bindery.catalog.record.statements import list_parameter
from bindery.catalog.record_catalog import RecordCatalog
from bindery.catalog.records import Task, TaskFilter, TaskOrder
from bindery.catalog.sqlite_catalog import SqliteCatalog
from bindery.clock import now_ns

SINCE = now_ns() - 3_600 * 10**9
STEPS = 100
"""Instructions of SQLite's machine between two counts."""
MANY = float("inf")
FILTERS = [
    TaskFilter(),
    TaskFilter(types=("Much",)),
    TaskFilter(types=("Rare",)),
    TaskFilter(types=("Much", "Rare")),
    TaskFilter(types=("Much", "More", "Rare")),
    TaskFilter(status="Succeeded"),
    TaskFilter(status="Failed"),
    TaskFilter(tag=("half", "0")),
    TaskFilter(tag=("one", "7")),
    TaskFilter(started=(SINCE + 50, SINCE + 60)),
    TaskFilter(ended=(SINCE + 50, MANY)),
    TaskFilter(
        types=("More",), status="Succeeded", tag=("half", "1"), started=(SINCE, MANY), ended=(0, MANY)
    ),
    TaskFilter(types=("Much",), tag=("half", "1")),  # together they name none
]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were a hundred times as many tasks."""
    monkeypatch.setattr(task_lists, "_FEW", 20)
    monkeypatch.setattr(task_lists, "_MOST_LOOKED_THROUGH", 200)


def fill(catalog: RecordCatalog, numbers: range) -> None:
    rows, tags = [], []
    for number in numbers:
        task = Task(
            id=f"{number * 7919 % 10_007:05}",
            project_name="project",
            type="Rare" if number % 1_000 == 3 else ("Much" if number % 2 == 0 else "More"),
            status="Failed" if number % 1_000 == 5 else "Succeeded",
            start_time=SINCE + number,
            end_time=SINCE + number + 9,
            tags={"half": str(number % 2)} | ({"one": str(number)} if number < 20 else {}),
        )
        row = {
            name: getattr(task, name)
            for name in ("id", "project_name", "type", "start_time", "end_time", "status")
        }
        rows.append({**row, "body": msgspec.json.encode(task)})
        tags += [{**row, "tag": task_lists.tag_digest(key, value)} for key, value in task.tags.items()]
    with catalog._database.transaction() as connection:
        connection.executemany(tasks._SQL.put_task, rows)
        connection.executemany(tasks._SQL.add_tag, tags)


Ask = Callable[[TaskFilter, TaskOrder, bool], Any]


def ask_all(ask: Ask) -> list[Any]:
    return [ask(*each) for each in itertools.product(FILTERS, TaskOrder, (False, True))]


def page(catalog: RecordCatalog) -> Ask:
    def ask(chosen: TaskFilter, order: TaskOrder, descending: bool) -> Any:
        after = (SINCE + 900 if order is not TaskOrder.ID else 0, "05000")
        return catalog.tasks.list(
            "project", chosen, order=order, descending=descending, after=after, limit=10
        )

    return ask


def test_a_page_is_the_same_work_however_many_tasks_there_are(tmp_path: Path) -> None:
    catalog = SqliteCatalog(tmp_path, account_id="1")
    counts = [0]

    def count() -> int:
        counts[0] += 1
        return 0

    def steps(chosen: TaskFilter, order: TaskOrder, descending: bool) -> int:
        counts[0] = 0
        page(catalog)(chosen, order, descending)
        return counts[0] * STEPS

    try:
        catalog._database.reader.set_progress_handler(count, STEPS)
        fill(catalog, range(2_000))
        few = ask_all(steps)
        fill(catalog, range(2_000, 10_000))
        many = ask_all(steps)
    finally:
        assert catalog.close(60)
    asked = itertools.product(FILTERS, TaskOrder, (False, True))
    for each, before, after in zip(asked, few, many, strict=True):
        assert after < 1.3 * before + 3_000, each


class Explained:
    """A reader that keeps the plans of what it is asked."""

    def __init__(self, reader: Connection, operator: psycopg.Connection[Any]) -> None:
        self._reader, self._operator = reader, operator
        self.plans: list[str] = []

    @property
    def reader(self) -> Explained:
        return self

    def execute(self, statement: Any, values: Any) -> Any:
        rows = self._operator.execute("EXPLAIN " + statement.postgresql, values).fetchall()
        self.plans.append("\n".join(row[0] for row in rows))
        return self._reader.execute(statement, values)


def test_no_plan_of_postgresql_reads_all_tasks(tmp_path: Path, postgresql: Postgresql) -> None:
    url = postgresql.create_schema(f"t{uuid.uuid4().hex}")
    catalog = PostgresqlCatalog(url, tmp_path, account_id="1")
    try:
        fill(catalog, range(3_000))
        for number in range(300):
            task = Task(id=f"w{number}", project_name=f"p{number % 7}", type="Wait", start_time=now_ns())
            catalog.task_queue.add(task)
        with psycopg.connect(url, autocommit=True) as operator:
            operator.execute("ANALYZE")
            explained = Explained(catalog._database.reader, operator)
            catalog.tasks._lists._database = explained  # type: ignore[assignment]
            for number, (chosen, order) in enumerate(itertools.product(FILTERS, TaskOrder)):
                page(catalog)(chosen, order, number % 2 == 0)
            values = {
                "owner": "one",
                "wait": 1,
                **list_parameter("types", ["Wait"]),
                **list_parameter("without", []),
            }
            for name in ("take_task", "next_due"):
                statement = getattr(task_queue._SQL, name).postgresql
                rows = operator.execute("EXPLAIN " + statement, values).fetchall()
                explained.plans.append("\n".join(row[0] for row in rows))
    finally:
        catalog.close()
    assert len(explained.plans) > len(FILTERS) * 3
    for plan in explained.plans:
        assert "Seq Scan on task" not in plan.replace("Seq Scan on task_turn", ""), plan


def test_taking_a_task_is_the_same_work_however_many_wait(tmp_path: Path) -> None:
    catalog = SqliteCatalog(tmp_path, account_id="1")
    counts = [0]

    def count() -> int:
        counts[0] += 1
        return 0

    def add(numbers: range) -> None:
        for number in numbers:
            task = Task(id=f"{number:05}", project_name="project", type="T", start_time=now_ns())
            catalog.task_queue.add(task, parent="batch")

    def steps() -> int:
        counts[0] = 0
        assert catalog.task_queue.take("one", ["T"], seconds=60) is not None
        return counts[0]

    try:
        catalog._database._writer.set_progress_handler(count, 1)
        add(range(20))
        few = steps()
        add(range(20, 400))
        assert steps() < 1.2 * few
    finally:
        assert catalog.close(60)
