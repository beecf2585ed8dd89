"""Giving policies and keys to users, groups and roles, and taking everything away from them again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from bindery.cli.access.documents import (
    SHORT_NAMES,
    SYSTEM_NAMES,
    Limits,
    check_limits,
    make_document,
    policy_name,
)
from bindery.cli.access.ram import Answer, Ram, Undo
from bindery.cli.client import ApiError
from bindery.cli.output import say

MADE_FOR = "Made by bindery access for "
"""How the description of a policy begins that goes with the one it was made for."""
_ROTATE = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
Command = TypeVar("Command", bound=Callable[..., Any])


class Principal:
    """A user, group or role, as the operations of RAM name it."""

    def __init__(self, ram: Ram, kind: str, name: str) -> None:
        """``kind``: ``user``, ``group`` or ``role``."""
        self.ram, self.kind, self.name = ram, kind, name
        self._word = kind.capitalize()
        self.parameters = {f"{self._word}Name": name}

    def exists(self) -> bool:
        """Whether it is there."""
        return self.ram.find(f"Get{self._word}", **self.parameters) is not None

    def policies(self) -> list[Answer]:
        """Those that are attached to it."""
        return list(self.ram.items(f"ListPoliciesFor{self._word}", "Policies", "Policy", **self.parameters))

    def attach(self, policy: Answer, undo: Undo) -> bool:
        """Whether it was not attached before."""
        named = {name: policy[name] for name in ("PolicyType", "PolicyName")}
        if not self.ram.ensure(f"AttachPolicyTo{self._word}", **named, **self.parameters):
            return False
        action = f"DetachPolicyFrom{self._word}"
        undo.add(f"policy {policy['PolicyName']} of {self.name}", action, **named, **self.parameters)
        return True

    def detach(self, policy: Answer) -> None:
        """Raises ApiError."""
        named = {name: policy[name] for name in ("PolicyType", "PolicyName")}
        self.ram.call(f"DetachPolicyFrom{self._word}", **named, **self.parameters)

    def strip(self) -> None:
        """Detach every policy; those that were made for it and are nobody's any more are deleted."""
        for policy in self.policies():
            self.detach(policy)
            if _was_made_for(policy, self):
                named = {"PolicyName": policy["PolicyName"], "PolicyType": "Custom"}
                found = self.ram.find("GetPolicy", **named)
                if found is not None and not found["Policy"].get("AttachmentCount"):
                    self.ram.find("DeletePolicy", PolicyName=policy["PolicyName"], CascadingDelete=True)

    def grant(self, names: Sequence[str], limits: Limits, undo: Undo) -> list[Answer]:
        """Attach policies by their names or short names; the policies."""
        _say_what_is_not_there_yet(self.ram, limits)
        policies = [self._policy(name, limits, undo) for name in names]
        for policy in policies:
            self.attach(policy, undo)
        return policies

    def _policy(self, name: str, limits: Limits, undo: Undo) -> Answer:
        if name in SHORT_NAMES and limits:
            return self._own_policy(name, limits, undo)
        return find_policy(self.ram, SYSTEM_NAMES.get(name, name))

    def _own_policy(self, short_name: str, limits: Limits, undo: Undo) -> Answer:
        """A policy made for it; one that says something else gets a new version."""
        name, document = policy_name(self.kind, self.name, short_name), make_document(short_name, limits)
        policy = {"PolicyName": name, "PolicyType": "Custom"}
        found = self.ram.find("GetPolicy", **policy)
        if found is None:
            description = f"{MADE_FOR}{self.kind}/{self.name}"
            self.ram.call("CreatePolicy", PolicyName=name, PolicyDocument=document, Description=description)
            undo.add(f"policy {name}", "DeletePolicy", PolicyName=name)
            return policy
        if not _was_made_for(found["Policy"], self):
            raise click.ClickException(
                f"there is a policy {name} that was not made here; give it another name, or attach it as it is"
            )
        before = found["DefaultPolicyVersion"]
        if json.loads(before["PolicyDocument"]) != json.loads(document):
            made = self.ram.call(
                "CreatePolicyVersion",
                PolicyName=name, PolicyDocument=document, SetAsDefault=True, RotateStrategy=_ROTATE,
            )  # fmt: skip
            version = made["PolicyVersion"]["VersionId"]
            undo.add(
                f"version {version} of {name}", "DeletePolicyVersion", PolicyName=name, VersionId=version
            )
            undo.add(
                f"the default version of {name}",
                "SetDefaultPolicyVersion", PolicyName=name, VersionId=before["VersionId"],
            )  # fmt: skip
        return policy


