"""GetBinding. Source: help page api-imm-2020-09-30-getbinding."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import GetBindingRequest, GetBindingResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.bindings import binding_answer, bucket_of

WORK = Work.INLINE


def get_binding(context: Context, request: GetBindingRequest) -> GetBindingResponse:
    """State, phase, reason and progress of one binding, at this moment."""
    bucket = bucket_of(request.uri)
    binding = context.catalog.bindings.get(request.project_name, request.dataset_name, bucket)
    return GetBindingResponse(binding=binding_answer(context, binding))
