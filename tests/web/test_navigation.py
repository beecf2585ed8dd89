"""What the console's navigation offers to whom."""

from __future__ import annotations

import json
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


@pytest.fixture
def signed_in(server: RunningServer, new_name: Callable[[str], str]) -> Callable[..., Visitor]:
    """``signed_in(*actions)``: a user who may do these."""

    def make(*actions: str) -> Visitor:
        name = new_name("reader")
        server.call("CreateUser", UserName=name)
        if actions:
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "1", "Statement": [statement]})
            server.call("CreatePolicy", PolicyName=name, PolicyDocument=document)
            server.call("AttachPolicyToUser", PolicyType="Custom", PolicyName=name, UserName=name)
        key = server.call("CreateAccessKey", UserName=name)["AccessKey"]
        visitor = Visitor(server.address)
        assert visitor.sign_in(key["AccessKeyId"], key["AccessKeySecret"]).status == 303
        return visitor

    return make


@pytest.mark.server
def test_what_one_may_not_see_is_no_link_and_says_why(signed_in: Callable[..., Visitor]) -> None:
    nobody = signed_in()
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
def test_what_one_may_see_is_a_link(signed_in: Callable[..., Visitor]) -> None:
    reader = signed_in("ram:ListGroups", "imm:ListTasks")
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
