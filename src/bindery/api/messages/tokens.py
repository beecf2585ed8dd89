"""Requests and answers of the family tokens. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class AssumeRoleResponseBodyAssumedRoleUser(Message):
    """The vendor's struct AssumeRoleResponseBodyAssumedRoleUser."""

    arn: str | None = None
    assumed_role_id: str | None = None


class AssumeRoleResponseBodyCredentials(Message):
    """The vendor's struct AssumeRoleResponseBodyCredentials."""

    access_key_id: str | None = None
    access_key_secret: str | None = None
    expiration: str | None = None
    security_token: str | None = None


class AssumeRoleRequest(Message):
    """Parameters of AssumeRole."""

    role_arn: str
    role_session_name: str
    duration_seconds: int | None = None
    external_id: str | None = None
    policy: str | None = None
    source_identity: str | None = None


class AssumeRoleResponse(Message):
    """Answer of AssumeRole."""

    assumed_role_user: AssumeRoleResponseBodyAssumedRoleUser | None = None
    credentials: AssumeRoleResponseBodyCredentials | None = None
    source_identity: str | None = None


class GetCallerIdentityRequest(Message):
    """Parameters of GetCallerIdentity."""


class GetCallerIdentityResponse(Message):
    """Answer of GetCallerIdentity."""

    account_id: str | None = None
    arn: str | None = None
    identity_type: str | None = None
    principal_id: str | None = None
    role_id: str | None = None
    user_id: str | None = None
