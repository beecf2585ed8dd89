"""What a refusal tells the caller: his own request, and the type of the policy that decided; never a policy."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from bindery.access.authorizer import Refusal
from bindery.access.identities import Identities, Identity, IdentityKind
from bindery.access.sealing import CannotOpen
from bindery.api.errors import ApiError, access_denied
from bindery.api.spec.model import Refusal as Words

_DIAGNOSIS = "diagnostic message"
"""What sealed diagnoses are sealed for."""
_PRINCIPAL_TYPES = {IdentityKind.USER: "SubUser", IdentityKind.SESSION: "AssumedRoleUser"}


def denial(
    words: Words | None,
    refusal: Refusal,
    identity: Identity,
    identities: Identities,
    conditions: list[dict[str, object]],
) -> ApiError:
    """The error, in the words of a product; ``conditions`` are the keys of the request, for the diagnosis."""
    return access_denied(words, refusal, denied_detail(identity, identities, refusal, conditions))


def denied_detail(
    identity: Identity, identities: Identities, refusal: Refusal, conditions: list[dict[str, object]]
) -> dict[str, str]:
    """AccessDeniedDetail of a refusal. Source: help pages on troubleshooting of missing permissions."""
    shown = identity.principal_id if identity.kind is IdentityKind.USER else identity.name
    return {
        "AuthAction": refusal.action,
        "AuthPrincipalType": _PRINCIPAL_TYPES.get(identity.kind, identity.kind.value),
        "AuthPrincipalOwnerId": identity.account_id,
        "AuthPrincipalDisplayName": shown,
        "PolicyType": refusal.policy_type,
        "NoPermissionType": refusal.decision.cause.no_permission_type,
        "EncodedDiagnosticMessage": _sealed_diagnosis(identity, identities, refusal, conditions),
    }


def _sealed_diagnosis(
    identity: Identity, identities: Identities, refusal: Refusal, conditions: list[dict[str, object]]
) -> str:
    """What DecodeDiagnosticMessage tells whoever may ask for it; nobody else can read or make one."""
    decision = refusal.decision
    matched: list[dict[str, Any]] = []
    if decision.attached is not None:
        entity = decision.attached.source.partition(":")
        matched.append(
            {
                "Effect": "Deny",
                "PolicyIdentifier": decision.attached.name,
                "PolicyType": decision.attached.kind,
                "PolicyVersion": decision.attached.version,
                "AttachedScope": "Account",
                "AttachedEntityType": entity[0],
            }
        )
    diagnosis = {
        "ExplicitDeny": refusal.decision.cause.no_permission_type == "ExplicitDeny",
        "NoPermissionPolicyType": refusal.policy_type,
        "AuthAction": refusal.action,
        "AuthResource": refusal.resource[:2_048],
        "AuthPrincipal": {
            "AuthPrincipalType": _PRINCIPAL_TYPES.get(identity.kind, identity.kind.value),
            "AuthPrincipalOwnerId": identity.account_id,
            "AuthPrincipalDisplayName": identity.name,
        },
        "AuthConditions": conditions,
        "MatchedPolicies": matched,
    }
    sealed = identities.sealer.seal_token(msgspec.json.encode(diagnosis), _DIAGNOSIS)
    return base64.b64encode(sealed).decode()


def open_diagnosis(identities: Identities, encoded: str) -> bytes | None:
    """The JSON of a sealed diagnosis; None for what was not made here."""
    try:
        return identities.sealer.open_token(base64.b64decode(encoded, validate=True), _DIAGNOSIS)
    except (ValueError, CannotOpen):
        return None
