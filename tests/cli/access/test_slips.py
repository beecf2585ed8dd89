"""Slips of the keyboard: ``bindery access`` names what was meant. On a server of their own, which nobody empties."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bindery.cli.access.documents import Limits, make_document

if TYPE_CHECKING:
    from conftest import Commands


@pytest.fixture(scope="module")
def neighbours(access: Commands, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names that are nearly those that are typed."""
    access("user", "add", "reader")
    access("group", "add", "editors")
    access("role", "add", "nightly", "--trust", "account")
    file = tmp_path_factory.mktemp("policy") / "policy.json"
    file.write_text(make_document("read-only", Limits()), "utf-8")
    access("policy", "add", "holiday-readers", str(file))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "show", "readr"), "no user readr; did you mean reader?"),
        (("can", "readr"), "no user readr; did you mean reader?"),
        (("can", "role/nigthly"), "no role nigthly; did you mean nightly?"),
        (("explain", "readr", "imm:GetBinding", "project/p"), "no user readr; did you mean reader?"),
        (("key", "rotate", "readr"), "no user readr; did you mean reader?"),
        (("group", "join", "editors", "readr"), "no user readr; did you mean reader?"),
        (("group", "show", "editor"), "no group editor; did you mean editors?"),
        (("user", "add", "new", "--group", "editor"), "no group editor; did you mean editors?"),
        (("role", "trust", "nigthly", "--trust", "account"), "no role nigthly; did you mean nightly?"),
        (("policy", "show", "read-onli"), "no policy read-onli; did you mean read-only?"),
        (("user", "attach", "reader", "AliyunIMMReadOnlyAcess"), "did you mean AliyunIMMReadOnlyAccess?"),
        (("policy", "remove", "holiday-reader"), "did you mean holiday-readers?"),
        (("user", "show", "somebody-else"), "no user somebody-else; see: bindery access user list"),
    ],
)
def test_slips_in_names(access: Commands, neighbours: None, words: tuple[str, ...], said: str) -> None:
    done = access(*words, expect=1)
    assert said in done.output
    assert "bindery access" in done.output


def test_slips_in_actions_and_datasets(access: Commands, neighbours: None) -> None:
    access("user", "attach", "reader", "AliyunIMMFullAccess")
    said = access("explain", "reader", "imm:GetBindng", "project/p").stderr
    assert "no call needs imm:GetBindng; did you mean imm:GetBinding?" in said
    assert access("explain", "reader", "imm:getbinding", "project/p").stderr == ""
    said = access("user", "add", "x", "--policy", "query", "--dataset", "p/d", "--project", "q").stderr
    assert "there is no project q yet" in said
    assert "there is no dataset p/d yet" in said


def test_groups_and_roles_are_added_for_programs(access: Commands, neighbours: None) -> None:
    limited = ("--policy", "query", "--project", "q")
    made = access.json("group", "add", "g", *limited)
    assert made == {"GroupName": "g", "Policies": ["group-g-query"]}
    made = access.json("role", "add", "r", "--trust", "account", *limited)
    assert made == {"RoleName": "r", "Policies": ["role-r-query"]}
