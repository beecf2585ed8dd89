"""What the queue of tasks of every catalog must do."""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from bindery.catalog.catalog import Catalog
from bindery.catalog.record.statements import Statement, with_psycopg_parameters
from bindery.catalog.records import AlreadyExists, NotFound, Task, TaskLease, TaskLost
from bindery.clock import now_ns

_numbers = itertools.count()
_QUERY = "SELECT 1 FROM task_queue WHERE project_name = :project_name AND parent = :parent"
_IN_QUEUE = Statement(_QUERY, with_psycopg_parameters(_QUERY))
HOUR = 3_600


def task(project: str = "p", kind: str = "T") -> Task:
    return Task(id=f"{kind}-{next(_numbers):06}", project_name=project, type=kind, start_time=now_ns())


def take(catalog: Catalog, owner: str = "one", *, seconds: float = HOUR) -> TaskLease:
    lease = catalog.task_queue.take(owner, ["T"], seconds=seconds)
    assert lease is not None
    return lease


def nothing_is_due(catalog: Catalog) -> bool:
    return catalog.task_queue.take("somebody", ["T", "U"], seconds=HOUR) is None


def ended(task: Task) -> Task:
    return replace(task, status="Succeeded", progress=100, end_time=now_ns())


def held(catalog: Catalog, task: Task) -> Task:
    return catalog.tasks.get(task.project_name, task.type, task.id)


