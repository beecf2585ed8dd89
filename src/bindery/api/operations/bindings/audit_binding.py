"""AuditBinding, an extension: proves that the dataset equals the bucket, or says where they differ."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.bindings import AuditBindingRequest, AuditBindingResponse
from bindery.api.operations.bindings.ledger import binding_of
from bindery.api.stores import named_store


def audit_binding(context: Context, request: AuditBindingRequest) -> AuditBindingResponse:
    """Begin an audit. GetTask (TaskType BindingAudit) shows its progress, and its report as ``Result``.

    Store names another place to compare with, before the bucket is moved there; nothing can be repaired then.
    """
    binding, repair = binding_of(context, request), bool(request.repair)
    if request.store is not None and repair:
        raise invalid_argument("Repair works on the binding's own store; leave out Store.")
    address = None
    if request.store is not None:
        address = named_store(context, binding.bucket, request.store, request.permit)
    task = context.engine.audit(binding, repair=repair, address=address)
    return AuditBindingResponse(task_id=task.id)
