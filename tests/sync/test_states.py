"""The table of transitions against the statement of the lives a binding may have."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bindery.catalog.records import Binding, BindingPhase, BindingState
from bindery.sync.states import TRANSITIONS, Cause, move

S, P = BindingState, BindingPhase


def binding(state: BindingState, phase: BindingPhase = P.NONE, **fields: object) -> Binding:
    values = {"create_time": 1, "update_time": 1} | fields
    return Binding(
        dataset_id=1, project_name="p", dataset_name="d", bucket="b", state=state, phase=phase, **values
    )


@pytest.mark.parametrize(
    ("state", "phase", "cause", "expected"),
    [
        (S.READY, P.NONE, Cause.FULL_SCAN_BEGUN, (S.RUNNING, P.FULL_SCANNING)),
        (S.RUNNING, P.FULL_SCANNING, Cause.FULL_SCAN_DONE, (S.RUNNING, P.INCREMENTAL_SCANNING)),
        (S.READY, P.NONE, Cause.STORE_UNREACHABLE, (S.RETRYING, P.NONE)),
        (S.RETRYING, P.NONE, Cause.STORE_BACK, (S.RUNNING, P.FULL_SCANNING)),
        (S.READY, P.NONE, Cause.CANNOT_HEAL, (S.FAILED, P.NONE)),
        (S.FAILED, P.NONE, Cause.STORE_BACK, (S.RUNNING, P.FULL_SCANNING)),
        (S.RUNNING, P.FULL_SCANNING, Cause.STOPPED, (S.STOPPED, P.FULL_SCANNING)),
        (S.STOPPED, P.FULL_SCANNING, Cause.RESUMED, (S.RUNNING, P.FULL_SCANNING)),
        (S.RUNNING, P.INCREMENTAL_SCANNING, Cause.STOPPED, (S.STOPPED, P.INCREMENTAL_SCANNING)),
        (S.STOPPED, P.INCREMENTAL_SCANNING, Cause.RESUMED, (S.RUNNING, P.INCREMENTAL_SCANNING)),
        (S.STOPPED, P.NONE, Cause.RESUMED, (S.RUNNING, P.FULL_SCANNING)),
        (S.RUNNING, P.INCREMENTAL_SCANNING, Cause.STORE_UNREACHABLE, (S.RETRYING, P.INCREMENTAL_SCANNING)),
        (S.RETRYING, P.INCREMENTAL_SCANNING, Cause.STORE_BACK, (S.RUNNING, P.INCREMENTAL_SCANNING)),
        (S.RETRYING, P.FULL_SCANNING, Cause.STOPPED, (S.STOPPED, P.FULL_SCANNING)),
        (S.FAILED, P.FULL_SCANNING, Cause.STOPPED, (S.STOPPED, P.FULL_SCANNING)),
        (S.FAILED, P.FULL_SCANNING, Cause.RESUMED, (S.RUNNING, P.FULL_SCANNING)),
    ],
)
def test_move(
    state: BindingState, phase: BindingPhase, cause: Cause, expected: tuple[BindingState, BindingPhase]
) -> None:
    moved = move(binding(state, phase), cause, now=9)
    assert moved is not None
    assert (moved.state, moved.phase) == expected


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.RESUMED])
def test_only_the_caller_leads_out_of_stopped(cause: Cause) -> None:
    assert move(binding(S.STOPPED, P.FULL_SCANNING), cause, now=9) is None


@pytest.mark.parametrize("cause", list(Cause))
def test_nothing_leads_out_of_deleted(cause: Cause) -> None:
    assert move(binding(S.DELETED), cause, now=9) is None


@pytest.mark.parametrize("state", [S.READY, S.RUNNING, S.RETRYING, S.STOPPED])
def test_resume_is_for_stopped_and_failed_only(state: BindingState) -> None:
    allowed = move(binding(state), Cause.RESUMED, now=9) is not None
    assert allowed == (state is S.STOPPED)


@pytest.mark.parametrize("state", [S.READY, S.RUNNING, S.RETRYING, S.FAILED])
def test_every_state_at_work_can_be_stopped(state: BindingState) -> None:
    moved = move(binding(state), Cause.STOPPED, reason="pause usage", now=9)
    assert moved is not None
    assert (moved.state, moved.reason, moved.update_time) == (S.STOPPED, "pause usage", 9)


@given(st.lists(st.sampled_from(Cause), max_size=30))
def test_update_time_and_reason_along_any_life(causes: list[Cause]) -> None:
    held = binding(S.READY)
    touched = 1
    for number, cause in enumerate(causes, start=2):
        moved = move(held, cause, reason=f"reason {number}", now=number)
        if moved is None:
            continue
        held = moved
        if cause in (Cause.STOPPED, Cause.RESUMED):
            touched = number
        assert (held.update_time, held.create_time, held.reason) == (touched, 1, f"reason {number}")
        assert held.phase is not P.NONE or held.state is not S.RUNNING


def test_resuming_confirms_what_the_guard_held_back() -> None:
    stopped = move(binding(S.RUNNING, P.INCREMENTAL_SCANNING, removals_held=7), Cause.STOPPED, now=2)
    assert stopped is not None
    assert stopped.removals_confirmed == 0
    resumed = move(stopped, Cause.RESUMED, now=3)
    assert resumed is not None
    assert resumed.removals_confirmed == 7


def test_every_state_but_deleted_is_in_the_table() -> None:
    assert {state for state, _ in TRANSITIONS} == set(S) - {S.DELETED}
    assert all(target.state is not S.DELETED for target in TRANSITIONS.values())
    assert len(set(itertools.chain(TRANSITIONS))) == len(TRANSITIONS)
