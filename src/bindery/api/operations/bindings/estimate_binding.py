"""EstimateBinding, an extension: what binding a bucket would take, before anything is bound."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import EstimateBindingRequest, EstimateBindingResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.bindings import bucket_of
from bindery.api.operations.bindings.scopes import new_scope
from bindery.api.stores import named_store

WORK = Work.SLOW


def estimate_binding(context: Context, request: EstimateBindingRequest) -> EstimateBindingResponse:
    """Begins a task of type BindingEstimate; GetTask shows its sums as Result, while it runs and after.

    Store names the place of a bucket that the server does not know; it is looked at, and not registered.
    """
    context.catalog.projects.get(request.project_name)
    bucket, scope = bucket_of(request.uri), new_scope(context, request.scope)
    address = None
    if request.store is not None:
        address = named_store(context, bucket, request.store, request.permit)
    task = context.engine.estimate(request.project_name, bucket, scope, address)
    return EstimateBindingResponse(task_id=task.id)
