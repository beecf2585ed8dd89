"""Requests and answers of the family account. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessage(Message):
    """The vendor's struct DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessage."""

    auth_action: str | None = None
    auth_conditions: (
        tuple[DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageAuthConditions, ...] | None
    ) = None
    auth_principal: DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageAuthPrincipal | None = None
    auth_resource: str | None = None
    explicit_deny: bool | None = None
    matched_policies: (
        tuple[DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageMatchedPolicies, ...] | None
    ) = None
    no_permission_policy_type: str | None = None


class DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageAuthConditions(Message):
    """The vendor's struct DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageAuthConditions."""

    condition_key: str | None = None
    condition_values: tuple[str, ...] | None = None


class DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageAuthPrincipal(Message):
    """The vendor's struct DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageAuthPrincipal."""

    auth_principal_display_name: str | None = None
    auth_principal_owner_id: str | None = None
    auth_principal_type: str | None = None


class DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageMatchedPolicies(Message):
    """The vendor's struct DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessageMatchedPolicies."""

    attached_entity_type: str | None = None
    attached_scope: str | None = None
    effect: str | None = None
    policy_identifier: str | None = None
    policy_type: str | None = None
    policy_version: str | None = None


class DecodeDiagnosticMessageRequest(Message):
    """Parameters of DecodeDiagnosticMessage."""

    encoded_diagnostic_message: str


class DecodeDiagnosticMessageResponse(Message):
    """Answer of DecodeDiagnosticMessage."""

    decoded_diagnostic_message: DecodeDiagnosticMessageResponseBodyDecodedDiagnosticMessage | None = None