class TaskQueueConformance:
    def test_a_task_is_taken_once_and_gone_when_it_has_ended(self, catalog: Catalog) -> None:
        given = task()
        assert catalog.task_queue.next_due(["T"]) is None
        assert catalog.task_queue.add(given) == (given, True)
        assert held(catalog, given) == given
        assert catalog.task_queue.next_due(["U"]) is None
        due = catalog.task_queue.next_due(["T", "U"])
        assert due is not None
        assert due <= 0
        assert catalog.task_queue.take("one", ["U"], seconds=HOUR) is None
        lease = take(catalog)
        assert (lease.task, lease.owner, lease.attempts, lease.cancelled) == (given, "one", 1, False)
        assert nothing_is_due(catalog)
        due = catalog.task_queue.next_due(["T"])
        assert due is not None
        assert HOUR / 2 < due <= HOUR
        catalog.task_queue.end(lease, ended(given))
        assert held(catalog, given).status == "Succeeded"
        assert catalog.task_queue.next_due(["T"]) is None
        with pytest.raises(TaskLost):
            catalog.task_queue.end(lease, replace(given, status="Failed"))
        assert held(catalog, given).status == "Succeeded"

    def test_an_id_is_used_once(self, catalog: Catalog) -> None:
        given = task()
        catalog.task_queue.add(given)
        with pytest.raises(AlreadyExists):
            catalog.task_queue.add(replace(given, user_data="other"))
        assert held(catalog, given) == given

    def test_one_task_of_a_subject(self, catalog: Catalog) -> None:
        queue, given = catalog.task_queue, task()
        assert queue.add(given, subject="7") == (given, True)
        lease = take(catalog)
        late = task()
        assert queue.add(late, subject="7") == (given, False)
        assert queue.add_taken(late, owner="one", seconds=HOUR, subject="7") == given
        with pytest.raises(NotFound):
            held(catalog, late)
        found = [
            queue.of_subject(kind, subject) for kind in (given.type, "U") for subject in ("7", "8", "")
        ]
        assert found == [given, None, None, None, None, None]
        other = task(kind="U")
        assert queue.add(other, subject="7") == (other, True)
        queue.end(lease, ended(given))
        assert isinstance(queue.add_taken(late, owner="one", seconds=HOUR, subject="7"), TaskLease)

    def test_a_task_may_be_taken_with_its_beginning(self, catalog: Catalog) -> None:
        given = task()
        lease = catalog.task_queue.add_taken(given, owner="one", seconds=HOUR, weight=3)
        assert isinstance(lease, TaskLease)
        assert (lease.task, lease.owner, lease.attempts, lease.weight) == (given, "one", 1, 3)
        assert nothing_is_due(catalog)
        assert catalog.task_queue.renew([lease], seconds=HOUR) == {given.id: False}
        catalog.task_queue.give_back(lease)
        assert (again := take(catalog, "two")).attempts == 1
        assert (again.task, again.weight) == (given, 3)

    def test_a_lease_ends_unless_it_is_renewed_and_the_late_one_changes_nothing(
        self, catalog: Catalog
    ) -> None:
        queue, given = catalog.task_queue, task()
        queue.add(given)
        late = take(catalog, seconds=0)
        lease = take(catalog, "two")
        assert (lease.task, lease.attempts) == (given, 2)
        assert lease.fence > late.fence
        assert queue.renew([late, lease], seconds=HOUR) == {given.id: False}
        assert queue.renew([late], seconds=HOUR) == {}
        for change in (
            lambda: queue.report(late, replace(given, progress=9), seconds=HOUR),
            lambda: queue.end(late, ended(given)),
        ):
            with pytest.raises(TaskLost):
                change()
        queue.give_back(late)
        queue.postpone(late, seconds=0)
        assert held(catalog, given) == given
        assert nothing_is_due(catalog)
        assert not queue.report(lease, replace(given, progress=9), seconds=HOUR)
        assert held(catalog, given).progress == 9
        queue.end(lease, ended(given))

    def test_the_same_owner_does_not_hold_an_earlier_lease(self, catalog: Catalog) -> None:
        catalog.task_queue.add(task())
        late = take(catalog, seconds=0)
        lease = take(catalog)
        with pytest.raises(TaskLost):
            catalog.task_queue.end(late, ended(late.task))
        catalog.task_queue.end(lease, ended(lease.task))

    def test_what_is_given_back_is_due_at_once_and_what_is_postponed_later(self, catalog: Catalog) -> None:
        queue = catalog.task_queue
        queue.add(task())
        queue.give_back(take(catalog))
        lease = take(catalog)
        assert lease.attempts == 1
        queue.postpone(lease, seconds=0)
        lease = take(catalog)
        assert lease.attempts == 2
        queue.postpone(lease, seconds=HOUR)
        assert nothing_is_due(catalog)
        due = queue.next_due(["T"])
        assert due is not None
        assert due > HOUR / 2

    def test_a_task_is_cancelled_in_each_state(self, catalog: Catalog) -> None:
        queue = catalog.task_queue

        def cancel(given: Task) -> Task:
            end = replace(given, status="Failed", code="Cancelled", end_time=5)
            return queue.cancel(given.project_name, given.type, given.id, end)

        waiting, at_work, left, over = task(), task(), task(), task()
        for given in (over, left, at_work):
            queue.add(given)
            lease = take(catalog, seconds=0 if given is left else HOUR)
            if given is over:
                queue.end(lease, ended(given))
                done = held(catalog, given)
            elif given is left:
                late = lease
                queue.add(waiting)
                assert cancel(left).code == "Cancelled"
                assert cancel(waiting).code == "Cancelled"
        for given in (waiting, left):
            assert (held(catalog, given).status, held(catalog, given).end_time) == ("Failed", 5)
            assert cancel(given) == held(catalog, given)
        with pytest.raises(TaskLost):
            queue.end(late, ended(left))
        assert cancel(over) == done
        assert cancel(at_work) == at_work
        assert queue.renew([lease], seconds=HOUR) == {at_work.id: True}
        assert queue.report(lease, replace(at_work, progress=3), seconds=HOUR)
        queue.give_back(lease)
        assert take(catalog, "two").cancelled
        with pytest.raises(NotFound):
            cancel(task())

    def test_the_end_is_told_in_the_same_transaction(self, open_catalog: Callable[..., Catalog]) -> None:
        from .conformance import Teller, told

        catalog = open_catalog(Teller())
        queue, given, other = catalog.task_queue, task(), task()
        queue.add(given)
        lease = take(catalog)
        queue.add(other)
        assert told(catalog) == []
        queue.end(lease, ended(given))
        queue.cancel("p", "T", other.id, replace(other, status="Failed", code="Cancelled"))
        with pytest.raises(TaskLost):
            queue.end(lease, ended(given))
        assert told(catalog) == [(given.id, "Succeeded "), (other.id, "Failed Cancelled")]

    def test_what_earlier_releases_left_is_adopted(self, catalog: Catalog) -> None:
        left, other, over = task(), task(kind="V"), task()
        for each in (left, other, ended(over)):
            catalog.tasks.put(each)
        catalog.task_queue.add(known := task())
        assert catalog.task_queue.adopt(["T", "U"]) == 1
        assert catalog.task_queue.adopt(["T", "U"]) == 0
        assert {take(catalog).task.id for _ in range(2)} == {left.id, known.id}
        assert nothing_is_due(catalog)

    def test_a_batch_has_a_count_of_those_that_wait(self, catalog: Catalog) -> None:
        queue = catalog.task_queue
        for _ in range(4):
            queue.add(task(), parent="batch")
        queue.add(task())
        assert (queue.waiting("p", "batch", most=3), queue.waiting("p", "batch", most=9)) == (3, 4)
        for _ in range(2):
            take(catalog)
        assert (queue.waiting("p", "batch", most=9), queue.waiting("q", "batch", most=9)) == (3, 0)

    def test_no_two_servers_take_the_same_task(self, catalog: Catalog) -> None:
        given = [task(project=f"p{number % 3}") for number in range(60)]
        for each in given:
            catalog.task_queue.add(each)

        def all_of(owner: str) -> list[str]:
            taken = []
            while lease := catalog.task_queue.take(owner, ["T"], seconds=HOUR):
                taken.append(lease.task.id)
            return taken

        with ThreadPoolExecutor(4) as pool:
            taken = [task_id for owner in pool.map(all_of, "abcd") for task_id in owner]
        while (lease := catalog.task_queue.take("last", ["T"], seconds=HOUR)) is not None:
            taken.append(
                lease.task.id
            )  # each of the four may have met a row that another one was just taking
        assert sorted(taken) == sorted(each.id for each in given)

    @pytest.mark.parametrize("seed", range(3))
    def test_the_order_is_fair(self, catalog: Catalog, seed: int) -> None:
        """Against a ring in memory: calls before batches, projects and batches in turn, of each the earliest."""
        chance = random.Random(seed)
        model = Ring()
        for _ in range(120):
            if chance.random() < 0.6:
                project, parent = chance.choice("pqr"), chance.choice(["", "", "one", "two"])
                given = task(project=project)
                catalog.task_queue.add(given, parent=parent)
                model.add(project, parent, given.id)
            elif (lease := catalog.task_queue.take("one", ["T"], seconds=HOUR)) is None:
                assert model.take() is None
            else:
                assert lease.task.id == model.take()
                if chance.random() < 0.3:
                    catalog.task_queue.end(lease, ended(lease.task))
            if chance.random() < 0.05:
                catalog.task_queue.tidy(limit=100)
                taken = {key for key in model.tasks if self._is_known(catalog, key)}
                model.forget(taken)

    def test_what_is_put_off_for_longer_than_it_can_be_is_due(self, catalog: Catalog) -> None:
        """As after the clock was set back."""
        queue = catalog.task_queue
        given = [task() for _ in range(4)]
        for each in given:
            queue.add(each)
        leases = [take(catalog, seconds=seconds) for seconds in (HOUR, 3 * HOUR, HOUR, HOUR)]
        queue.postpone(leases[2], seconds=60)
        queue.postpone(leases[3], seconds=600)
        queue.recall(pause=300, lease=2 * HOUR)
        again = [take(catalog, "two").task.id for _ in range(2)]
        assert sorted(again) == sorted([leases[1].task.id, leases[3].task.id])
        assert nothing_is_due(catalog)
        with pytest.raises(TaskLost):
            queue.end(leases[1], ended(leases[1].task))
        queue.end(leases[0], ended(leases[0].task))

    def test_projects_may_be_passed_over(self, catalog: Catalog) -> None:
        for project in ("p", "p", "q'"):
            catalog.task_queue.add(task(project))
        taken = catalog.task_queue.take("one", ["T"], seconds=HOUR, without=["p", "r"])
        assert taken is not None
        assert taken.task.project_name == "q'"
        assert catalog.task_queue.take("one", ["T"], seconds=HOUR, without=["p"]) is None
        assert take(catalog).task.project_name == "p"

    def _is_known(self, catalog: Catalog, key: tuple[str, str]) -> bool:
        """Whether anything of a project or batch is in the queue, taken or not."""
        queue: Any = catalog.task_queue
        rows = queue._database.reader.execute(
            _IN_QUEUE, {"project_name": key[0], "parent": key[1]}
        ).fetchall()
        return bool(rows)


class Ring:
    """Who has tasks stands in a ring; who was served goes to its end, and who comes anew as well."""

    def __init__(self) -> None:
        self.rings: tuple[deque[tuple[str, str]], deque[tuple[str, str]]] = (deque(), deque())
        self.tasks: dict[tuple[str, str], deque[str]] = {}

    def add(self, project: str, parent: str, task_id: str) -> None:
        key = project, parent
        if key not in self.tasks:
            self.tasks[key] = deque()
            self.rings[bool(parent)].append(key)
        self.tasks[key].append(task_id)

    def take(self) -> str | None:
        for ring in self.rings:
            for key in ring:
                if self.tasks[key]:
                    ring.remove(key)
                    ring.append(key)
                    return self.tasks[key].popleft()
        return None

    def forget(self, known: set[tuple[str, str]]) -> None:
        for key in set(self.tasks) - known:
            assert not self.tasks[key]
            del self.tasks[key]
            self.rings[bool(key[1])].remove(key)
