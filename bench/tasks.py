"""ListTasks among many tasks, and the queue: pages of each filter and order, and how many tasks a second are taken.

    python bench/tasks.py [TASKS] [POSTGRESQL_URL]

Fills a record with TASKS tasks (1,000,000) of eight types, with tags, most of them ended, and asks for pages of 100 by
each filter in each order; of each the slowest of five is shown, after one that warms up: processor time of SQLite,
elapsed time of PostgreSQL, which has looked at its tables before as it does by itself within minutes.
"""

from __future__ import annotations

import itertools
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from figures import Figure, tell

from bindery.catalog.opening import open_database
from bindery.catalog.record import tasks as record_tasks
from bindery.catalog.record.statements import Statement
from bindery.catalog.record.task_lists import tag_digest
from bindery.catalog.record_catalog import RecordCatalog
from bindery.catalog.records import Task, TaskFilter, TaskLease, TaskOrder
from bindery.clock import now_ns

BUDGET_MS = 50
HOUR = 3_600 * 10**9
_ANALYZE = Statement("ANALYZE", "ANALYZE task, task_tag")
TYPES = [
    "MediaConvert", "OfficeConversion", "FileCompression", "ImageSplicing", "ImageToPDF", "ImageModeration",
    "VideoModeration", "StoryCreation",
]  # fmt: skip


def tasks(count: int, since: int) -> Iterator[Task]:
    """Spread over six days; one in a thousand failed, one in ten thousand runs, one in 100,000 has the rare tag."""
    chance = random.Random(1)
    for number in range(count):
        start = since + number * 144 * HOUR // count
        status = chance.choices(["Succeeded", "Failed", "Running"], [9_989, 10, 1])[0]
        kind = chance.choices(TYPES, [4_000, 3_000, 1_500, 1_000, 400, 90, 9, 1])[0]
        tags = {"half": str(number % 2)} | ({"rare": "x"} if number % 100_000 == 7 else {})
        yield Task(
            id=f"{kind}-{uuid.UUID(int=chance.getrandbits(128))}",
            project_name="project",
            type=kind,
            status=status,
            start_time=start,
            end_time=None if status == "Running" else start + chance.randrange(HOUR),
            tags=tags,
            request_definition="{" + "x" * 200 + "}",
        )


def filters(since: int) -> dict[str, TaskFilter]:
    """Each part of a filter, naming few and many, and some that name few only together."""
    middle = since + 72 * HOUR
    return {
        "none": TaskFilter(),
        "type, half": TaskFilter(types=("MediaConvert",)),
        "type, 1 in 10,000": TaskFilter(types=("StoryCreation",)),
        "two types": TaskFilter(types=("ImageToPDF", "VideoModeration")),
        "failed": TaskFilter(status="Failed"),
        "running": TaskFilter(status="Running"),
        "tag, half": TaskFilter(tag=("half", "1")),
        "tag, rare": TaskFilter(tag=("rare", "x")),
        "tag, none": TaskFilter(tag=("no", "x")),
        "an hour of starts": TaskFilter(started=(middle, middle + HOUR)),
        "a day of ends": TaskFilter(ended=(middle, middle + 24 * HOUR)),
        "failed of a type": TaskFilter(types=("MediaConvert",), status="Failed"),
        "half a tag of a type": TaskFilter(types=("ImageModeration",), tag=("half", "0")),
        "failed with a tag": TaskFilter(status="Failed", tag=("half", "0")),
        "started after all ended": TaskFilter(started=(middle, float("inf")), ended=(0, float(middle))),
    }


def fill(catalog: RecordCatalog, count: int, since: int) -> None:
    """Many in a transaction."""
    made = tasks(count, since)
    while some := list(itertools.islice(made, 5_000)):
        rows = [
            {
                **{
                    name: getattr(task, name)
                    for name in ("id", "project_name", "type", "start_time", "status")
                },
                "end_time": task.end_time or 0,
                "body": msgspec.json.encode(task),
                "tags": task.tags,
            }
            for task in some
        ]
        tags = [{**row, "tag": tag_digest(*tag)} for row in rows for tag in row["tags"].items()]
        for row in (*rows, *tags):
            row.pop("tags")
        with catalog._database.transaction() as connection:
            connection.executemany(record_tasks._SQL.put_task, rows)
            connection.executemany(record_tasks._SQL.add_tag, tags)
    if catalog.access_shared:
        with catalog._database.transaction() as connection:
            connection.execute(_ANALYZE)
    print(f"{count:,} tasks\n", file=sys.stderr)


def measure_lists(catalog: RecordCatalog, since: int) -> None:
    """A table of milliseconds, and the slowest of them beside the budget."""
    print("| filter | TaskId | StartTime | EndTime, desc |\n|---|---|---|---|")
    slowest = 0.0
    for name, chosen in filters(since).items():
        times = [_slowest(catalog, chosen, order, descending=order is TaskOrder.END) for order in TaskOrder]
        slowest = max(slowest, *times)
        print(f"| {name} | {' | '.join(f'{each:.1f}' for each in times)} |")
    tell(
        Figure(
            what="the slowest page of ListTasks, by every filter and order",
            measured=f"{slowest:.1f} ms",
            against=f"the budget of {BUDGET_MS} ms",
            ratio=slowest / BUDGET_MS,
            at_most=1,
        )
    )


def _slowest(catalog: RecordCatalog, chosen: TaskFilter, order: TaskOrder, *, descending: bool) -> float:
    """Milliseconds of a page, the slowest of several behind each other."""
    clock = time.perf_counter if catalog.access_shared else time.thread_time
    times, after = [], None
    for number in range(6):
        begin = clock()
        page = catalog.tasks.list("project", chosen, order=order, descending=descending, after=after)
        if number:
            times.append((clock() - begin) * 1_000)
            after = page.after
    return max(times)


def measure_queue(catalog: RecordCatalog, count: int = 2_000) -> None:
    """Tasks a second that are added, taken and ended, beside a thousand of a batch that wait."""
    task: dict[str, Any] = {"type": "MediaConvert", "start_time": now_ns()}
    for number in range(1_000):
        catalog.task_queue.add(Task(id=f"batch-{number}", project_name="project", **task), parent="batch")
    begin = time.perf_counter()
    for number in range(count):
        catalog.task_queue.add(Task(id=f"call-{number}", project_name=f"p{number % 10}", **task))
        lease = catalog.task_queue.take("bench", ["MediaConvert"], seconds=60)
        assert isinstance(lease, TaskLease)
        catalog.task_queue.end(
            lease, msgspec.structs.replace(lease.task, status="Succeeded", end_time=now_ns())
        )
    print(f"\n{count / (time.perf_counter() - begin):,.0f} tasks a second added, taken and ended")


def main() -> None:
    """The command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    url = sys.argv[2] if len(sys.argv) > 2 else ""
    since = now_ns() - 150 * HOUR
    with tempfile.TemporaryDirectory() as folder:
        catalog = RecordCatalog(open_database(url, Path(folder)), Path(folder), account_id="1")
        try:
            fill(catalog, count, since)
            measure_lists(catalog, since)
            measure_queue(catalog)
        finally:
            catalog.close()


if __name__ == "__main__":
    main()
