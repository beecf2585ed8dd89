"""Who may do what. The owner of the account may do everything; policies come on top of this."""

from __future__ import annotations

import msgspec

from bindery.access.identities import Identity


class Refusal(msgspec.Struct, frozen=True):
    """Why a call was not allowed."""

    explanation: str


def authorize(identity: Identity, action: str, resource: str) -> Refusal | None:
    """None when ``identity`` may perform ``action`` (``imm:GetBinding``) on ``resource`` (an ARN).

    Source: help page api-imm-2020-09-30-ram. The account itself passes; whoever is not the account is denied until
    policies are asked.
    """
    if not identity.active:
        return Refusal(f"The access key is disabled: {action} on {resource}.")
    if identity.is_account:
        return None
    return Refusal(f"{identity.arn} may not perform {action} on {resource}.")
