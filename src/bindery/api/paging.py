"""NextToken of the lists, in the forms the vendor's samples show. Clients must not read them.

A token names the last item shown, so a list goes on where it was although items have come and gone. One
that does not fit the request is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from bindery.access.sealing import CannotOpen, Sealer
from bindery.api.errors import invalid_parameter
from bindery.api.messages.tasks import ListTasksRequest
from bindery.catalog.query.values import INT64_MAX
from bindery.catalog.records import Binding, TaskPosition, UsageRow

MAX_PAGE = 100
"""Items of a page when MaxResults is absent or 0."""
_HIDDEN = "~"
"""Begins what no name begins with."""


def write_project_token(account_id: str, project: str) -> str:
    """Base64 of ``account:project``."""
    return encode_token(f"{account_id}:{project}")


def read_project_token(token: str | None, account_id: str) -> str:
    """The last project's name. Raises ApiError."""
    if not token:
        return ""
    account, project = _split(decode_token(token), 2)
    _must_be(account == account_id)
    return project


def write_dataset_token(account_id: str, project: str, dataset: str) -> str:
    """``account:project:dataset``."""
    return f"{account_id}:{project}:{dataset}"


def read_dataset_token(token: str | None, account_id: str, project: str) -> str:
    """The last dataset's name. Raises ApiError."""
    if not token:
        return ""
    *parents, dataset = _split(token, 3)
    _must_be(parents == [account_id, project])
    return dataset


def write_hidden_token(sealer: Sealer, place: str, *parents: str) -> str:
    """``parents:~sealed``, for a list that goes on behind a name which its reader may not see."""
    sealed = base64.urlsafe_b64encode(sealer.seal_token(place.encode(), _context(parents))).decode()
    return ":".join((*parents, f"{_HIDDEN}{sealed}"))


def read_hidden(sealer: Sealer, place: str, *parents: str) -> str:
    """The place of a token, which may be hidden. Raises ApiError."""
    if not place.startswith(_HIDDEN):
        return place
    try:
        sealed = base64.urlsafe_b64decode(place.removeprefix(_HIDDEN))
        return sealer.open_token(sealed, _context(parents)).decode()
    except (binascii.Error, ValueError, CannotOpen):
        raise invalid_parameter("NextToken") from None


def write_binding_token(binding: Binding) -> str:
    """``project:dataset:bucket``."""
    return f"{binding.project_name}:{binding.dataset_name}:{binding.bucket}"


def read_binding_token(token: str | None, project: str) -> tuple[str, str]:
    """The last dataset and bucket. Raises ApiError."""
    if not token:
        return "", ""
    parent, dataset, bucket = _split(token, 3)
    _must_be(parent == project)
    return dataset, bucket


def write_ledger_token(binding: Binding, key: str) -> str:
    """Base64 of ``project:dataset:bucket:key``."""
    return encode_token(f"{write_binding_token(binding)}:{key}")


def read_ledger_token(token: str | None, binding: Binding) -> str:
    """The last key. Raises ApiError."""
    if not token:
        return ""
    *parents, key = _split(decode_token(token), 4)
    _must_be(parents == [binding.project_name, binding.dataset_name, binding.bucket])
    return key


def write_task_token(request: ListTasksRequest, position: TaskPosition) -> str:
    """Base64 of ``project:order:instant:task``."""
    return encode_token(f"{request.project_name}:{_order(request)}:{position[0]}:{position[1]}")


def read_task_token(token: str | None, request: ListTasksRequest) -> TaskPosition | None:
    """Where the last task stood in the same order. Raises ApiError."""
    if not token:
        return None
    project, order, instant, task_id = _split(decode_token(token), 4)
    _must_be(project == request.project_name and order == _order(request))
    _must_be(instant.isascii() and instant.isdigit() and len(instant) < 20 and int(instant) <= INT64_MAX)
    return int(instant), task_id


def write_usage_token(row: UsageRow) -> str:
    """Base64 of ``day:dimension:project``."""
    return encode_token(f"{row.day}:{row.dimension}:{row.project}")


def read_usage_token(token: str | None) -> tuple[int, str, str] | None:
    """Day, project and dimension of the last row. Raises ApiError."""
    if not token:
        return None
    parts = decode_token(token).split(":")
    _must_be(len(parts) == 3)
    day, dimension, project = parts
    _must_be(day.isascii() and day.isdigit() and len(day) < 8)
    return int(day), project, dimension


def _context(parents: Sequence[str]) -> str:
    return ":".join(("a place in the list of", *parents))


def _order(request: ListTasksRequest) -> str:
    return f"{request.sort or 'TaskId'}-{request.order or 'asc'}"


def encode_token(text: str) -> str:
    """A place in a list as clients see it: Base64."""
    return base64.b64encode(text.encode()).decode()


def decode_token(token: str) -> str:
    """What ``encode_token`` took. Raises ApiError."""
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
