"""The queue of explicit indexing: only the newest job of a file counts."""

from __future__ import annotations

import threading
import time

import msgspec
import pytest
from tests.own_threads import with_others_here

from bindery.catalog.records import Dataset
from bindery.sync import jobs as jobs_module
from bindery.sync.jobs import Job, Jobs

DATASET = Dataset(id=1, project_id=1, project_name="p", name="d")
OTHER = msgspec.structs.replace(DATASET, id=2, name="e")


def uris(jobs: list[Job]) -> list[str]:
    return [job.uri for job in jobs]


def test_jobs_come_in_the_order_of_their_acceptance() -> None:
    jobs = Jobs()
    jobs.put(DATASET, ["b", "a"])
    jobs.put(OTHER, ["a"])
    assert uris(jobs.take(2)) == ["b", "a"]
    (last,) = jobs.take(2)
    assert (last.dataset, last.uri) == (OTHER, "a")


def test_of_a_file_only_the_newest_job_is_taken() -> None:
    jobs = Jobs()
    jobs.put(DATASET, ["a", "b"])
    jobs.put(DATASET, ["a"])
    assert uris(jobs.take(9)) == ["b", "a"]


def test_an_announced_file_makes_its_job_out_of_date() -> None:
    jobs = Jobs()
    jobs.put(DATASET, ["a"])
    (job,) = jobs.take(9)
    assert jobs.is_newest(job)
    assert jobs.announce(DATASET, ["a", "b"]) == ["a"]
    assert not jobs.is_newest(job)
    jobs.retry(job, 0)
    jobs.done([job])
    jobs.free(DATASET)
    jobs.put(DATASET, ["a", "b"])
    assert uris(jobs.take(9)) == ["a", "b"]


def test_jobs_that_are_all_out_of_date_do_not_end_the_wait() -> None:
    """An empty answer means the end: it must not be given because the only due job was replaced."""
    jobs = Jobs()
    jobs.put(DATASET, ["a"])
    jobs.announce(DATASET, ["a"])
    taken: list[list[str]] = []
    waiting = threading.Thread(target=lambda: taken.append([job.uri for job in jobs.take(10)]))
    waiting.start()
    jobs.put(DATASET, ["b"])
    waiting.join(60)
    assert taken == [["b"]]


def test_done_forgets_only_what_is_done() -> None:
    jobs = Jobs()
    jobs.put(DATASET, ["a"])
    (job,) = jobs.take(9)
    jobs.done([job])
    assert jobs.announce(DATASET, ["a"]) == []


def test_a_retry_waits_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(jobs_module, "time", with_others_here(time, monotonic=lambda: clock[0]))
    jobs = Jobs()
    jobs.put(DATASET, ["a"])
    (job,) = jobs.take(9)
    jobs.retry(job, 60.0)
    jobs.put(DATASET, ["b"])
    jobs.free(DATASET)
    assert uris(jobs.take(9)) == ["b"]
    jobs.free(DATASET)
    clock[0] += 60.0
    (again,) = jobs.take(9)
    assert (again.uri, again.attempts, again.due) == ("a", 1, 160.0)
    assert jobs.is_newest(again)


def test_close_wakes_who_waits() -> None:
    jobs = Jobs()
    found: list[list[Job]] = []
    waiter = threading.Thread(target=lambda: found.append(jobs.take(9)))
    waiter.start()
    jobs.close()
    waiter.join(60)
    assert found == [[]]
    assert len(jobs) == 0


def test_what_has_a_job_gets_no_second_one_by_the_way() -> None:
    jobs = Jobs()
    jobs.put(DATASET, ["a"])
    jobs.put_unknown(DATASET, ["a", "b"])
    taken = jobs.take(10)
    assert uris(taken) == ["a", "b"]
    jobs.put_unknown(DATASET, ["a"])  # it is being worked on
    jobs.done(taken)
    assert len(jobs) == 0
    jobs.put_unknown(DATASET, ["a"])
    assert len(jobs) == 1


def test_datasets_take_turns_and_each_has_one_taker_at_a_time() -> None:
    jobs = Jobs()
    jobs.put(DATASET, [f"{number}" for number in range(1_000)])
    jobs.put(OTHER, ["a"])
    assert len(jobs.take(10)) == 10
    assert uris(jobs.take(10)) == ["a"]
    taken: list[list[Job]] = []
    waiting = threading.Thread(target=lambda: taken.append(jobs.take(10)))
    waiting.start()
    waiting.join(0.1)
    assert taken == []
    jobs.free(DATASET)
    waiting.join(60)
    assert uris(taken[0])[0] == "10"


def test_a_large_dataset_does_not_hold_up_a_small_one() -> None:
    jobs = Jobs()
    jobs.put(DATASET, [f"{number}" for number in range(1_000)])
    served = []
    for round_number in range(6):
        if round_number == 2:
            jobs.put(OTHER, ["a", "b"])
        (job, *_) = jobs.take(1)
        served.append(job.dataset.name)
        jobs.free(job.dataset)
    assert served[2:6].count("e") == 2
