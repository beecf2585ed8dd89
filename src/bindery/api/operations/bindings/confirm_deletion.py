"""ConfirmDeletion, an extension: the objects that the deletion guard misses are really gone."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import ConfirmDeletionRequest, ConfirmDeletionResponse
from bindery.api.operations.bindings.ledger import binding_of


def confirm_deletion(context: Context, request: ConfirmDeletionRequest) -> ConfirmDeletionResponse:
    """Allow, once, as many removals as are held back now; refused when there are none."""
    context.engine.confirm_deletion(binding_of(context, request))
    return ConfirmDeletionResponse()
