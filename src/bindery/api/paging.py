"""NextToken of the lists, in the forms the vendor's samples show. Clients must not read them."""

from __future__ import annotations

import base64
import binascii

from bindery.api.errors import invalid_parameter
from bindery.catalog.records import Binding

MAX_PAGE = 100
"""Items of a page when MaxResults is absent or 0."""


def write_project_token(account_id: str, project: str) -> str:
    """Base64 of ``account:project``."""
    return base64.b64encode(f"{account_id}:{project}".encode()).decode()


def read_project_token(token: str | None) -> str:
    """The last project's name. Raises ApiError."""
    return _split(_decode(token), 2)[-1] if token else ""


def write_dataset_token(account_id: str, project: str, dataset: str) -> str:
    """``account:project:dataset``."""
    return f"{account_id}:{project}:{dataset}"


def read_dataset_token(token: str | None, project: str) -> str:
    """The last dataset's name. Raises ApiError."""
    if not token:
        return ""
    parts = _split(token, 3)
    _must_be(parts[1] == project)
    return parts[2]


def write_binding_token(binding: Binding) -> str:
    """``project:dataset:bucket``."""
    return f"{binding.project_name}:{binding.dataset_name}:{binding.bucket}"


def read_binding_token(token: str | None, project: str) -> tuple[str, str]:
    """The last dataset and bucket. Raises ApiError."""
    if not token:
        return "", ""
    parts = _split(token, 3)
    _must_be(parts[0] == project)
    return parts[1], parts[2]


def write_task_token(project: str, task_id: str) -> str:
    """Base64 of ``project:task``."""
    return base64.b64encode(f"{project}:{task_id}".encode()).decode()


def read_task_token(token: str, project: str) -> str:
    """The last task's id. Raises ApiError."""
    parts = _split(_decode(token), 2)
    _must_be(parts[0] == project)
    return parts[1]


def _decode(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid_parameter("NextToken") from None


def _split(text: str, count: int) -> list[str]:
    parts = text.split(":", count - 1)
    _must_be(len(parts) == count and all(parts))
    return parts


def _must_be(condition: bool) -> None:
    if not condition:
        raise invalid_parameter("NextToken")
