"""The inventory of a binding, as requests and answers write it."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.bindings import BindingInventory
from bindery.buckets.store import StoreError
from bindery.catalog.records import Binding, Inventory


def inventory_of(context: Context, bucket: str, uri: str | None) -> Inventory | None:
    """The inventory that a request names; its manifest is read. Raises ApiError."""
    if uri is None:
        return None
    try:
        return context.engine.check_inventory(bucket, uri)
    except (StoreError, ValueError) as error:
        raise invalid_argument(f"Inventory: {error}.") from None


def inventory_answer(context: Context, binding: Binding) -> BindingInventory | None:
    """State is Waiting, Reading (its files are brought and sorted), Scanning or Done."""
    held = binding.inventory
    if held is None:
        return None
    progress = context.engine.inventory_progress(binding)
    if progress is None:
        return BindingInventory(
            uri=held.uri,
            scanned=held.scanned or None,
            state="Done" if held.scanned else "Waiting",
            creation_time=context.time(held.created) if held.created else None,
            objects=held.objects if held.scanned else None,
        )
    return BindingInventory(
        uri=progress.uri,
        scanned=held.scanned or None,
        state="Reading" if progress.objects is None else "Scanning",
        creation_time=context.time(progress.created),
        objects=progress.objects,
        files=progress.files,
        files_read=progress.files_read,
    )
