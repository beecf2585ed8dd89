"""Whose turn it is, without processes: time is what the test says a turn took."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from bindery.stopping import Interrupted
from bindery.workers import turns as turns_room
from bindery.workers.job import Finished, Job, Urgency
from bindery.workers.submission import Submission
from bindery.workers.turns import Turn, Turns

JOB = Job("some_jobs:echo", b"")
CALL, CHANGE, SCAN = Urgency


class Desk:
    """A pool of one worker whose work the test does."""

    def __init__(self, workers: int = 1, most_of_one: int = 2) -> None:
        self.outside = 0
        self.turns = Turns(workers, most_of_one, lambda: self.outside)
        self.numbers = iter(range(1_000_000))

    def submit(self, owner: str, jobs: int, urgency: Urgency = SCAN) -> Submission:
        submission = Submission(next(self.numbers), jobs, urgency, owner, self.turns)
        self.turns.add(submission, [JOB] * jobs)
        return submission

    def take(self) -> Turn:
        turn = self.turns.take(has_worker=True)
        assert turn is not None
        return turn

    def finish(self, turn: Turn, seconds: float = 0.1, answers: int | None = None, size: int = 0) -> None:
        done = turn.entries[:answers]
        for entry in done:
            entry.submission.deliver([Finished(entry.position, bytes(size))])
        self.turns.end(turn, seconds, turn.entries[len(done) :])

    def serve(self, count: int, seconds: dict[str, float]) -> Counter[str]:
        """So many turns, each of the time that its owner's take; how many each owner had."""
        had: Counter[str] = Counter()
        for _ in range(count):
            turn = self.take()
            had[turn.line.owner] += 1
            self.finish(turn, seconds[turn.line.owner], answers=1)
        return had


def test_calls_before_changes_before_scans() -> None:
    desk = Desk()
    for urgency in (SCAN, CALL, CHANGE):
        desk.submit("one", 1, urgency)
    order = []
    for _ in range(3):
        order.append((turn := desk.take()).urgency)
        desk.finish(turn)
    assert order == [CALL, CHANGE, SCAN]


def test_owners_take_turns() -> None:
    desk = Desk()
    desk.submit("large", 10_000)
    first = desk.take()
    desk.submit("small", 20)
    desk.finish(first, answers=1)
    had = desk.serve(10, {"large": 0.1, "small": 0.1})
    assert had["small"] >= 4


def test_a_caller_never_waits_for_the_calls_of_another() -> None:
    desk = Desk(workers=2, most_of_one=4)
    desk.submit("greedy", 16, CALL)
    held = [desk.take(), desk.take()]
    desk.submit("second", 1, CALL)
    beyond = desk.take()
    assert beyond.line.owner == "second"
    desk.submit("third", 1, CALL)
    taken: list[Turn] = []
    taking = threading.Thread(target=lambda: taken.append(desk.take()))
    taking.start()
    desk.finish(beyond)
    taking.join(60)
    assert taken[0].line.owner == "third"
    for turn in (*held, *taken):
        desk.finish(turn)


def test_scans_do_not_get_more_workers_than_there_are() -> None:
    desk = Desk(workers=1)
    desk.submit("scan", 4)
    turn = desk.take()
    desk.submit("other", 4)
    taken: list[Turn] = []
    taking = threading.Thread(target=lambda: taken.append(desk.take()))
    taking.start()
    taking.join(0.2)
    assert taken == []
    desk.finish(turn)
    taking.join(60)
    desk.finish(taken[0])


@pytest.mark.parametrize(("below", "above"), [(SCAN, CHANGE), (SCAN, CALL), (CHANGE, CALL)])
def test_what_is_urgent_does_not_wait_for_a_file_of_a_lower_class(below: Urgency, above: Urgency) -> None:
    desk = Desk(workers=2, most_of_one=4)
    desk.submit("scan", 100, below)
    held = [desk.take(), desk.take()]
    desk.submit("urgent", 3, above)
    desk.finish(desk.take(), seconds=100.0)  # from here on the lower class is due for a turn
    beyond = desk.take()
    assert (beyond.line.owner, len(beyond.entries)) == ("urgent", 1)
    taken: list[Turn] = []
    taking = threading.Thread(target=lambda: taken.append(desk.take()))
    taking.start()
    taking.join(0.2)
    assert taken == []  # one more is enough
    desk.finish(beyond)
    taking.join(60)
    assert taken[0].line.owner == "urgent"
    for turn in (*held, *taken):
        desk.finish(turn)


def test_turns_are_fair_by_time_not_by_number() -> None:
    """An owner whose files take fifty times as long gets a fiftieth of the turns."""
    desk = Desk()
    desk.submit("slow", 1_000)
    desk.submit("quick", 10_000)
    had = desk.serve(200, {"slow": 5.0, "quick": 0.1})
    assert 2 <= had["slow"] <= 6


def test_a_newcomer_does_not_make_up_for_the_past() -> None:
    desk = Desk()
    desk.submit("old", 1_000)
    desk.serve(100, {"old": 1.0})
    desk.submit("new", 1_000)
    had = desk.serve(20, {"old": 1.0, "new": 1.0})
    assert abs(had["old"] - had["new"]) <= 1


@pytest.mark.parametrize("flood", [CALL, CHANGE])
def test_a_scan_goes_on_below_a_flood(flood: Urgency) -> None:
    desk = Desk()
    desk.submit("flood", 10_000, flood)
    desk.submit("scan", 10_000, SCAN)
    had = desk.serve(1_000, {"flood": 0.1, "scan": 0.1})
    assert had["scan"] >= 40
    assert had["flood"] >= 900


