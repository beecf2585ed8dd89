"""Names that were mistyped: the nearest that the server knows is asked for, from the outermost name inwards."""

from __future__ import annotations

from typing import Any

import click
import pytest

from bindery.cli.nearest import bound_bucket_near, meant

NAMES = {
    "ListProjects": ("Projects", "ProjectName", ["default", "Work"]),
    "ListDatasets": ("Datasets", "DatasetName", ["holiday", "notes"]),
    "ListBindings": ("Bindings", "URI", ["oss://photos", "oss://scans"]),
}


def ask(action: str, **parameters: Any) -> dict[str, Any]:
    """A server with these names, which lists one a page."""
    member, field, names = NAMES[action]
    place = int(parameters.get("NextToken") or 0)
    token = str(place + 1) if place + 1 < len(names) else ""
    return {member: [{field: names[place]}], "NextToken": token}


@pytest.mark.parametrize(
    ("parameters", "near"),
    [
        ({"ProjectName": "work"}, "Work"),
        ({"ProjectName": "defualt", "DatasetName": "hollyday"}, "default"),
        ({"ProjectName": "Work", "DatasetName": "hollyday"}, "holiday"),
        ({"ProjectName": "Work", "DatasetName": "notes", "URI": "oss://photo"}, "oss://photos"),
    ],
)
def test_the_nearest_name(parameters: dict[str, str], near: str) -> None:
    assert meant(ask, parameters) == f" Did you mean {near}?"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"ProjectName": "zzzz"},
        {"ProjectName": "Work"},
        {"ProjectName": "Work", "DatasetName": "notes", "URI": "oss://nothing"},
        {"ProjectName": "Work", "DatasetName": "notes", "URI": "oss://photos/"},
    ],
)
def test_nothing_is_asked_where_nothing_is_like_it(parameters: dict[str, str]) -> None:
    assert meant(ask, parameters) == ""


def test_who_may_not_list_names_is_asked_nothing() -> None:
    def refuse(action: str, **_: Any) -> dict[str, Any]:
        raise click.ClickException(f"{action}: NoPermission")

    assert meant(refuse, {"ProjectName": "work"}) == ""


def test_a_bucket_of_any_binding() -> None:
    assert bound_bucket_near(ask, "fotos") == "photos"
    assert bound_bucket_near(ask, "zzzz") is None
