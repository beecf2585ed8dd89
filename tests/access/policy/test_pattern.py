"""``*`` and ``?``: compared with a naive matcher, and quick on patterns that make naive matchers slow."""

from __future__ import annotations

import time
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bindery.access.policy.pattern import compile_pattern, compile_resource, split_resource

_LETTERS = st.text("ab:/", max_size=12)
_PATTERNS = st.text("ab*?:/", max_size=10)


def naive_match(pattern: str, text: str) -> bool:
    """By the definition: a star stands for each possible beginning of the rest in turn."""

    @cache
    def rest(at: int, reached: int) -> bool:
        if at == len(pattern):
            return reached == len(text)
        if pattern[at] == "*":
            return any(rest(at + 1, later) for later in range(reached, len(text) + 1))
        return reached < len(text) and pattern[at] in ("?", text[reached]) and rest(at + 1, reached + 1)

    return rest(0, 0)


@given(_PATTERNS, _LETTERS)
@example("", "")
@example("**", "")
@example("a*a", "a")
@example("*ab", "ab")
@example("?*?", "ab")
@example("*?", "")
def test_patterns_match_as_their_definition_says(pattern: str, text: str) -> None:
    assert compile_pattern(pattern)(text) == naive_match(pattern, text)


@pytest.mark.parametrize(
    "pattern", ["*a" * 2_000 + "*b", "*a?" * 1_500 + "b", "?" * 3_000 + "*" * 3_000 + "b"]
)
def test_hostile_patterns_take_no_longer_than_their_length(pattern: str) -> None:
    matches, text = compile_pattern(pattern), "a" * 6_000
    started = time.thread_time()
    assert not matches(text)
    # A matcher that tries again would take years.
    assert time.thread_time() - started < 5


@pytest.mark.parametrize(
    ("pattern", "resource", "matches"),
    [
        ("*", "*", True),
        ("**", "*", True),
        ("*", "acs:imm:cn-hangzhou:1:project/p", True),
        ("acs:imm:*:*:*", "*", False),
        ("acs:imm:*", "*", False),
        ("acs:imm:*", "acs:imm:cn-hangzhou:1:project/p", True),
        ("acs:imm*", "acs:imm:cn-hangzhou:1:project/p", True),
        ("acs:im*", "acs:imm:cn-hangzhou:1:project/p", True),
        ("acs:oss:*", "acs:imm:cn-hangzhou:1:project/p", False),
        ("acs:*:1:*", "acs:imm:cn-hangzhou:1:project/p", False),
        ("acs:imm:*:1:project/*", "acs:imm:cn-hangzhou:1:project/p/dataset/d", True),
        ("acs:imm:*:2:project/*", "acs:imm:cn-hangzhou:1:project/p", False),
        ("acs:imm:*:*:project/p", "acs:imm:cn-hangzhou:1:project/P", False),
        ("acs:oss:*:*:b/*", "acs:oss:*:1:b/x:y/z", True),
        # An object's key that looks like the end of an ARN moves nothing into other parts.
        ("acs:oss:*:*:secret/x", "acs:oss:*:1:open/a:b:secret/x", False),
        ("acs:oss:*:secret/x", "acs:oss:*:1:open/a:secret/x", False),
        ("acs:oss:cn-?:1:b", "acs:oss:cn-x:1:b", True),
        ("acs:oss:*:1:b", "acs:oss::1:b", True),
    ],
)
def test_parts_of_resources_match_on_their_own(pattern: str, resource: str, matches: bool) -> None:
    assert compile_resource(pattern)(resource, split_resource(resource)) is matches
