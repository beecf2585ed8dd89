"""Which objects of a bucket a binding takes in. One matcher serves scan, watch, events, estimate and audit.

An extension of Bindery: the vendor's binding always takes in the whole bucket.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Protocol

from bindery.buckets.store import ObjectInfo, PartlyListed, in_key_order
from bindery.catalog.catalog import Catalog
from bindery.catalog.interface.ledger import Ledger
from bindery.catalog.records import LedgerEntry, Scope
from bindery.extract.types.media_types import detect_media_type
from bindery.sync.default_exclusions import DefaultExclusions
from bindery.sync.nomedia import marked_in

MEDIA_TYPES = frozenset({"image", "video", "audio", "document", "archive", "other"})
_MAX_PATTERNS = 100
_MAX_PATTERN_LENGTH = 1_024

_OPPOSITES = {"include": "exclude", "exclude": "include"}
_NAMED_CLASS = re.compile(r"\[:[a-z]+:\]")
_NOTHING = "(?!)"
"""What an empty range becomes."""
_BRACES = re.compile(r"(?<!\[)\{[^{}]*,")

Matcher = Callable[[ObjectInfo], bool]
WHOLE_BUCKET = Scope(default_exclusions=True)
"""The scope of a binding that was given none."""


class InvalidScope(ValueError):
    """The scope makes no sense; the message is fit for the caller."""


def check_scope(scope: Scope) -> None:
    """Raises InvalidScope."""
    for name in ("prefixes", "include", "exclude"):
        patterns: tuple[str, ...] = getattr(scope, name)
        if len(patterns) > _MAX_PATTERNS:
            raise InvalidScope(f"{name} may have up to {_MAX_PATTERNS} entries")
        if any(not pattern or len(pattern) > _MAX_PATTERN_LENGTH for pattern in patterns):
            raise InvalidScope(f"every entry of {name} has 1 to {_MAX_PATTERN_LENGTH} characters")
    for prefix in scope.prefixes:
        if prefix.startswith("/"):
            raise InvalidScope(
                f"prefixes: no key begins with a slash; write {prefix.lstrip('/') or 'nothing'!r}"
            )
    for name, pattern in [
        *(("include", p) for p in scope.include),
        *(("exclude", p) for p in scope.exclude),
    ]:
        _check_pattern(name, pattern)
    unknown = set(scope.media_types) - MEDIA_TYPES
    if unknown:
        raise InvalidScope(
            f"no media type {sorted(unknown)[0]!r}; there are {', '.join(sorted(MEDIA_TYPES))}"
        )
    if scope.min_size < 0 or (scope.max_size is not None and scope.max_size < scope.min_size):
        raise InvalidScope("sizes must not be negative, and the largest not below the smallest")


def _check_pattern(name: str, pattern: str) -> None:
    """Raises InvalidScope for what no key can match, or what means something else elsewhere."""
    problem = ""
    if pattern.startswith(("/", "./")):
        problem = f"no key begins so; write {pattern.lstrip('./')!r}"
    elif pattern.endswith("/"):
        problem = f"no key ends with a slash; for all below the folder write {pattern + '**'!r}"
    elif pattern.startswith("!"):
        problem = f"an exclamation mark negates nothing; write {pattern[1:]!r} under {_OPPOSITES[name]}"
    elif "[" in pattern and "]" not in pattern[pattern.rindex("[") + 2 :]:
        problem = "a bracket is not closed; for the character itself write '[[]'"
    elif _NAMED_CLASS.search(pattern):
        problem = "classes of characters have no names; write them out, as '[A-Za-z]'"
    elif _NOTHING in fnmatch.translate(pattern) and _NOTHING not in pattern:
        problem = "a range in brackets runs backwards; write its smaller end first"
    elif _BRACES.search(pattern):
        problem = (
            "braces are not expanded; write a pattern for each alternative, and '[{]' for the brace itself"
        )
    if problem:
        raise InvalidScope(f"{name}: {pattern!r} matches nothing, for {problem}")


@lru_cache(maxsize=256)
def matcher(scope: Scope) -> Matcher | None:
    """Whether an object is within the scope; None when every object is.

    ``include`` and ``exclude`` are shell patterns over the whole key, in which ``*`` also matches ``/`` and ``**/`` any
    number of folders, none too; an
    object is within when it matches any ``include`` (or there is none) and no ``exclude``. Media types are
    told by the name alone, so that nothing is read. The default exclusions hold against an ``include`` too.
    """
    return matcher_with(scope, DefaultExclusions())


def matcher_with(scope: Scope, exclusions: DefaultExclusions) -> Matcher | None:
    """The same by exclusions that know of marked folders, for one thread."""
    if scope == Scope():
        return None
    excluded = exclusions.covers if scope.default_exclusions else None
    if excluded is not None and scope == WHOLE_BUCKET:
        return lambda info: not excluded(info.key)
    include, exclude = _pattern(scope.include), _pattern(scope.exclude)
    prefixes = outermost_prefixes(scope)

    def matches(info: ObjectInfo) -> bool:
        key = info.key
        return (
            (not prefixes or key.startswith(prefixes))
            and info.size >= scope.min_size
            and (scope.max_size is None or info.size <= scope.max_size)
            and (include is None or include.match(key) is not None)
            and (exclude is None or exclude.match(key) is None)
            and (excluded is None or not excluded(key))
            and (not scope.media_types or detect_media_type(b"", key).media_type in scope.media_types)
        )

    return matches


def exclusions_of(scope: Scope, ledger: Ledger, binding_id: int) -> DefaultExclusions:
    """The default exclusions of a binding, with the marked folders that its ledger knows."""
    return DefaultExclusions(marked_in(ledger, binding_id, outermost_prefixes(scope)))


def outermost_prefixes(scope: Scope) -> tuple[str, ...]:
    """The prefixes to list, ascending, without those that lie below another; empty for the whole bucket."""
    kept: list[str] = []
    for prefix in sorted(scope.prefixes):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return tuple(kept)


def ranges_below(scope: Scope, prefix: str) -> tuple[str, ...]:
    """The prefixes to list for what lies below ``prefix``, ascending; empty when nothing there is within."""
    prefixes = outermost_prefixes(scope)
    if not prefixes or prefix.startswith(prefixes):
        return (prefix,)
    return tuple(inner for inner in prefixes if inner.startswith(prefix))


def is_listed(scope: Scope, key: str) -> bool:
    """Whether a key lies below the prefixes; the books know nothing of those that do not."""
    return not scope.prefixes or key.startswith(scope.prefixes)


class Lists(Protocol):
    """What ``list_within`` needs of a store."""

    def list(self, *, prefix: str = "", start_after: str = "") -> Iterator[list[ObjectInfo]]:
        """As ``Store.list``."""


def list_within(store: Lists, prefixes: Iterable[str], start_after: str = "") -> Iterator[list[ObjectInfo]]:
    """Pages of what the store lists below ``prefixes`` (ascending, not nested), as one listing.

    Raises what the store raises and ``in_key_order`` does; PartlyListed at the end, about all prefixes.
    """
    partly: list[PartlyListed] = []
    for prefix in prefixes:
        if _is_passed(prefix, start_after):
            continue
        after = start_after if start_after > prefix else ""
        try:
            yield from in_key_order(store.list(prefix=prefix, start_after=after), after)
        except PartlyListed as error:
            partly.append(error)
    if len(partly) == 1:
        raise partly[0]
    if partly:
        unlisted = frozenset[str]().union(*(error.prefixes for error in partly))
        raise PartlyListed("; ".join(map(str, partly)), unlisted)


def walk_within(
    catalog: Catalog, binding_id: int, prefixes: Iterable[str], after: str = ""
) -> Iterator[list[LedgerEntry]]:
    """Pages of the ledger over the same ranges as ``list_within``."""
    for prefix in prefixes:
        if not _is_passed(prefix, after):
            yield from catalog.ledger.walk(binding_id, prefix=prefix, after=after if after > prefix else "")


def _is_passed(prefix: str, key: str) -> bool:
    """Whether everything below ``prefix`` comes before ``key``."""
    return key > prefix and not key.startswith(prefix)


def _pattern(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    if not globs:
        return None
    return re.compile("|".join(f"(?:{_translate(glob)})" for glob in globs))


def _translate(glob: str) -> str:
    """``**/`` at the beginning, or behind a slash, also stands for no folder at all."""
    begin, *rest = re.split(r"(?:(?<=/)|^)\*\*/", glob)
    if not rest:
        return fnmatch.translate(glob)
    parts = [_inner(part) for part in (begin, *rest)]
    return rf"(?s:{'(?:.*/)?'.join(parts)})\Z"


def _inner(glob: str) -> str:
    """The expression of a pattern without what ``fnmatch`` puts around it."""
    return fnmatch.translate(glob).removeprefix("(?s:").removesuffix(r")\Z")
