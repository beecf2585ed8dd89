"""ConfirmDeletion, an extension: the objects that the deletion guard misses are really gone."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.ledger import binding_of
from bindery.api.messages import ConfirmDeletionRequest, ConfirmDeletionResponse


def confirm_deletion(context: Context, request: ConfirmDeletionRequest) -> ConfirmDeletionResponse:
    """Allow, once, as many removals as are held back now; refused when there are none."""
    context.engine.confirm_deletion(binding_of(context, request))
    return ConfirmDeletionResponse()