def test_both_lower_classes_get_their_share() -> None:
    desk = Desk()
    desk.submit("call", 10_000, CALL)
    desk.submit("change", 10_000, CHANGE)
    desk.submit("scan", 10_000, SCAN)
    had = desk.serve(1_000, {"call": 0.1, "change": 0.1, "scan": 0.1})
    assert had["change"] >= 40
    assert had["scan"] >= 40


def test_what_a_turn_left_comes_first_in_its_order() -> None:
    desk = Desk()
    submission = desk.submit("one", 10)
    turn = desk.take()
    desk.finish(turn, answers=2)
    assert desk.take().entries[0].position == 2
    assert submission.number == turn.entries[0].submission.number


def test_a_turn_is_a_share_of_what_waits() -> None:
    desk = Desk(workers=2)
    desk.submit("one", 8)
    assert len(desk.take().entries) == 2
    desk.submit("two", 1_000)
    desk.finish(desk.take())
    assert turns_room.MOST_JOBS == 128


def test_jobs_that_nobody_wants_are_dropped() -> None:
    desk = Desk()
    desk.submit("one", 100).cancel()
    desk.submit("one", 1)
    turn = desk.take()
    assert len(turn.entries) == 1
    assert turn.entries[0].submission.number == 1


def test_workers_that_wait_outside_do_not_count() -> None:
    desk = Desk(workers=1, most_of_one=2)
    desk.submit("slow store", 100)
    desk.submit("quick", 100)
    desk.take()
    taken: list[Turn | None] = []
    waiting = threading.Thread(target=lambda: taken.append(desk.turns.take(has_worker=True)))
    waiting.start()
    waiting.join(0.2)
    assert taken == []
    desk.outside = 1
    waiting.join(60)
    assert len(taken) == 1


def test_a_worker_that_has_just_become_free_goes_before_one_that_would_have_to_be_started() -> None:
    """However the threads run: whoever ends a turn waits for the next one before anybody else may look."""
    desk = Desk(workers=1, most_of_one=2)
    desk.submit("owner", 1)
    turn = desk.take()
    started: list[Turn | None] = []
    without = threading.Thread(target=lambda: started.append(desk.turns.take(has_worker=False)))
    without.start()
    desk.submit("owner", 1)
    free = desk.turns.end_and_take(turn, 0.1, [], has_worker=True)
    assert free is not None
    desk.finish(free)
    desk.turns.close()
    without.join(60)
    assert started == [None]


def test_one_owner_never_has_all_workers() -> None:
    desk = Desk(workers=1, most_of_one=2)
    desk.outside = 3
    desk.submit("slow store", 1_000)
    desk.take()
    desk.take()
    desk.submit("quick", 1)
    assert desk.take().line.owner == "quick"


def test_answers_that_nobody_takes_stop_their_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_room, "UNTAKEN_BYTES", 1_000)
    desk = Desk()
    first, second = desk.submit("one", 4), desk.submit("one", 4)
    desk.finish(desk.take(), answers=1, size=2_000)
    taken: list[Turn | None] = []
    waiting = threading.Thread(target=lambda: taken.append(desk.turns.take(has_worker=True)), daemon=True)
    waiting.start()
    waiting.join(0.2)
    assert taken == []
    assert [finished.position for finished in first.take(seconds=0)] == [0]
    waiting.join(60)
    assert len(taken) == 1
    assert not second.done


def test_who_waits_for_the_oldest_is_served_whatever_lies_untaken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_room, "UNTAKEN_BYTES", 1_000)
    desk = Desk(workers=2)
    oldest, younger = desk.submit("one", 1), desk.submit("one", 4)
    kept = desk.take()
    turn = desk.take()
    assert turn.entries[0].submission is younger
    desk.finish(turn, answers=1, size=5_000)
    desk.turns.end(kept, 0.1, kept.entries)  # its worker died
    got: list[int] = []
    caller = threading.Thread(target=lambda: got.extend(one.position for one in oldest.take()))
    caller.start()
    again = desk.take()
    assert again.entries[0].submission is oldest
    desk.finish(again)
    caller.join(60)
    assert got == [0]


def test_taking_by_time_and_by_bytes() -> None:
    desk = Desk()
    submission = desk.submit("one", 10)
    assert submission.take(seconds=0.01) == []
    for position in range(6):
        submission.deliver([Finished(position, bytes(100))])
    assert len(submission.take(seconds=5, most_bytes=250)) == 3
    assert len(submission.take(seconds=0.01)) == 3
    assert not submission.done
    for position in range(6, 10):
        submission.deliver([Finished(position, b"")])
    assert len(submission.take()) == 4
    assert submission.done
    assert submission.take() == []


def test_a_stop_interrupts_who_waits() -> None:
    submission = Desk().submit("one", 1)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        submission.take(stop)


def test_a_cancelled_submission_interrupts_who_waits() -> None:
    submission = Desk().submit("one", 1)
    threading.Timer(0.05, submission.cancel).start()
    with pytest.raises(Interrupted):
        submission.take()


def test_counts_by_class_and_the_end() -> None:
    desk = Desk()
    desk.submit("one", 3)
    desk.submit("two", 2, CHANGE)
    assert desk.turns.counts() == {CALL: 0, CHANGE: 2, SCAN: 3}
    desk.turns.close()
    assert desk.turns.take(has_worker=True) is None
