"""The scope of a binding: what is within, and what makes no sense."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bindery.buckets.store import ObjectInfo
from bindery.catalog.records import Scope
from bindery.sync.scope import InvalidScope, check_scope, matcher, outermost_prefixes


def within(scope: Scope, key: str, size: int = 10) -> bool:
    matches = matcher(scope)
    return matches is None or matches(ObjectInfo(key, size, "e", 0))


def test_the_default_takes_in_everything_without_looking() -> None:
    assert matcher(Scope()) is None


@pytest.mark.parametrize(
    ("scope", "key", "size", "expected"),
    [
        (Scope(prefixes=("a/",)), "a/x.jpg", 1, True),
        (Scope(prefixes=("a/",)), "ab/x.jpg", 1, False),
        (Scope(prefixes=("a/", "b/")), "b/x.jpg", 1, True),
        (Scope(include=("*.jpg",)), "deep/below/x.jpg", 1, True),
        (Scope(include=("*.jpg",)), "x.JPG", 1, False),
        (Scope(include=("*.jpg", "*.png")), "x.png", 1, True),
        (Scope(exclude=("*/tmp/*",)), "a/tmp/x", 1, False),
        (Scope(include=("*.jpg",), exclude=("thumb*",)), "thumb.jpg", 1, False),
        (Scope(exclude=("line\n*",)), "line\nbreak", 1, False),
        (Scope(min_size=5), "x", 4, False),
        (Scope(min_size=5), "x", 5, True),
        (Scope(max_size=5), "x", 5, True),
        (Scope(max_size=5), "x", 6, False),
        (Scope(max_size=0), "x", 0, True),
        (Scope(media_types=("image",)), "x.heic", 1, True),
        (Scope(media_types=("image",)), "x.mp4", 1, False),
        (Scope(media_types=("other",)), "no-extension", 1, True),
        (Scope(exclude=("**/@eaDir/**",)), "@eaDir/x", 1, False),
        (Scope(exclude=("**/@eaDir/**",)), "a/b/@eaDir/x/y", 1, False),
        (Scope(exclude=("**/@eaDir/**",)), "a@eaDir/x", 1, True),
        (Scope(include=("a/**/b*.jpg",)), "a/b1.jpg", 1, True),
        (Scope(include=("a/**/b*.jpg",)), "a/x/y/b1.jpg", 1, True),
        (Scope(include=("a/**/b*.jpg",)), "ab1.jpg", 1, False),
        (Scope(include=("**/*.jpg",)), "x.jpg", 1, True),
        (Scope(include=("a**/x",)), "abc/x", 1, True),
    ],
)
def test_what_is_within(scope: Scope, key: str, size: int, expected: bool) -> None:
    assert within(scope, key, size) is expected


def test_prefixes_below_others_are_listed_once() -> None:
    scope = Scope(prefixes=("b/", "a/b/", "a/", "a/c", "ab"))
    assert outermost_prefixes(scope) == ("a/", "ab", "b/")
    assert outermost_prefixes(Scope()) == ()


@given(st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_patterns_mean_what_shell_patterns_mean(glob: str, key: str) -> None:
    assume("**/" not in glob)
    assert within(Scope(include=(glob,)), key) is fnmatch.fnmatchcase(key, glob)


@given(
    st.lists(st.sampled_from(["a", "b", "*", "/", "**/"]), min_size=1, max_size=6).map("".join),
    st.text("ab/", max_size=8),
)
def test_folders_at_any_depth_are_none_too(glob: str, key: str) -> None:
    """Every way to read each of the places that may stand for no folder, by a plain reading."""
    readings = {""}
    rest = glob
    while rest:
        if rest.startswith("**/") and all(not reading or reading.endswith("/") for reading in readings):
            readings, rest = {reading + more for reading in readings for more in ("", "*/")}, rest[3:]
        else:
            readings, rest = {reading + rest[0] for reading in readings}, rest[1:]
    assert within(Scope(include=(glob,)), key) is any(
        fnmatch.fnmatchcase(key, reading) for reading in readings
    )


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"prefixes": ("",)}, "prefixes"),
        ({"include": ("x" * 2000,)}, "include"),
        ({"exclude": ("x",) * 101}, "exclude"),
        ({"media_types": ("picture",)}, "picture"),
        ({"min_size": -1}, "negative"),
        ({"min_size": 5, "max_size": 4}, "below"),
        ({"prefixes": ("/a/",)}, "write 'a/'"),
        ({"include": ("/a/*",)}, "write 'a/\\*'"),
        ({"include": ("./a",)}, "write 'a'"),
        ({"exclude": ("a/",)}, "write 'a/\\*\\*'"),
        ({"exclude": ("!c.jpg",)}, "under include"),
        ({"include": ("[a-",)}, "bracket is not closed"),
        ({"include": ("**/*.{arw,ARW}",)}, "braces are not expanded"),
        ({"exclude": ("*.{tmp,bak",)}, "braces are not expanded"),
        ({"exclude": ("[z-a]*",)}, "runs backwards"),
        ({"exclude": ("[[:alpha:]]*",)}, "have no names"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], hint: str) -> None:
    with pytest.raises(InvalidScope, match=hint):
        check_scope(Scope(**fields))


def test_a_sensible_scope_is_accepted() -> None:
    check_scope(Scope(prefixes=("a/",), include=("*",), min_size=0, max_size=0, media_types=("image",)))
