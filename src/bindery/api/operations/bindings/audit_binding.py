"""AuditBinding, an extension: proves that the dataset equals the bucket, or says where they differ."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.messages.bindings import AuditBindingRequest, AuditBindingResponse
from bindery.api.operations.bindings.ledger import binding_of


def audit_binding(context: Context, request: AuditBindingRequest) -> AuditBindingResponse:
    """Begin an audit. GetTask (TaskType BindingAudit) shows its progress, and its report as ``Result``."""
    task = context.engine.audit(binding_of(context, request), repair=bool(request.repair))
    return AuditBindingResponse(task_id=task.id)
