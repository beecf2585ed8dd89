"""What the console's navigation offers to whom."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.conftest import RunningServer

from .conftest import Visitor

LINK = re.compile(r'<a (?:role="link" aria-disabled="true" title="([^"]*)"|href="([^"]*)")[^>]*>([^<]*)<')


def links(shown: str) -> list[list[tuple[str, str, str]]]:
    """Of each navigation of the console: why not, where to, and name."""
    found = re.findall(r'<nav class="parts[^>]*>(.*?)</nav>', shown, re.DOTALL)
    return [LINK.findall(each) for each in found]


@pytest.mark.server
def test_what_one_may_not_see_is_no_link_and_says_why(person: Callable[..., Visitor]) -> None:
    nobody = person()
    parts, tabs = links(nobody.get("/console/health").text)
    assert [(name, path) for why, path, name in parts if not why] == [
        ("Overview", "/console/"),
        ("Access", "/console/access/sessions"),
        ("Health", "/console/health"),
    ]
    refused = {name: why for why, path, name in parts if why}
    assert refused.keys() == {"Tasks", "Audit log", "Usage"}
    assert "no policy of yours allows imm:ListTasks" in refused["Tasks"]
    assert [name for why, path, name in tabs if not why] == ["Health"]
    assert nobody.get("/console/access/sessions").status == 200


@pytest.mark.server
def test_what_one_may_see_is_a_link(person: Callable[..., Visitor]) -> None:
    reader = person({"Effect": "Allow", "Action": ["ram:ListGroups", "imm:ListTasks"], "Resource": "*"})
    parts, tabs = links(reader.get("/console/access/sessions").text)
    offered = {name: path for why, path, name in parts if not why}
    assert (offered["Access"], offered["Tasks"]) == ("/console/access/groups", "/console/tasks/")
    assert [name for why, path, name in tabs if not why] == ["Groups", "My browsers"]
    assert reader.get("/console/access/groups").status == 200


@pytest.mark.server
def test_root_is_offered_everything(server: RunningServer, visitor: Visitor) -> None:
    visitor.sign_in(server.key_id, server.key_secret)
    for path in ("/console/", "/console/access/users", "/console/settings"):
        shown = links(visitor.get(path).text)
        assert all(target and not why for each in shown for why, target, name in each), path
