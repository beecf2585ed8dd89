"""DeleteBinding. Source: help page api-imm-2020-09-30-deletebinding."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import DeleteBindingRequest, DeleteBindingResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.bindings import bucket_of

WORK = Work.SLOW


def delete_binding(context: Context, request: DeleteBindingRequest) -> DeleteBindingResponse:
    """End a binding. Files it has indexed stay in the dataset until they are deleted by the caller; with Cleanup, of
    SDKs to 2.1.15, those leave it that no call of explicit indexing has asked for."""
    bucket = bucket_of(request.uri)
    binding = context.catalog.bindings.get(request.project_name, request.dataset_name, bucket)
    context.engine.delete_binding(binding, cleanup=bool(request.cleanup))
    return DeleteBindingResponse()
