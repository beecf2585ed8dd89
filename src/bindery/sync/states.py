"""The states of a binding as data: one table, each transition with its cause. Nothing else sets a state.

Source: help page api-imm-2020-09-30-struct-binding; the transitions themselves are not documented and are
Bindery's reading (docs/differences.md).
"""

from __future__ import annotations

import enum

import msgspec

from bindery.catalog.records import Binding, BindingPhase, BindingState
from bindery.secrecy import fit_to_tell


class Cause(enum.Enum):
    """Why a binding changes its state."""

    FULL_SCAN_BEGUN = "the bucket answers and its first complete scan begins"
    FULL_SCAN_DONE = "every object of the bucket has been seen once"
    STOPPED = "the caller stopped the binding"
    RESUMED = "the caller resumed the binding"
    STORE_UNREACHABLE = "the store did not answer, or said to come back later"
    STORE_BACK = "the store answers again"
    CANNOT_HEAL = "the bucket is missing, forbidden or misconfigured"


class Target(msgspec.Struct, frozen=True):
    """Where a transition leads; None keeps the phase."""

    state: BindingState
    phase: BindingPhase | None = None


_READY, _RUNNING, _STOPPED = BindingState.READY, BindingState.RUNNING, BindingState.STOPPED
_RETRYING, _FAILED = BindingState.RETRYING, BindingState.FAILED

TRANSITIONS: dict[tuple[BindingState, Cause], Target] = {
    (_READY, Cause.FULL_SCAN_BEGUN): Target(_RUNNING, BindingPhase.FULL_SCANNING),
    (_READY, Cause.STOPPED): Target(_STOPPED),
    (_READY, Cause.STORE_UNREACHABLE): Target(_RETRYING),
    (_READY, Cause.CANNOT_HEAL): Target(_FAILED),
    (_RUNNING, Cause.FULL_SCAN_DONE): Target(_RUNNING, BindingPhase.INCREMENTAL_SCANNING),
    (_RUNNING, Cause.STOPPED): Target(_STOPPED),
    (_RUNNING, Cause.STORE_UNREACHABLE): Target(_RETRYING),
    (_RUNNING, Cause.CANNOT_HEAL): Target(_FAILED),
    (_STOPPED, Cause.RESUMED): Target(_RUNNING),
    (_RETRYING, Cause.STORE_BACK): Target(_RUNNING),
    (_RETRYING, Cause.STORE_UNREACHABLE): Target(_RETRYING),
    (_RETRYING, Cause.STOPPED): Target(_STOPPED),
    (_RETRYING, Cause.CANNOT_HEAL): Target(_FAILED),
    (_FAILED, Cause.STORE_BACK): Target(_RUNNING),
    (_FAILED, Cause.STORE_UNREACHABLE): Target(_RETRYING),
    (_FAILED, Cause.CANNOT_HEAL): Target(_FAILED),
    (_FAILED, Cause.STOPPED): Target(_STOPPED),
    (_FAILED, Cause.RESUMED): Target(_RUNNING),
}

_CALLER_CAUSES = frozenset({Cause.STOPPED, Cause.RESUMED})


def move(binding: Binding, cause: Cause, *, reason: str = "", now: int) -> Binding | None:
    """The binding after ``cause``; None when the cause means nothing in its state.

    UpdateTime changes only when the caller stops or resumes, as the vendor documents it. Resuming confirms
    the removals that the deletion guard has held back.
    """
    target = TRANSITIONS.get((binding.state, cause))
    if target is None:
        return None
    phase = binding.phase if target.phase is None else target.phase
    if target.state is BindingState.RUNNING and phase is BindingPhase.NONE:
        phase = BindingPhase.FULL_SCANNING
    return msgspec.structs.replace(
        binding,
        state=target.state,
        phase=phase,
        reason=fit_to_tell(reason),
        removals_confirmed=binding.removals_held if cause is Cause.RESUMED else binding.removals_confirmed,
        update_time=now if cause in _CALLER_CAUSES else binding.update_time,
    )
