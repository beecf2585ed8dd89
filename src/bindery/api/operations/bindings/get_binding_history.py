"""GetBindingHistory, an extension: how the books of a binding have changed over time."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import (
    BindingHistoryPoint,
    GetBindingHistoryRequest,
    GetBindingHistoryResponse,
)
from bindery.api.operations.bindings.ledger import binding_of


def get_binding_history(context: Context, request: GetBindingHistoryRequest) -> GetBindingHistoryResponse:
    """Up to some hundred points ascending by time, the older the sparser, and the books of now as the last.

    A kill of the server forgets the last minutes.
    """
    points = context.engine.history_of(binding_of(context, request))
    return GetBindingHistoryResponse(
        points=tuple(
            BindingHistoryPoint(
                time=context.time(point.time),
                indexed=point.indexed,
                failed=point.failed,
                excluded=point.excluded,
                pending=point.pending,
            )
            for point in points
        )
    )
