"""``*`` and ``?`` in actions, resources and condition values, matched in time linear in the text.

``*`` stands for any characters, none included, ``?`` for exactly one. There is no escape: RAM documents none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

Matcher = Callable[[str], bool]
"""Whether a whole text matches."""

ARN_PREFIX = "acs"
"""The first part of every resource."""
RESOURCE_PARTS = 5
"""``acs:product:region:account:relative-id``; only the last part may itself contain colons."""
_REGION = 2
_UNKNOWN_REGION = "*"
"""Of a resource: objects of buckets that are anywhere."""
_MOST_WIDENED = 1_024


def has_wildcard(pattern: str) -> bool:
    """Whether the pattern can match more than one text."""
    return "*" in pattern or "?" in pattern


def is_everything(pattern: str) -> bool:
    """Whether the pattern consists of ``*`` alone."""
    return pattern != "" and not pattern.strip("*")


def compile_pattern(pattern: str) -> Matcher:
    """The matcher of one pattern; case counts."""
    if not has_wildcard(pattern):
        return pattern.__eq__
    if "?" in pattern:
        return Positions(pattern).matches
    first, *middle, last = pattern.split("*")
    middle = [piece for piece in middle if piece]
    if not middle:
        return _ends_matcher(first, last)
    return _pieces_matcher(first, middle, last)


def _ends_matcher(first: str, last: str) -> Matcher:
    if not first and not last:
        return lambda _: True
    if not last:
        return lambda text: text.startswith(first)
    shortest = len(first) + len(last)
    return lambda text: len(text) >= shortest and text.startswith(first) and text.endswith(last)


def _pieces_matcher(first: str, middle: list[str], last: str) -> Matcher:
    shortest = len(first) + len(last)

    def matches(text: str) -> bool:
        if len(text) < shortest or not text.startswith(first) or not text.endswith(last):
            return False
        # The leftmost place of each piece leaves the most room for those that follow, so nothing is tried twice.
        at, end = len(first), len(text) - len(last)
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return matches


class Positions:
    """A pattern of which all positions are followed at once, as the bits of one number: one step a character."""

    def __init__(self, pattern: str) -> None:
        accepts: dict[str, int] = {}
        any_character = stays = size = 0
        for character in pattern:
            if character == "*":
                stays |= 1 << size
                continue
            if character == "?":
                any_character |= 1 << size
            else:
                accepts[character] = accepts.get(character, 0) | 1 << size
            size += 1
        self._steps = {character: bits | any_character for character, bits in accepts.items()}
        self._any_character, self._stays, self._done = any_character, stays, 1 << size
        self.size = size
        """Characters that a matching text has at least."""

    def matches(self, text: str) -> bool:
        """Whether a whole text matches."""
        return bool(self._after(text) & self._done)

    def begins(self, text: str) -> bool:
        """Whether some longer text that begins so matches."""
        after = self._after(text)
        return bool(after & (self._done - 1) or after & self._stays)

    def _after(self, text: str) -> int:
        positions, steps, any_character, stays = 1, self._steps, self._any_character, self._stays
        for character in text:
            positions = (positions & steps.get(character, any_character)) << 1 | positions & stays
            if not positions:
                break
        return positions


def split_resource(resource: str) -> tuple[str, ...]:
    """The parts of a resource's name: five of an ARN, one of ``*``."""
    return tuple(resource.split(":", RESOURCE_PARTS - 1))


ResourceMatcher = Callable[[str, tuple[str, ...]], bool]
"""Whether a resource matches: its whole name, and its parts by ``split_resource``."""


def compile_resource(pattern: str, *, in_any_region: bool = False) -> ResourceMatcher:
    """The matcher of one resource pattern; with ``in_any_region`` what ``widened`` says holds for it.

    Each part is matched on its own, so that a colon in an object's key never moves what belongs to another part.
    In the last part ``*`` also stands for slashes and colons. A pattern of fewer parts that ends with ``*``
    (``acs:imm:*``) covers whatever follows. ``*`` as a resource, of calls that touch none in particular, is
    matched by patterns of ``*`` alone. The case of names in RAM itself (users, roles, policies) does not count:
    RAM tells none apart by it.
    """
    if in_any_region:
        return _any_region_matcher(pattern)
    return _every_region_matcher(pattern) if "?" in pattern else _compile_exact(pattern)