def find_policy(ram: Ram, name: str) -> Answer:
    """PolicyName and PolicyType of a policy by its name or short name. Raises ClickException."""
    name = SYSTEM_NAMES.get(name, name)
    for kind in ("Custom", "System"):
        found = ram.find("GetPolicy", PolicyName=name, PolicyType=kind)
        if found is not None:
            return {"PolicyName": found["Policy"]["PolicyName"], "PolicyType": kind}
    raise ram.absent("policy", name, further=SHORT_NAMES)


def _say_what_is_not_there_yet(ram: Ram, limits: Limits) -> None:
    """Projects and datasets may be made later, but a slip would go unnoticed."""
    for path in (*limits.projects, *limits.datasets):
        project, slash, dataset = path.partition("/")
        kind = "dataset" if slash else "project"
        names = {"ProjectName": project, "DatasetName": dataset or None}
        try:
            ram.client.call(f"Get{kind.capitalize()}", **names)
        except ApiError as error:
            if error.code == "ResourceNotFound":
                say(f"there is no {kind} {path} yet", err=True)


def attach_policies(principal: Principal, names: tuple[str, ...]) -> None:
    """All or none; what is attached already stays."""
    with Undo(principal.ram) as undo:
        for name in names:
            policy = find_policy(principal.ram, name)
            fresh = principal.attach(policy, undo)
            say(f"{principal.name} {'now has' if fresh else 'has already'} {policy['PolicyName']}")


def detach_policies(principal: Principal, names: tuple[str, ...]) -> None:
    """Raises ClickException for one that is not attached."""
    for name in names:
        policy = find_policy(principal.ram, name)
        principal.detach(policy)
        say(f"{principal.name} no longer has {policy['PolicyName']}")


def make_key(ram: Ram, user: str, undo: Undo) -> Answer:
    """A new key of a user, with its secret."""
    made: Answer = ram.call("CreateAccessKey", UserName=user)["AccessKey"]
    undo.add("the new key", "DeleteAccessKey", UserName=user, UserAccessKeyId=made["AccessKeyId"])
    return made


def _was_made_for(policy: Answer, principal: Principal) -> bool:
    return bool(policy.get("Description") == f"{MADE_FOR}{principal.kind}/{principal.name}")


def limit_options(command: Command) -> Command:
    """``--project``, ``--dataset`` and ``--bucket``, which limit policies by short names."""
    for name, text in (
        ("--bucket", "Also bind, index and detect from this bucket."),
        ("--project", "Limit short names to this project with all its datasets."),
        ("--dataset", "Limit short names to this dataset: PROJECT/DATASET."),
    ):
        plural = f"{name.removeprefix('--')}s"
        command = click.option(name, plural, multiple=True, help=f"{text} May be given several times.")(
            command
        )
    return command


def read_limits(
    names: Sequence[str], projects: Sequence[str], datasets: Sequence[str], buckets: Sequence[str]
) -> Limits:
    """Raises UsageError when nothing is there that could be limited."""
    limits = check_limits(projects, datasets, buckets)
    if limits and not any(name in SHORT_NAMES for name in names):
        raise click.UsageError(
            f"--project, --dataset and --bucket limit a policy by a short name: --policy {'|'.join(SHORT_NAMES)}"
        )
    return limits
