"""What is right in a policy and yet probably not meant: names that no request here can have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from bindery.access.policy.condition_keys import COMMON_KEYS, REQUEST_TAG, RESOURCE_TAG, canonical_key
from bindery.access.policy.json_text import (
    Array,
    Object,
    Text,
    Value,
    place_of,
    pointer_of,
    read_json,
    shown,
)
from bindery.access.policy.pattern import (
    RESOURCE_PARTS,
    compile_pattern,
    has_wildcard,
    is_everything,
    split_resource,
)

MOST_WARNINGS = 20
"""Of one document: each may look for the name that is nearest to another."""
_ACTIONS = ("Action", "NotAction")
_RESOURCES = ("Resource", "NotResource")
_NEAR = 0.75
_ACCOUNT, _PRODUCT = 3, 1
_KEYS = (*COMMON_KEYS, REQUEST_TAG, RESOURCE_TAG)
Path = tuple[str, ...]


class PolicyWarning(msgspec.Struct, frozen=True):
    """One place."""

    text: str
    """A sentence without its full stop."""
    line: int
    """From 1."""
    column: int
    """In characters, from 1."""
    pointer: str
    """RFC 6901."""


class Known(msgspec.Struct, frozen=True):
    """What requests here can name."""

    actions: Sequence[str]
    account: str
    """Empty when it is not known."""
    others: frozenset[str] = frozenset()
    """Products that have more actions than these: policies may name any of theirs."""

    @property
    def products(self) -> frozenset[str]:
        """Of the actions: ``imm``, ``ram``, …"""
        return frozenset(action.partition(":")[0] for action in self.actions)


def lint_policy(text: str, known: Known) -> tuple[PolicyWarning, ...]:
    """What to look at once more, in the order of the text, of a document that ``parse_policy`` has accepted."""
    found: list[PolicyWarning] = []
    for path, at, sentence in _Linter(known).statements(read_json(text)):
        line, column = place_of(text, at)
        found.append(PolicyWarning(sentence, line, column, pointer_of(list(path))))
        if len(found) == MOST_WARNINGS:
            break
    return tuple(found)


class _Linter:
    def __init__(self, known: Known) -> None:
        self._known = known
        self._told: set[tuple[str, str]] = set()

    def statements(self, document: Value) -> Iterator[tuple[Path, int, str]]:
        listed = _member(document, "Statement")
        for index, statement in enumerate(listed.items if isinstance(listed, Array) else ()):
            above = ("Statement", str(index))
            for name, value in statement.members.items() if isinstance(statement, Object) else ():
                yield from self._element((*above, name), name, value)

    def _element(self, path: Path, name: str, value: Value) -> Iterator[tuple[Path, int, str]]:
        if name == "Condition":
            yield from self._conditions(path, value)
            return
        look = {_ACTIONS: self._action, _RESOURCES: self._resource}
        for names, of in look.items():
            if name in names:
                for below, text in _texts(path, value):
                    if (sentence := self._once(names[0], text.value, of(text.value))) is not None:
                        yield below, text.at, sentence

    def _once(self, kind: str, text: str, sentence: str) -> str | None:
        if not sentence or (kind, text) in self._told:
            return None
        self._told.add((kind, text))
        return sentence

    def _action(self, pattern: str) -> str:
        """What is odd about an action; empty when nothing is."""
        lowered = pattern.lower()
        product = lowered.partition(":")[0]
        if is_everything(pattern) or product in self._known.others:
            return ""
        matches = compile_pattern(lowered)
        if any(matches(action.lower()) for action in self._known.actions):
            return ""
        if product not in self._known.products and not has_wildcard(product):
            return f"no call of this server needs an action of {shown(product)}"
        what = "covers no action" if has_wildcard(pattern) else "is no action"
        return f"{shown(pattern)} {what} of this server{self._nearest(pattern, self._known.actions)}"

    def _resource(self, pattern: str) -> str:
        parts = split_resource(pattern)
        if is_everything(pattern) or len(parts) < RESOURCE_PARTS:
            return ""
        product, account = parts[_PRODUCT], parts[_ACCOUNT]
        if not has_wildcard(product) and product not in self._known.products:
            return f"this server has no resources of {shown(product)}{self._nearest(product, self._known.products)}"
        if account and self._known.account and not compile_pattern(account)(self._known.account):
            return f"{shown(account)} is not this account, which is {self._known.account}"
        return ""

    def _conditions(self, path: Path, value: Value) -> Iterator[tuple[Path, int, str]]:
        for operator, keys in value.members.items() if isinstance(value, Object) else ():
            for key, at in keys.name_at.items() if isinstance(keys, Object) else ():
                name = canonical_key(key)
                if name in COMMON_KEYS or name.startswith((REQUEST_TAG, RESOURCE_TAG)):
                    continue
                sentence = f"no request to this server has the key {shown(key)}{self._nearest(key, _KEYS)}"
                if self._once("Condition", name, sentence) is not None:
                    yield (*path, operator, key), at, sentence

    def _nearest(self, name: str, names: Iterable[str]) -> str:
        folded = {each.lower(): each for each in names}
        close = difflib.get_close_matches(name.lower()[:80], folded, n=1, cutoff=_NEAR)
        return f", perhaps {shown(folded[close[0]])} is meant" if close else ""


def _member(value: Value, name: str) -> Value | None:
    return value.members.get(name) if isinstance(value, Object) else None


def _texts(path: Path, value: Value) -> Iterator[tuple[Path, Text]]:
    """The strings of a member: one, or a list of them."""
    if isinstance(value, Text):
        yield path, value
    elif isinstance(value, Array):
        for index, item in enumerate(value.items):
            if isinstance(item, Text):
                yield (*path, str(index)), item
