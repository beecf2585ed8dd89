"""StopBinding. Source: official SDK 2.1.15; withdrawn by the vendor since."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import StopBindingRequest, StopBindingResponse
from bindery.api.operations.bindings.bindings import bucket_of


def stop_binding(context: Context, request: StopBindingRequest) -> StopBindingResponse:
    """Pause a binding at the next safe point; it stays paused across restarts."""
    bucket = bucket_of(request.uri)
    binding = context.catalog.bindings.get(request.project_name, request.dataset_name, bucket)
    context.engine.stop_binding(binding, request.reason or "")
    return StopBindingResponse()
