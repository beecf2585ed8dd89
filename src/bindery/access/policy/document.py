"""A policy as it was written, checked: its statements, and what each of them says."""

from __future__ import annotations

import enum

import msgspec

from bindery.printable import printable

_LONGEST_POINTER = 200
"""Characters of a pointer that a message shows."""


class Effect(enum.StrEnum):
    """What a statement does when it applies."""

    ALLOW = "Allow"
    DENY = "Deny"


class PolicyForm(enum.StrEnum):
    """What a document is for. It decides which members it has and how long it may be."""

    IDENTITY = "policy"
    """Attached to users, groups and roles."""
    SESSION = "session policy"
    """Given to AssumeRole: narrows what the role may do."""
    TRUST = "trust policy"
    """Of a role: who may assume it. It names a Principal, and no Resource."""


MAX_CHARACTERS = {PolicyForm.IDENTITY: 6_144, PolicyForm.SESSION: 2_048, PolicyForm.TRUST: 2_048}
"""Characters of a document, blanks included. Source: help pages createpolicy, assumerole, createrole."""


class Clause(msgspec.Struct, frozen=True):
    """One condition: an operator, a key of the request, and the values it is compared with."""

    operator: str
    """As written: ``ForAnyValue:StringLikeIfExists``."""
    key: str
    """In its canonical spelling: ``acs:SourceIp``."""
    values: tuple[str, ...]


class Principals(msgspec.Struct, frozen=True):
    """Whom a statement of a trust policy speaks of."""

    ram: tuple[str, ...] = ()
    """ARNs: ``acs:ram::{account}:root``, ``…:user/{name}``, ``…:role/{name}``."""
    services: tuple[str, ...] = ()
    """``imm.aliyuncs.com``"""
    federated: tuple[str, ...] = ()
    """ARNs of identity providers."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement. ``actions_but`` and ``resources_but`` say that the lists are NotAction and NotResource."""

    effect: Effect
    actions: tuple[str, ...]
    actions_but: bool = False
    resources: tuple[str, ...] = ()
    resources_but: bool = False
    principals: Principals | None = None
    conditions: tuple[Clause, ...] = ()
    line: int = 1
    """Where it begins in the text of the document, from 1."""

    @property
    def in_any_region(self) -> bool:
        """Whether its resources cover one of unknown region that they cover in some region: where that refuses."""
        return (self.effect is Effect.DENY) is not self.resources_but


class Document(msgspec.Struct, frozen=True):
    """A policy of Version 1."""

    form: PolicyForm
    statements: tuple[Statement, ...]


class MalformedPolicy(ValueError):
    """A text that is no policy: what was expected, and at which place."""

    def __init__(self, expected: str, *, line: int, column: int, pointer: str) -> None:
        self.expected = expected
        """A sentence without its full stop: ``expected "Allow" or "Deny", not "allow"``."""
        self.line = line
        """From 1."""
        self.column = column
        """In characters, from 1."""
        self.pointer = pointer
        """The member, as a JSON pointer (RFC 6901): ``/Statement/0/Effect``; empty for the document itself."""
        where = printable(pointer if len(pointer) <= _LONGEST_POINTER else pointer[:_LONGEST_POINTER] + "…")
        place = f"line {line}, column {column}" + (f" ({where})" if pointer else "")
        super().__init__(f"{place}: {expected}")


class PolicyTooLong(MalformedPolicy):
    """A text with more characters than such a document may have."""
