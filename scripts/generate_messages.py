"""Writes the typed structs of the API model: src/bindery/file.py and src/bindery/api/messages/.

``file.py`` holds File and every struct inside it. ``messages/`` holds requests and answers of the operations
that are built, one module a family with the structs that only this family uses, and ``shared_<product>.py`` with those
that several of its product do. Run by ``make docs``; a test fails when a module is not what this script would write.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bindery.api.operations import operation_ids, snake_case
from bindery.api.spec.model import Member, Model, Operation, Parameter, load_models
from bindery.message import wire_name

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "bindery"
MESSAGES = PACKAGE / "api" / "messages"
_IMPORTS = """
from __future__ import annotations

from typing import Any

import msgspec

"""
_FILE_TEXT = '''"""The File struct of IMM and the structs inside it, as typed values. Written by ``make docs``.

Field names are the vendor's in snake case; on the wire and in the catalog they are spelled as the
vendor spells them. Units: sizes in bytes, Duration and StartTime in seconds, Bitrate in bit/s, widths
and heights in pixels, times in RFC 3339 with nanoseconds and offset.

Source: help page api-imm-2020-09-30-struct-file.
"""
'''
_MESSAGES_TEXT = '''"""{text} Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""
'''
_PACKAGE_TEXT = '"""Requests and answers of the built operations, one generated module a family."""\n'
_SCALARS = {"string": "str", "integer": "int", "float": "float", "boolean": "bool", "any": "Any"}
_RAW = {"File": "msgspec.Raw", "SimpleQuery": "Any"}
_IN_FILE = {"map<string,any>": "dict[str, str]"}
"""The catalog keeps values of labels and tags as text."""


def generate() -> dict[Path, str]:
    """The modules' texts by path, formatted."""
    texts = {MESSAGES / "__init__.py": _PACKAGE_TEXT}
    for model in load_models().all:
        texts |= _modules(model)
    return {path: _formatted(path, text) for path, text in texts.items()}


def _modules(model: Model) -> dict[Path, str]:
    """The modules of one product, not formatted."""
    texts: dict[Path, str] = {}
    in_file = _reachable(model, ["File"], raw=frozenset())
    if in_file:
        texts[PACKAGE / "file.py"] = _module(
            _FILE_TEXT, [_struct(model, name, _IN_FILE) for name in in_file], {}
        )
    families = _families(model)
    users: dict[str, set[str]] = {}
    for family, operations in families.items():
        for struct in _reachable(model, _structs_of(operations), raw=frozenset(_RAW)):
            users.setdefault(struct, set()).add(family)
    shared = sorted(name for name, using in users.items() if len(using) > 1 and name not in in_file)
    home = f"shared_{model.product}"
    homes = dict.fromkeys(in_file, "bindery.file") | dict.fromkeys(shared, f"bindery.api.messages.{home}")
    if shared:
        head = _MESSAGES_TEXT.format(text=f"Structs that several families of {model.product} use.")
        not_shared = {name: home for name, home in homes.items() if name not in shared}
        classes = [_struct(model, name, _RAW) for name in shared]
        texts[MESSAGES / f"{home}.py"] = _module(head, classes, not_shared)
    for family, operations in families.items():
        own = sorted(name for name, using in users.items() if using == {family} and name not in in_file)
        classes = [_struct(model, name, _RAW) for name in own] + [
            text for operation in operations for text in _messages(operation)
        ]
        head = _MESSAGES_TEXT.format(text=f"Requests and answers of the family {family}.")
        texts[MESSAGES / f"{family}.py"] = _module(head, classes, homes)
    return texts


def _families(model: Model) -> dict[str, list[Operation]]:
    families: dict[str, list[Operation]] = {}
    for name in sorted(model.operations):
        operation = model.operations[name]
        if operation.id in operation_ids():
            families.setdefault(operation.family, []).append(operation)
    return families


def _structs_of(operations: Sequence[Operation]) -> list[str]:
    types = [member.type for operation in operations for member in operation.parameters]
    types += [member.type for operation in operations for member in operation.response]
    return [kind for type_ in types for kind in _kinds(type_)]


def _reachable(model: Model, names: Sequence[str], raw: frozenset[str]) -> list[str]:
    """The structs and those inside them, inner ones first; the ``raw`` ones are no structs here."""
    found: dict[str, None] = {}
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered or name in raw or name not in model.structs:
            return
        entered.add(name)
        for member in model.structs[name].fields:
            for inner in _kinds(member.type):
                enter(inner)
        found[name] = None

    for name in names:
        enter(name)
    return list(found)


def _kinds(kind: str) -> Iterator[str]:
    """Names in a type: ``array<Label>`` holds ``Label``."""
    inner = re.fullmatch(r"(?:array|map)<(?:string,)?(.+)>", kind)
    if inner:
        yield from _kinds(inner[1])
    elif kind not in _SCALARS:
        yield kind


def _module(head: str, classes: list[str], homes: dict[str, str]) -> str:
    body = "\n\n".join(classes)
    imports: dict[str, list[str]] = {"bindery.message": ["Message"]}
    for name, home in homes.items():
        if re.search(rf"\b{name}\b(?=[,\]\s])", re.sub(r'"""[^"]*"""|class \w+', "", body)):
            imports.setdefault(home, []).append(name)
    lines = [f"from {home} import {', '.join(sorted(names))}\n" for home, names in sorted(imports.items())]
    return head + _IMPORTS + "".join(lines) + "\n\n" + body


def _messages(operation: Operation) -> tuple[str, str]:
    name = operation.name
    members = [member for member in operation.response if member.name != "RequestId"]
    return (
        _class(f"{name}Request", f"Parameters of {name}.", operation.parameters, _RAW),
        _class(f"{name}Response", f"Answer of {name}.", members, _RAW),
    )


def _struct(model: Model, name: str, raw: dict[str, str]) -> str:
    struct = model.structs[name]
    return _class(name, f"The vendor's struct {name}.", struct.fields, raw, closed=struct.closed)


def _class(
    name: str,
    text: str,
    members: Sequence[Parameter | Member],
    raw: dict[str, str],
    *,
    closed: bool = False,
) -> str:
    base = "Message, forbid_unknown_fields=True" if closed else "Message"
    required: list[str] = []
    optional: list[str] = []
    for member in members:
        line = _member(member, raw)
        (required if isinstance(member, Parameter) and member.required else optional).append(line)
    return "\n".join([f"class {name}({base}):", f'    """{text}"""', "", *required, *optional]) + "\n"


def _member(member: Parameter | Member, raw: dict[str, str]) -> str:
    attribute = snake_case(member.name)
    kind = _type(member.type, raw)
    regular = wire_name(attribute) == member.name
    if isinstance(member, Parameter) and member.required:
        return f"    {attribute}: {kind}" + ("" if regular else f' = msgspec.field(name="{member.name}")')
    default = "None" if regular else f'msgspec.field(default=None, name="{member.name}")'
    return f"    {attribute}: {kind}{'' if kind == 'Any' else ' | None'} = {default}"


def _type(kind: str, raw: dict[str, str]) -> str:
    if kind in raw:
        return raw[kind]
    if kind in _SCALARS:
        return _SCALARS[kind]
    inner = re.fullmatch(r"(array|map)<(?:string,)?(.+)>", kind)
    if inner:
        element = _type(inner[2], raw)
        return f"tuple[{element}, ...]" if inner[1] == "array" else f"dict[str, {element}]"
    return kind


def _formatted(path: Path, text: str) -> str:
    """Without the imports that a module does not need, in ruff's format."""
    for arguments in (["check", "--quiet", "--select", "F401,I", "--fix"], ["format"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


def main() -> int:
    """Write the modules, or with ``--check`` say which ones are stale."""
    texts = generate()
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
    left_over = [path for path in MESSAGES.glob("*.py") if path not in texts]
    if "--check" in sys.argv:
        for path in [*stale, *left_over]:
            print(f"stale: {path.relative_to(PACKAGE)}; run: make docs")
        return int(bool(stale or left_over))
    MESSAGES.mkdir(exist_ok=True)
    for path in left_over:
        path.unlink()
    for path in stale:
        path.write_text(texts[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
