"""From the text of a policy to a Document, or to the place where it is wrong and what was expected there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from bindery.access.policy.condition_keys import canonical_key, is_key
from bindery.access.policy.conditions import COMPARISONS, Quantifier, parse_operator
from bindery.access.policy.document import (
    MAX_CHARACTERS,
    Clause,
    Document,
    Effect,
    MalformedPolicy,
    PolicyForm,
    PolicyTooLong,
    Principals,
    Statement,
)
from bindery.access.policy.json_text import (
    Array,
    Object,
    Other,
    Text,
    Value,
    place_of,
    pointer_of,
    read_json,
    shown,
)
from bindery.access.policy.pattern import (
    ARN_PREFIX,
    RESOURCE_PARTS,
    compile_pattern,
    is_everything,
    split_resource,
)

_Read = TypeVar("_Read")
_VERSION = "1"
_ACTION = re.compile(r"[A-Za-z0-9_*?-]+:[A-Za-z0-9_*?./-]+")
_ACTION_NAMES = ("Action", "NotAction")
_RESOURCE_NAMES = ("Resource", "NotResource")
_SERVICE = re.compile(r"[a-z0-9.-]+\.[a-z]+")
_ACCOUNT_ARN = re.compile(r"acs:ram::[0-9]+:(?:root|(?:user|role)/[^/*?\s]+)")
_PROVIDER_ARN = re.compile(r"acs:ram::[0-9]+:(?:saml|oidc)-provider/[^/*?\s]+")
_PRINCIPAL_KINDS = {
    "RAM": (
        _ACCOUNT_ARN,
        'an ARN such as "acs:ram::1234567890123456:root", "…:user/alice" or "…:role/scanner"',
    ),
    "Service": (_SERVICE, 'the name of a service such as "imm.aliyuncs.com"'),
    "Federated": (_PROVIDER_ARN, 'an ARN such as "acs:ram::1234567890123456:saml-provider/company"'),
}


def parse_policy(text: str, form: PolicyForm = PolicyForm.IDENTITY) -> Document:
    """The document of a text. Raises MalformedPolicy with the place of the first error."""
    if len(text) > (most := MAX_CHARACTERS[form]):
        line, column = place_of(text, most)
        raise PolicyTooLong(
            f"a {form} may have up to {most:,} characters, not {len(text):,}",
            line=line,
            column=column,
            pointer="",
        )
    return _Parser(text, form).document(read_json(text))


class _Parser:
    def __init__(self, text: str, form: PolicyForm) -> None:
        self._text = text
        self._form = form
        self._path: list[str] = []

    def document(self, value: Value) -> Document:
        members = self._object(value, "a policy: an object with Version and Statement")
        self._check_names(members, required=("Version", "Statement"))
        self._member(members, "Version", self._version)
        return Document(self._form, self._member(members, "Statement", self._statements))

    def _version(self, value: Value) -> None:
        if not isinstance(value, Text) or value.value != _VERSION:
            raise self._wrong(value, f'"{_VERSION}", the only version of the language')

    def _statements(self, value: Value) -> tuple[Statement, ...]:
        if not isinstance(value, Array) or not value.items:
            raise self._wrong(value, "a list of statements with at least one")
        return self._each(value.items, self._statement)

    def _statement(self, value: Value) -> Statement:
        members = self._object(value, "a statement: an object with Effect, Action and so on")
        self._check_form(members)
        action = _which(members, _ACTION_NAMES)
        resource = _which(members, _RESOURCE_NAMES)
        return Statement(
            effect=self._member(members, "Effect", self._effect),
            actions=self._member(members, action, self._actions),
            actions_but=action == "NotAction",
            resources=self._optional(members, resource, self._resources, ()),
            resources_but=resource == "NotResource",
            principals=self._optional(members, "Principal", self._principals, None),
            conditions=self._optional(members, "Condition", self._conditions, ()),
            line=place_of(self._text, value.at)[0],
        )

    def _check_form(self, members: Object) -> None:
        """That a statement has the members of its kind of document."""
        trust = self._form is PolicyForm.TRUST
        for name in members.members:
            if trust and name in _RESOURCE_NAMES:
                raise self._at_name(
                    members, name, f"{name} is out of place: a trust policy has Principal instead"
                )
            if not trust and name == "Principal":
                raise self._at_name(
                    members, name, "Principal is out of place: only trust policies have one"
                )
        self._check_names(
            members,
            required=("Effect", "Principal") if trust else ("Effect",),
            choices=(_ACTION_NAMES,) if trust else (_ACTION_NAMES, _RESOURCE_NAMES),
            optional=("Condition",),
        )

    def _effect(self, value: Value) -> Effect:
        if isinstance(value, Text) and value.value in tuple(Effect):
            return Effect(value.value)
        raise self._wrong(value, '"Allow" or "Deny"')

    def _actions(self, value: Value) -> tuple[str, ...]:
        return self._texts(value, _is_action, 'an action such as "imm:GetBinding", "imm:Get*" or "*"')

    def _resources(self, value: Value) -> tuple[str, ...]:
        return self._texts(
            value, _is_resource, '"*" or a resource such as "acs:imm:*:*:project/photos/dataset/*"'
        )

    def _principals(self, value: Value) -> Principals:
        members = self._object(value, "an object with RAM, Service or Federated")
        self._check_names(members, optional=tuple(_PRINCIPAL_KINDS))
        if not members.members:
            raise self._wrong(value, "RAM, Service or Federated")
        found = {
            name: self._member(members, name, partial(self._principal_names, kind=name))
            for name in members.members
        }
        return Principals(found.get("RAM", ()), found.get("Service", ()), found.get("Federated", ()))

    def _principal_names(self, value: Value, kind: str) -> tuple[str, ...]:
        form, expected = _PRINCIPAL_KINDS[kind]
        return self._texts(value, lambda text: form.fullmatch(text) is not None, expected)

    def _conditions(self, value: Value) -> tuple[Clause, ...]:
        operators = self._object(value, "an object of operators")
        clauses: list[Clause] = []
        for operator in operators.members:
            if parse_operator(operator) is None:
                raise self._wrong_name(operators, operator, f"an operator{_nearest(operator)}")
            clauses += self._member(operators, operator, partial(self._clauses, operator=operator))
        return tuple(clauses)

    def _clauses(self, value: Value, operator: str) -> list[Clause]:
        keys = self._object(value, "an object of condition keys and their values")
        parsed = parse_operator(operator)
        assert parsed is not None
        comparison = COMPARISONS[parsed.base]
        clauses: list[Clause] = []
        for key in keys.members:
            if not is_key(key):
                raise self._wrong_name(keys, key, 'a condition key such as "acs:SourceIp"')
            if any(clause.key == canonical_key(key) for clause in clauses):
                raise self._at_name(keys, key, f"the key {shown(key)} is there twice")
            values = self._member(
                keys,
                key,
                lambda each: self._texts(each, comparison.is_value, comparison.expected, empty=True),
            )
            clauses.append(Clause(operator, canonical_key(key), values))
        return clauses

    def _texts(
        self, value: Value, is_one: Callable[[str], bool], expected: str, *, empty: bool = False
    ) -> tuple[str, ...]:
        """One string, or a list of them."""

        def read(each: Value) -> str:
            if isinstance(each, Text) and (each.value or empty) and is_one(each.value):
                return each.value
            if isinstance(each, Other) and is_one(each.written):
                raise self._wrong(each, f"{shown(each.written)} in quotation marks")
            raise self._wrong(each, expected)

        if not isinstance(value, Array):
            return (read(value),)
        if not value.items:
            raise self._wrong(value, f"{expected}, or a list of such")
        return self._each(value.items, read)

    def _each(self, items: Iterable[Value], read: Callable[[Value], _Read]) -> tuple[_Read, ...]:
        found: list[_Read] = []
        for index, item in enumerate(items):
            self._path.append(str(index))
            found.append(read(item))
            self._path.pop()
        return tuple(found)

    def _member(self, members: Object, name: str, read: Callable[[Value], _Read]) -> _Read:
        self._path.append(name)
        found = read(members.members[name])
        self._path.pop()
        return found

    def _optional(
        self, members: Object, name: str, read: Callable[[Value], _Read], default: _Read
    ) -> _Read:
        return self._member(members, name, read) if name in members.members else default

    def _object(self, value: Value, expected: str) -> Object:
        if isinstance(value, Object):
            return value
        raise self._wrong(value, expected)

    def _check_names(
        self,
        members: Object,
        *,
        required: tuple[str, ...] = (),
        choices: tuple[tuple[str, str], ...] = (),
        optional: tuple[str, ...] = (),
    ) -> None:
        """That every member is known, none is missing, and of each choice exactly one is there."""
        known = (*required, *(name for choice in choices for name in choice), *optional)
        for name in members.members:
            if name not in known:
                raise self._wrong_name(members, name, f"one of {', '.join(known)}")
        for name in required:
            if name not in members.members:
                raise self._missing(members, name)
        for first, second in choices:
            if first in members.members and second in members.members:
                raise self._at_name(members, second, f"expected either {first} or {second}, not both")
            if first not in members.members and second not in members.members:
                raise self._missing(members, f"{first} or {second}")

    def _missing(self, members: Object, what: str) -> MalformedPolicy:
        return self._error(f"{what} is missing", members.at)

    def _wrong(self, value: Value, expected: str) -> MalformedPolicy:
        return self._error(f"expected {expected}{_instead(value)}", value.at)

    def _wrong_name(self, members: Object, name: str, expected: str) -> MalformedPolicy:
        return self._at_name(members, name, f"expected {expected}, not {shown(name)}")

    def _at_name(self, members: Object, name: str, sentence: str) -> MalformedPolicy:
        self._path.append(name)
        return self._error(sentence, members.name_at[name])

    def _error(self, expected: str, at: int) -> MalformedPolicy:
        line, column = place_of(self._text, at)
        return MalformedPolicy(expected, line=line, column=column, pointer=pointer_of(self._path))


def _which(members: Object, names: tuple[str, str]) -> str:
    """The name of the two that is there; the first when neither is."""
    return names[1] if names[1] in members.members else names[0]


def _instead(value: Value) -> str:
    if isinstance(value, Text):
        return f", not {shown(value.value)}"
    if isinstance(value, Other):
        return f", not {value.written[:40]}"
    return (
        ", not an empty list"
        if isinstance(value, Array) and not value.items
        else (", not a list" if isinstance(value, Array) else ", not an object")
    )


def _is_action(text: str) -> bool:
    return is_everything(text) or _ACTION.fullmatch(text) is not None


def _is_resource(text: str) -> bool:
    if is_everything(text):
        return True
    parts = split_resource(text)
    if not compile_pattern(parts[0])(ARN_PREFIX):
        return False
    if len(parts) == RESOURCE_PARTS:
        return parts[-1] != ""
    return len(parts) > 1 and text.endswith("*")


def _nearest(operator: str) -> str:
    """What somebody may have meant, in the message."""
    known = [
        prefix + base + suffix
        for base in COMPARISONS
        for prefix in ("", f"{Quantifier.ANY}:", f"{Quantifier.ALL}:")
        for suffix in ("", "IfExists")
    ]
    folded = {each.lower(): each for each in known}
    close = difflib.get_close_matches(operator.lower()[:64], folded, n=1)
    return f" such as {folded[close[0]] if close else 'StringEquals'}"
