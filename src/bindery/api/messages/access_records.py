"""Requests and answers of the family access_records. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

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


class ResealAccessKeysRequest(Message):
    """Parameters of ResealAccessKeys."""

    at_once: bool | None = None


class ResealAccessKeysResponse(Message):
    """Answer of ResealAccessKeys."""

    lost: tuple[str, ...] | None = None
    old_sealing_keys: int | None = None
    resealed: int | None = None
