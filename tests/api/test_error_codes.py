"""Every code that an answer can carry is explained by docs/errors.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bindery.api import entity_messages, errors
from bindery.api.spec.model import load_models
from bindery.web.explorer.explained import explain

API = Path(errors.__file__).parent
SAMPLE = "Sample"
FROM_TABLES = {"words.code", "refusal.code.format(**known)"}
"""Codes that stand in the models, which are looked at below."""
KINDS = {
    "EntityNotExist": entity_messages.NOT_FOUND,
    "EntityAlreadyExists": entity_messages.EXISTS,
    "LimitExceeded": entity_messages.LIMITS,
    "DeleteConflict": entity_messages.CONFLICTS,
}


def written_codes() -> dict[str, str]:
    """The codes of all errors that the API room makes, with the place: names in braces are a sample."""
    found = {}
    for path in sorted(API.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("ApiError", "errors.ApiError"):
                code = code_of(node.args[1])
                if code is not None:
                    found[code] = f"{path.relative_to(API)}:{node.lineno}"
    return found


def code_of(argument: ast.expr) -> str | None:
    """None for those of tables."""
    match argument:
        case ast.Constant(value=str(code)):
            return code
        case ast.JoinedStr(values=[ast.Constant(value=str(first)), _]) if first.rstrip(".") in KINDS:
            return None
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else SAMPLE for part in parts)
    assert ast.unparse(argument) in FROM_TABLES, ast.unparse(argument)
    return None


def codes_of_models() -> set[str]:
    """What faulty values and refusals are answered with."""
    return {
        refusal.code.format(name=SAMPLE)
        for model in load_models().all
        for refusal in model.refusals.values()
    }


@pytest.mark.parametrize("code", sorted(written_codes()))
def test_what_is_written_is_explained(code: str) -> None:
    found = explain(code)
    assert found is not None
    assert found.means
    assert found.do


def test_what_the_tables_have_is_explained() -> None:
    codes = {f"{first}.{kind}" for first, kinds in KINDS.items() for kind in kinds} | codes_of_models()
    unknown = [code for code in codes if (found := explain(code)) is None or not found.do]
    assert len(codes) > 40
    assert not unknown


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("InvalidAccessKeyId.NotFound", "access key"),
        ("InvalidParameter.PolicySize", "session policy"),
        ("InvalidParameter.UserName.Length", "characters"),
        ("InvalidParameter.Tag.Key", "tag"),
        ("InvalidMaxResults", "range"),
        ("MissingProjectName", "required"),
        ("LimitExceeded.Tag", "tags"),
        ("EntityNotExist.Role", "role"),
    ],
)
def test_the_explanation_that_says_most_is_given(code: str, word: str) -> None:
    found = explain(code)
    assert found is not None
    assert word in found.means
