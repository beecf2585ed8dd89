"""Requests and answers of the family access. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from typing import Any

from bindery.message import Message


class AuditDecision(Message):
    """The vendor's struct AuditDecision."""

    attached_to: str | None = None
    cause: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None
    statement: int | None = None


class AuditRecord(Message):
    """The vendor's struct AuditRecord."""

    access_key_id: str | None = None
    action: str | None = None
    address: str | None = None
    code: str | None = None
    count: int | None = None
    counts: dict[str, int] | None = None
    decided_by: AuditDecision | None = None
    first_time: str | None = None
    kind: str | None = None
    parameters: dict[str, str] | None = None
    principal: str | None = None
    request_id: str | None = None
    resources: tuple[str, ...] | None = None
    time: str | None = None
    user_agent: str | None = None


class ExplainedPolicy(Message):
    """The vendor's struct ExplainedPolicy."""

    policy_name: str | None = None
    policy_type: str | None = None
    source: str | None = None
    statements: tuple[ExplainedStatement, ...] | None = None
    version_id: str | None = None


class ExplainedReason(Message):
    """The vendor's struct ExplainedReason."""

    element: str | None = None
    met: bool | None = None
    text: str | None = None


class ExplainedStatement(Message):
    """The vendor's struct ExplainedStatement."""

    applies: bool | None = None
    decided: bool | None = None
    effect: str | None = None
    line: int | None = None
    number: int | None = None
    reasons: tuple[ExplainedReason, ...] | None = None


class Permission(Message):
    """The vendor's struct Permission."""

    action: str | None = None
    allows: tuple[PermissionRule, ...] | None = None
    denies: tuple[PermissionRule, ...] | None = None
    extent: str | None = None
    session_allows: tuple[PermissionRule, ...] | None = None


class PermissionRule(Message):
    """The vendor's struct PermissionRule."""

    all_but: bool | None = None
    conditions: tuple[str, ...] | None = None
    policy_name: str | None = None
    policy_type: str | None = None
    resources: tuple[str, ...] | None = None
    source: str | None = None
    statement: int | None = None


class PolicyFinding(Message):
    """The vendor's struct PolicyFinding."""

    column: int | None = None
    line: int | None = None
    message: str | None = None
    pointer: str | None = None
    severity: str | None = None


class ExplainAccessRequest(Message):
    """Parameters of ExplainAccess."""

    auth_action: str
    auth_resource: str
    auth_conditions: dict[str, Any] | None = None
    policy: str | None = None
    policy_document: str | None = None
    policy_name: str | None = None
    role_name: str | None = None
    user_name: str | None = None


class ExplainAccessResponse(Message):
    """Answer of ExplainAccess."""

    allowed: bool | None = None
    allowed_before: bool | None = None
    auth_conditions: dict[str, tuple[str, ...]] | None = None
    auth_resource: str | None = None
    cause: str | None = None
    note: str | None = None
    policies: tuple[ExplainedPolicy, ...] | None = None
    summary: str | None = None
    summary_before: str | None = None


class ListAuditRecordsRequest(Message):
    """Parameters of ListAuditRecords."""

    auth_action: str | None = None
    auth_principal: str | None = None
    auth_resource: str | None = None
    code: str | None = None
    denied: bool | None = None
    end_time: str | None = None
    max_results: int | None = None
    next_token: str | None = None
    start_time: str | None = None


class ListAuditRecordsResponse(Message):
    """Answer of ListAuditRecords."""

    audit_records: tuple[AuditRecord, ...] | None = None
    next_token: str | None = None


class ListPermissionsRequest(Message):
    """Parameters of ListPermissions."""

    auth_conditions: dict[str, Any] | None = None
    max_results: int | None = None
    next_token: str | None = None
    policy: str | None = None
    policy_document: str | None = None
    policy_name: str | None = None
    role_name: str | None = None
    user_name: str | None = None


class ListPermissionsResponse(Message):
    """Answer of ListPermissions."""

    next_token: str | None = None
    permissions: tuple[Permission, ...] | None = None


class ResealAccessKeysRequest(Message):
    """Parameters of ResealAccessKeys."""

    at_once: bool | None = None


class ResealAccessKeysResponse(Message):
    """Answer of ResealAccessKeys."""

    lost: tuple[str, ...] | None = None
    old_sealing_keys: int | None = None
    resealed: int | None = None


class ValidatePolicyRequest(Message):
    """Parameters of ValidatePolicy."""

    policy_document: str
    policy_form: str | None = None


class ValidatePolicyResponse(Message):
    """Answer of ValidatePolicy."""

    findings: tuple[PolicyFinding, ...] | None = None
    valid: bool | None = None
