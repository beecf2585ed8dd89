"""The system policies: ready-made, the same for everybody, never changed by callers.

Documents, versions and dates of those that begin with ``Aliyun`` are the vendor's, as its reference of system
policies shows them; for AdministratorAccess and AliyunRAMFullAccess it shows no dates.
"""

from __future__ import annotations

import datetime
import json
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from bindery.access.policy.compiled import CompiledPolicy, read_policy


class SystemPolicy(msgspec.Struct, frozen=True):
    """A system policy with what RAM tells about it."""

    name: str
    description: str
    version: str
    """The only version that is shown: ``v3``."""
    created: datetime.datetime
    updated: datetime.datetime
    text: str
    """The document as JSON."""
    policy: CompiledPolicy


@cache
def system_policies() -> dict[str, SystemPolicy]:
    """All of them by name, in the order of their names."""
    text = files(__package__).joinpath("system_policies.json").read_text(encoding="utf-8")
    return {each.name: each for each in map(_read, json.loads(text))}


def _read(entry: dict[str, Any]) -> SystemPolicy:
    text = json.dumps(entry["Document"], indent=2)
    return SystemPolicy(
        name=entry["PolicyName"],
        description=entry["Description"],
        version=entry["Version"],
        created=datetime.datetime.fromisoformat(entry["CreateDate"]),
        updated=datetime.datetime.fromisoformat(entry["UpdateDate"]),
        text=text,
        policy=read_policy(text),
    )
