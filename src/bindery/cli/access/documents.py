"""Policies by short names, limited to projects, datasets and buckets."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from bindery.access.policy.system import system_policies

SYSTEM_NAMES = {
    "read-only": "AliyunIMMReadOnlyAccess",
    "query": "BinderyIMMQueryAccess",
    "full": "AliyunIMMFullAccess",
}
"""What the short names stand for without limits."""
SHORT_NAMES = tuple(SYSTEM_NAMES)
_IMM = "acs:imm:*:*:"
_OSS = "acs:oss:*:*:"
_BUCKET_ACTIONS = ["oss:GetObject", "oss:ListObjects"]
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]")
_NAME = r"[A-Za-z_][A-Za-z0-9_-]{0,127}"
_DATASET = re.compile(rf"({_NAME})/({_NAME})")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy by a short name is limited to; nothing means everything."""

    projects: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    """Each as ``project/dataset``."""
    buckets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.projects or self.datasets or self.buckets)


def make_document(short_name: str, limits: Limits) -> str:
    """The policy as JSON text, indented. Without limits that of the system."""
    if not limits:
        return json.dumps(json.loads(system_policies()[SYSTEM_NAMES[short_name]].text), indent=2)
    statements: list[dict[str, Any]] = []
    resources = _resources(limits)
    if resources:
        statements.append({"Effect": "Allow", "Action": _actions(short_name), "Resource": resources})
    if limits.buckets:
        names = [f"{_OSS}{bucket}{rest}" for bucket in limits.buckets for rest in ("", "/*")]
        statements.append({"Effect": "Allow", "Action": _BUCKET_ACTIONS, "Resource": names})
    return json.dumps({"Version": "1", "Statement": statements}, indent=2)


def policy_name(kind: str, principal: str, short_name: str) -> str:
    """The name of the policy that is made for a user, group or role: ``user-reader-read-only``.

    RAM takes fewer characters in names of policies than of users: a name that has others gets a digest of its own.
    """
    plain = _NOT_IN_NAMES.sub("-", principal)
    digest = (
        "" if plain == principal else f"-{hashlib.blake2b(principal.encode(), digest_size=3).hexdigest()}"
    )
    return f"{kind}-{plain}{digest}-{short_name}"


def read_document(file: Path) -> str:
    """The text of a policy; ``-`` means standard input. Raises ClickException."""
    try:
        with click.open_file(str(file), encoding="utf-8") as opened:
            text: str = opened.read()
            return text
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} is not UTF-8 ({error.reason})") from error


def check_limits(projects: Sequence[str], datasets: Sequence[str], buckets: Sequence[str]) -> Limits:
    """Raises UsageError for what is no name."""
    for project in projects:
        if not re.fullmatch(_NAME, project):
            raise click.UsageError(f"--project {project!r} is no name of a project")
    for dataset in datasets:
        if not _DATASET.fullmatch(dataset):
            raise click.UsageError(f"--dataset {dataset!r}: write PROJECT/DATASET, such as default/holiday")
    named = tuple(bucket.removeprefix("oss://").strip("/") for bucket in buckets)
    for bucket in named:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket):
            raise click.UsageError(f"--bucket {bucket!r} is no name of a bucket")
    return Limits(projects=tuple(projects), datasets=tuple(datasets), buckets=named)


def _actions(short_name: str) -> Any:
    """Those of the system policy, which are about media; a limited policy passes no roles and lists no buckets."""
    document = json.loads(system_policies()[SYSTEM_NAMES[short_name]].text)
    return document["Statement"][0]["Action"]


def _resources(limits: Limits) -> list[str]:
    names = [f"{_IMM}project/{project}{rest}" for project in limits.projects for rest in ("", "/*")]
    for dataset in limits.datasets:
        project, _, name = dataset.partition("/")
        names.append(f"{_IMM}project/{project}/dataset/{name}")
    return names
