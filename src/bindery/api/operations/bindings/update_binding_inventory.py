"""UpdateBindingInventory, an extension: scans a bound bucket by an inventory."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import UpdateBindingInventoryRequest, UpdateBindingInventoryResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.bindings import binding_answer, bucket_of
from bindery.api.operations.bindings.inventories import inventory_of

WORK = Work.SLOW


def update_binding_inventory(
    context: Context, request: UpdateBindingInventoryRequest
) -> UpdateBindingInventoryResponse:
    """Compare the bucket by the named inventory as soon as possible, the same one again too; without one the binding
    goes on by listings alone. A stopped binding does it when it is resumed."""
    bucket = bucket_of(request.uri)
    binding = context.catalog.bindings.get(request.project_name, request.dataset_name, bucket)
    inventory = inventory_of(context, bucket, request.inventory)
    changed = context.engine.change_inventory(binding, inventory)
    return UpdateBindingInventoryResponse(binding=binding_answer(context, changed))
