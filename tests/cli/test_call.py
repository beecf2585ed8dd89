"""``bindery call``: how its words become parameters."""

from __future__ import annotations

import click
import msgspec
import pytest
from click.testing import CliRunner

from bindery.cli.call import check_names, operation_named, parse_parameters
from bindery.cli.main import main


def test_pairs_and_equals_signs_are_both_read() -> None:
    words = ("--ProjectName", "p", "--Query={}", "--Empty=", "--Value", "--looks-like-an-option")
    assert parse_parameters(words) == {
        "ProjectName": "p",
        "Query": "{}",
        "Empty": "",
        "Value": "--looks-like-an-option",
    }


@pytest.mark.parametrize("words", [("ProjectName", "p"), ("--",), ("--ProjectName",), ("-p", "x")])
def test_anything_else_is_a_usage_error(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        parse_parameters(words)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("GetBindin", "GetBinding"), ("listprojects", "ListProjects"), ("SimpelQuery", "SimpleQuery")],
)
def test_a_slip_in_an_operation_names_the_nearest(wrong: str, meant: str) -> None:
    with pytest.raises(click.UsageError, match=f"did you mean {meant}"):
        operation_named(wrong)


def test_a_slip_in_a_parameter_names_the_nearest() -> None:
    operation = operation_named("GetBinding")
    check_names(operation, ["ProjectName", "DatasetName", "URI"])
    check_names(operation_named("ListProjects"), ["Tag.1.Key"])
    with pytest.raises(click.UsageError, match="did you mean ProjectName"):
        check_names(operation, ["Projectname"])
    with pytest.raises(click.UsageError, match="no parameter 'Nonsense'; bindery call GetBinding"):
        check_names(operation, ["Nonsense"])


def test_operations_parameters_and_fields_are_shown() -> None:
    run = CliRunner().invoke
    operations = run(main, ["call", "--list"]).output
    assert "GetFigureCluster" in operations
    assert "extension" in operations
    assert "--DatasetName" in run(main, ["call", "GetBinding", "--parameters"]).output
    assert "--DatasetName" in run(main, ["call", "GetBinding", "--help"]).output
    assert "Did you mean status?" in run(main, ["staus"]).output
    assert "ImageWidth" in run(main, ["fields", "image"]).output
    assert run(main, ["fields", "nosuch"]).exit_code == 1
    assert run(main, ["call"]).exit_code == 2


def test_operations_of_every_product_are_known() -> None:
    run = CliRunner().invoke
    whole = run(main, ["call", "--list"]).output
    of_ram = run(main, ["call", "--list", "--product", "ram"]).output
    assert "AttachPolicyToUser" in whole
    assert "AttachPolicyToUser" in of_ram
    assert "GetFigureCluster" not in of_ram
    assert "--PolicyType" in run(main, ["call", "AttachPolicyToUser", "--help"]).output
    assert operation_named("GetCallerIdentity").version == "2015-04-01"
    assert operation_named("ListUsers", "ram").id == "ram:ListUsers"
    with pytest.raises(click.UsageError, match="did you mean ListUsers"):
        operation_named("ListUser")
    with pytest.raises(click.UsageError, match="no operation 'ListUsers'"):
        operation_named("ListUsers", "imm")


def test_a_name_that_several_products_have_needs_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    one = operation_named("ListUsers")
    other = msgspec.structs.replace(one, product="other", version="2001-01-01")
    monkeypatch.setattr("bindery.cli.call.load_models", lambda: [one, other])
    with pytest.raises(click.UsageError, match="add --product ram or other"):
        operation_named("ListUsers")
    assert operation_named("ListUsers", "other") is other


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_are_told_how_to_complete(shell: str) -> None:
    assert "_BINDERY_COMPLETE" in CliRunner().invoke(main, ["completion", shell]).output
