"""Who may do what. The owner of the account may do everything; policies come on top of this."""

from __future__ import annotations

import msgspec

from bindery.access.keys import AccessKey


class Refusal(msgspec.Struct, frozen=True):
    """Why a call was not allowed."""

    explanation: str


def authorize(key: AccessKey, action: str, resource: str) -> Refusal | None:
    """None when ``key`` may perform ``action`` (``imm:GetBinding``) on ``resource`` (an ARN).

    Source: help page api-imm-2020-09-30-ram. Every key belongs to the account itself, which RAM lets pass.
    """
    if not key.active:
        return Refusal(f"The access key is disabled: {action} on {resource}.")
    return None
