"""Bindings as answers, and the bucket that a request names."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages import bindings as messages
from bindery.api.operations.bindings.inventories import inventory_answer
from bindery.api.operations.bindings.scopes import scope_answer
from bindery.buckets.uri import parse_bucket_uri
from bindery.catalog.records import Binding
from bindery.clock import now_ns


def bucket_of(uri: str) -> str:
    """The bucket of ``oss://bucket``. Raises ApiError."""
    try:
        return parse_bucket_uri(uri)
    except ValueError as error:
        raise invalid_argument(f"URI: {error}") from None


def binding_answer(context: Context, binding: Binding) -> messages.Binding:
    """A binding, with its progress unless the server is strict. Reason is there when there is one, and once more as
    Detail, for SDKs that know only that."""
    binding = context.engine.live(binding)
    return messages.Binding(
        project_name=binding.project_name,
        dataset_name=binding.dataset_name,
        uri=binding.uri,
        state=binding.state.value,
        phase=binding.phase.value,
        reason=binding.reason or None,
        detail=None if context.settings.strict else binding.reason or None,
        create_time=context.time(binding.create_time),
        update_time=context.time(binding.update_time),
        inventory=None if context.settings.strict else inventory_answer(context, binding),
        progress=None if context.settings.strict else _progress(context, binding),
        scope=None if context.settings.strict else scope_answer(binding.scope),
    )


def _progress(context: Context, binding: Binding) -> messages.BindingProgress:
    progress = context.engine.progress(binding)
    listing, oldest = progress.last_complete_listing, progress.oldest_pending_change
    return messages.BindingProgress(
        listed=progress.listed,
        indexed=progress.indexed,
        unchanged=progress.unchanged,
        excluded=progress.excluded,
        failed=progress.failed,
        held_back=binding.removals_held,
        pending=progress.pending,
        deleted=progress.deleted,
        bytes_read=progress.bytes_read,
        last_complete_listing=None if listing is None else context.time(listing),
        oldest_pending_change_age=None if oldest is None else max(0.0, (now_ns() - oldest) / 1e9),
    )
