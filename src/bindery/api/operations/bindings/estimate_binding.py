"""EstimateBinding, an extension: what binding a bucket would take, before anything is bound."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import EstimateBindingRequest, EstimateBindingResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.bindings import bucket_of
from bindery.api.operations.bindings.scopes import scope_of

WORK = Work.SLOW


def estimate_binding(context: Context, request: EstimateBindingRequest) -> EstimateBindingResponse:
    """Begins a task of type BindingEstimate; GetTask shows its sums as Result, while it runs and after."""
    context.catalog.projects.get(request.project_name)
    bucket, scope = bucket_of(request.uri), scope_of(request.scope)
    task = context.engine.estimate(request.project_name, bucket, scope)
    return EstimateBindingResponse(task_id=task.id)
