"""CreateBinding. Source: help page api-imm-2020-09-30-createbinding."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.bindings import CreateBindingRequest, CreateBindingResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.bindings import binding_answer, bucket_of
from bindery.api.operations.bindings.inventories import inventory_of
from bindery.api.operations.bindings.scopes import new_scope
from bindery.catalog.records import Binding
from bindery.clock import now_ns
from bindery.sync.scope import InvalidScope


def work_of(request: CreateBindingRequest) -> Work:
    """With a scope it is seen what that leaves of an earlier binding's entries, and in the bucket; of an inventory
    the manifest is read; else nothing is asked of the store before the scan."""
    return Work.CONTROL if request.scope is None and request.inventory is None else Work.SLOW


def create_binding(context: Context, request: CreateBindingRequest) -> CreateBindingResponse:
    """Tie a bucket to a dataset. Answers with State Ready; the scan begins behind it.

    A scope that would only remove what an earlier binding left is refused, as by UpdateBindingScope.
    """
    now = now_ns()
    bucket = bucket_of(request.uri)
    asked = Binding(
        dataset_id=0,
        project_name=request.project_name,
        dataset_name=request.dataset_name,
        bucket=bucket,
        scope=new_scope(context, request.scope),
        inventory=inventory_of(context, bucket, request.inventory),
        create_time=now,
        update_time=now,
    )
    try:
        binding = context.engine.create_binding(asked)
    except InvalidScope as error:
        raise invalid_argument(f"Scope: {error}.") from None
    return CreateBindingResponse(binding=binding_answer(context, binding))
