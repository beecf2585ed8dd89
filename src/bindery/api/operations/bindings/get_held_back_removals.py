"""GetHeldBackRemovals, an extension: a sample of what ConfirmDeletion would remove."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import (
    GetHeldBackRemovalsRequest,
    GetHeldBackRemovalsResponse,
    HeldBackFolder,
)
from bindery.api.operations.bindings.ledger import binding_of


def get_held_back_removals(
    context: Context, request: GetHeldBackRemovalsRequest
) -> GetHeldBackRemovalsResponse:
    """How many removals are held back, some of their keys, and the folders with most of them.

    The sample is that of the last listing of this server: it is empty, though Count is not, between a start and the end
    of the next listing.
    """
    binding = binding_of(context, request)
    held = context.engine.held_back(binding) if binding.removals_held else None
    return GetHeldBackRemovalsResponse(
        count=binding.removals_held,
        keys=() if held is None else held.keys,
        folders=()
        if held is None
        else tuple(
            HeldBackFolder(prefix=f"{folder}/" if folder else "", count=n) for folder, n in held.folders
        ),
    )
