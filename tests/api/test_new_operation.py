"""The script that begins an operation."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from bindery.api.operations import operation_ids, snake_case
from bindery.api.spec.model import load_models

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "new_operation.py"
UNBUILT_OPERATION = load_models()["imm:GetFigureCluster"]
UNBUILT = [operation.id for operation in load_models() if operation.id not in operation_ids()]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("new_operation", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("identifier", UNBUILT)
def test_every_operation_can_be_begun(script: ModuleType, tmp_path: Path, identifier: str) -> None:
    module, test, scenario = script.write_operation(load_models()[identifier], tmp_path)
    functions = [
        node.name for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.FunctionDef)
    ]
    assert functions == [snake_case(load_models()[identifier].name)]
    assert all(len(line) <= 120 for line in (module.read_text() + test.read_text()).splitlines())
    compile(test.read_text(), str(test), "exec")
    steps = yaml.safe_load(scenario.read_text())["steps"]
    assert steps[-1]["call"] == load_models()[identifier].name


def test_nothing_is_overwritten(script: ModuleType, tmp_path: Path) -> None:
    module, *_ = script.write_operation(UNBUILT_OPERATION, tmp_path)
    module.write_text("mine")
    with pytest.raises(FileExistsError):
        script.write_operation(UNBUILT_OPERATION, tmp_path)
    assert module.read_text() == "mine"


def test_scenarios_are_numbered_on(script: ModuleType, tmp_path: Path) -> None:
    names = [script.write_operation(load_models()[each], tmp_path)[2].name for each in UNBUILT[:2]]
    assert [name[:5] for name in names] == ["0001-", "0002-"]


def test_the_command_names_what_is_wrong(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code, text in (
        (["GetNothing"], 1, "no operation"),
        (["GetProject"], 1, "exists"),
        (["ram:GetProject"], 1, "no operation"),
        ([], 2, "scripts"),
    ):
        monkeypatch.setattr(sys, "argv", ["new_operation.py", *arguments])
        assert script.main() == code
        assert text in capsys.readouterr().err
