"""The name that was meant, where the server knows none of that spelling: of a project, a dataset or a bound bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import click

Ask = Callable[..., dict[str, Any]]
"""Calls an operation by name with its parameters; raises ClickException."""

_NEAR = 0.6
_MOST_PAGES = 10
"""Pages of names that are looked through."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that is written most like ``name``, whatever the case; None when none is like it."""
    spelled = {_core(each): each for each in known}
    near = get_close_matches(_core(name), spelled, n=1, cutoff=_NEAR)
    return spelled[near[0]] if near else None


def _core(name: str) -> str:
    return name.lower().removeprefix("oss://")


def meant(ask: Ask, parameters: Mapping[str, Any]) -> str:
    """A question after the name that a refused call may have meant, as far as its caller may list names; else empty."""
    try:
        near = _nearest_of(ask, parameters)
    except click.ClickException:
        return ""
    return f" Did you mean {near}?" if near else ""


def bound_bucket_near(ask: Ask, bucket: str) -> str | None:
    """The bucket of any binding that is written most like ``bucket``."""
    projects = list(_names(ask, "ListProjects", "Projects", "ProjectName"))
    uris = [
        uri for name in projects for uri in _names(ask, "ListBindings", "Bindings", "URI", ProjectName=name)
    ]
    return nearest(bucket, [uri.removeprefix("oss://") for uri in uris])


def _nearest_of(ask: Ask, parameters: Mapping[str, Any]) -> str | None:
    """From the outermost name inwards: the first that does not exist."""
    within: dict[str, Any] = {}
    for parameter, action, member in (
        ("ProjectName", "ListProjects", "Projects"),
        ("DatasetName", "ListDatasets", "Datasets"),
        ("URI", "ListBindings", "Bindings"),
    ):
        wanted = parameters.get(parameter)
        if not isinstance(wanted, str):
            return None
        known = list(_names(ask, action, member, parameter, **within))
        if wanted.rstrip("/") not in known:
            return nearest(wanted, known)
        within[parameter] = wanted
    return None


def _names(ask: Ask, action: str, member: str, field: str, **within: Any) -> Iterable[str]:
    token = None
    for _ in range(_MOST_PAGES):
        answer = ask(action, **within, NextToken=token)
        yield from (each[field] for each in answer.get(member, []))
        token = answer.get("NextToken") or None
        if token is None:
            return
