"""ResumeBinding. Source: official SDK 2.1.15; withdrawn by the vendor since."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import ResumeBindingRequest, ResumeBindingResponse
from bindery.api.operations.bindings.bindings import bucket_of


def resume_binding(context: Context, request: ResumeBindingRequest) -> ResumeBindingResponse:
    """Let a paused binding go on where it stopped."""
    bucket = bucket_of(request.uri)
    binding = context.catalog.bindings.get(request.project_name, request.dataset_name, bucket)
    context.engine.resume_binding(binding)
    return ResumeBindingResponse()