def _compile_exact(pattern: str) -> ResourceMatcher:
    matches = _compile_parts(pattern)
    if is_everything(pattern) or not _may_be_of_ram(split_resource(pattern)):
        return matches
    matches_folded = _compile_parts(pattern.lower())

    def matches_either(resource: str, parts: tuple[str, ...]) -> bool:
        if is_of_ram(parts):
            lowered = resource.lower()
            return matches_folded(lowered, split_resource(lowered))
        return matches(resource, parts)

    return matches_either


def _every_region_matcher(pattern: str) -> ResourceMatcher:
    exact = _compile_exact(pattern)

    def matches(resource: str, parts: tuple[str, ...]) -> bool:
        if not exact(resource, parts):
            return False
        return all(exact(each, split_resource(each)) for each in in_other_regions(pattern, parts))

    return matches


def in_other_regions(pattern: str, parts: tuple[str, ...]) -> tuple[str, ...]:
    """The names that a pattern must match too if it is to match a resource of unknown region in every region: a
    question mark stands for one character, and only a star for any name."""
    if "?" not in pattern or len(parts) != RESOURCE_PARTS or parts[_REGION] != _UNKNOWN_REGION:
        return ()
    longer = _UNKNOWN_REGION * (len(pattern) + 1)
    return (":".join([*parts[:_REGION], longer, *parts[_REGION + 1 :]]),)


def _any_region_matcher(pattern: str) -> ResourceMatcher:
    exact = _compile_exact(pattern)

    def matches(resource: str, parts: tuple[str, ...]) -> bool:
        wide = widened(pattern, parts)
        return exact(resource, parts) if wide == pattern else _compile_widened(wide)(resource, parts)

    return matches


@lru_cache(_MOST_WIDENED)
def _compile_widened(pattern: str) -> ResourceMatcher:
    return compile_resource(pattern)


def widened(pattern: str, parts: tuple[str, ...]) -> str:
    """The pattern that matches a resource of unknown region (``*``) when this one does in some region.

    Where a match refuses, a region that is not known must not keep it from doing so. Of other resources: the same.
    """
    patterns = split_resource(pattern)
    if len(parts) != RESOURCE_PARTS or parts[_REGION] != _UNKNOWN_REGION or len(patterns) < _REGION:
        return pattern
    if len(patterns) == _REGION:
        # The last star of ``acs:os*`` stands for the region, too.
        reaches = Positions(patterns[1]).begins(parts[1] + ":")
        return f"{patterns[0]}:{parts[1]}:*" if reaches else pattern
    return ":".join([*patterns[:_REGION], "*", *patterns[_REGION + 1 :]])


def is_of_ram(parts: tuple[str, ...]) -> bool:
    """Whether a resource is a user, group, role or policy."""
    return len(parts) == RESOURCE_PARTS and parts[1] == "ram"


def _may_be_of_ram(patterns: tuple[str, ...]) -> bool:
    return len(patterns) == 2 or compile_pattern(patterns[1].lower())("ram")


def _compile_parts(pattern: str) -> ResourceMatcher:
    if is_everything(pattern):
        return lambda _resource, _parts: True
    if not has_wildcard(pattern):
        return lambda resource, _parts: resource == pattern
    patterns = split_resource(pattern)
    if len(patterns) < RESOURCE_PARTS:
        return _open_matcher(patterns)
    # The last part tells resources apart best, so it is asked first.
    numbered = reversed(tuple(enumerate(patterns)))
    return _parts_matcher(
        [(index, compile_pattern(each)) for index, each in numbered if not is_everything(each)]
    )


def _parts_matcher(tests: list[tuple[int, Matcher]]) -> ResourceMatcher:
    if not tests:
        return lambda _resource, parts: len(parts) == RESOURCE_PARTS
    (index, test), *others = tests

    def matches(_resource: str, parts: tuple[str, ...]) -> bool:
        if len(parts) != RESOURCE_PARTS or not test(parts[index]):
            return False
        return not others or all(each(parts[at]) for at, each in others)

    return matches


def _open_matcher(patterns: tuple[str, ...]) -> ResourceMatcher:
    *heads, rest = [compile_pattern(each) for each in patterns]
    count = len(heads)

    def matches(_resource: str, parts: tuple[str, ...]) -> bool:
        if len(parts) != RESOURCE_PARTS:
            return False
        return all(test(part) for test, part in zip(heads, parts, strict=False)) and rest(
            ":".join(parts[count:])
        )

    return matches
