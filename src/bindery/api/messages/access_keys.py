"""Requests and answers of the family access_keys. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class CreateAccessKeyResponseBodyAccessKey(Message):
    """The vendor's struct CreateAccessKeyResponseBodyAccessKey."""

    access_key_id: str | None = None
    access_key_secret: str | None = None
    create_date: str | None = None
    status: str | None = None


class GetAccessKeyLastUsedResponseBodyAccessKeyLastUsed(Message):
    """The vendor's struct GetAccessKeyLastUsedResponseBodyAccessKeyLastUsed."""

    last_used_date: str | None = None


class ListAccessKeysResponseBodyAccessKeys(Message):
    """The vendor's struct ListAccessKeysResponseBodyAccessKeys."""

    access_key: tuple[ListAccessKeysResponseBodyAccessKeysAccessKey, ...] | None = None


class ListAccessKeysResponseBodyAccessKeysAccessKey(Message):
    """The vendor's struct ListAccessKeysResponseBodyAccessKeysAccessKey."""

    access_key_id: str | None = None
    create_date: str | None = None
    status: str | None = None
    label: str | None = None


class CreateAccessKeyRequest(Message):
    """Parameters of CreateAccessKey."""

    user_name: str | None = None
    label: str | None = None


class CreateAccessKeyResponse(Message):
    """Answer of CreateAccessKey."""

    access_key: CreateAccessKeyResponseBodyAccessKey | None = None


class DeleteAccessKeyRequest(Message):
    """Parameters of DeleteAccessKey."""

    user_access_key_id: str
    user_name: str | None = None


class DeleteAccessKeyResponse(Message):
    """Answer of DeleteAccessKey."""


class GetAccessKeyLastUsedRequest(Message):
    """Parameters of GetAccessKeyLastUsed."""

    user_access_key_id: str
    user_name: str | None = None


class GetAccessKeyLastUsedResponse(Message):
    """Answer of GetAccessKeyLastUsed."""

    access_key_last_used: GetAccessKeyLastUsedResponseBodyAccessKeyLastUsed | None = None


class ListAccessKeysRequest(Message):
    """Parameters of ListAccessKeys."""

    user_name: str | None = None


class ListAccessKeysResponse(Message):
    """Answer of ListAccessKeys."""

    access_keys: ListAccessKeysResponseBodyAccessKeys | None = None


class UpdateAccessKeyRequest(Message):
    """Parameters of UpdateAccessKey."""

    status: str
    user_access_key_id: str
    user_name: str | None = None


class UpdateAccessKeyResponse(Message):
    """Answer of UpdateAccessKey."""
