"""One record of the audit log, as it stands in a line and in answers."""

from __future__ import annotations

import enum
from datetime import UTC, datetime

import msgspec

from bindery.secrecy import without_secrets

TIME_LENGTH = len("2026-01-31T23:59:59.123456Z")
LONGEST_LINE = 65_536
"""Bytes."""
_HEAD = b'{"Time":"'
_LONGEST_NAME = 512
_LONGEST_DOCUMENT = 8_192
_MOST_RESOURCES = 20
_MOST_PARAMETERS = 30
_encoder = msgspec.json.Encoder()


class Kind(enum.StrEnum):
    """Records of a kind have files of their own, so that none pushes out the history of another."""

    CHANGE = "Change"
    """Creates, changes or deletes something other than file entries; on disk before its answer goes out."""
    DENIAL = "Denial"
    """Refused for who has sent it or for what he may do; sums of such, too."""
    CALL = "Call"
    """Everything else."""


class DecidedBy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    """What has decided whether the call was allowed."""

    cause: str
    """As the policy room has it: ``AllowedByOwner``, ``ExplicitDeny``, ``ImplicitDeny``, …"""
    policy_type: str = ""
    """``System`` or ``Custom``; empty when no policy has decided."""
    policy_name: str = ""
    attached_to: str = ""
    """``user``, ``group:devs``, ``role``, ``session``."""
    statement: int | None = None
    """Its place in the document, from 1."""


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    """One call, or the sum of many refused ones. Holds no secret, no token and no signature.

    ``time`` comes first: readers find their place by it without decoding the line.
    """

    time: str = ""
    """UTC, microseconds, always of the same length; the log gives it."""
    kind: Kind
    code: str = ""
    """``OK``, or the code of the error."""
    action: str = ""
    """``ram:CreateUser``"""
    principal: str = ""
    """ARN of who has shown a right signature; empty for strangers."""
    access_key_id: str = ""
    """Of a key that the server knows."""
    address: str = ""
    user_agent: str = ""
    request_id: str = ""
    resources: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    decided_by: DecidedBy | None = None
    count: int = 1
    """Refusals that this record stands for."""
    first_time: str = ""
    """Of the first of them."""
    counts: dict[str, int] = {}
    """How many of each, as ``imm:GetBinding NoPermission``."""


def encode(record: AuditRecord) -> bytes:
    """The line of a record, at most ``LONGEST_LINE``: what is longer goes without its parameters and resources."""
    line = _encoder.encode(record)
    if len(line) >= LONGEST_LINE:
        line = _encoder.encode(msgspec.structs.replace(record, parameters={}, resources=()))
    return line + b"\n"


def decode(line: bytes) -> AuditRecord | None:
    """The record of a line; None when it is none, as one that a crash has cut short."""
    try:
        return msgspec.json.decode(line, type=AuditRecord)
    except msgspec.DecodeError:
        return None


def time_of(line: bytes) -> str:
    """When the record of a line was made, without decoding it; empty when it is no record."""
    if not line.startswith(_HEAD):
        return ""
    text = line[len(_HEAD) : len(_HEAD) + TIME_LENGTH]
    return text.decode("ascii", "replace") if len(text) == TIME_LENGTH and text.endswith(b"Z") else ""


def format_instant(instant_ns: int) -> str:
    """A time as records have it: texts are in order when the times are."""
    microseconds, _ = divmod(instant_ns, 1_000)
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:06d}Z"


def bounded(text: str, most: int = _LONGEST_NAME) -> str:
    """Text of a caller: valid, cut short, with secrets that stand in it hidden."""
    valid = text[: most + 1].encode(errors="backslashreplace").decode()
    return without_secrets(valid if len(valid) <= most else f"{valid[:most]}…")


def bounded_resources(names: tuple[str, ...]) -> tuple[str, ...]:
    """The first of many, each cut short."""
    return tuple(bounded(name, 2 * _LONGEST_NAME) for name in names[:_MOST_RESOURCES])


def bounded_parameters(values: dict[str, str]) -> dict[str, str]:
    """Values cut short; documents of policies whole, as they may be at most."""
    shown = list(values.items())[:_MOST_PARAMETERS]
    return {
        name: bounded(value, _LONGEST_DOCUMENT if name.endswith(("Document", "Policy")) else _LONGEST_NAME)
        for name, value in shown
    }
