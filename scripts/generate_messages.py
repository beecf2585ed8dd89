"""Writes src/bindery/api/messages.py: requests, answers and structs of the operations that are built.

Run by ``make docs``; a test fails when the module is not what this script would write.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from bindery import file as file_structs
from bindery.api.operations import operation_names, snake_case
from bindery.api.spec.model import Member, Parameter, load_model
from bindery.file import wire_name

TARGET = Path(__file__).resolve().parent.parent / "src" / "bindery" / "api" / "messages.py"
_HEAD = '''"""Requests and answers of the built operations. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bindery.file import {imports}

'''
_SCALARS = {"string": "str", "integer": "int", "float": "float", "boolean": "bool", "any": "Any"}
_RAW = {"File": "msgspec.Raw", "SimpleQuery": "Any"}


class _Writer:
    def __init__(self) -> None:
        self._model = load_model()
        self._from_file = {
            name
            for name in dir(file_structs)
            if isinstance(getattr(file_structs, name), type) and name[0].isupper()
        } - {"File", "Any"}
        self._imports = {"Message"}
        self._structs: dict[str, str] = {}

    def write(self) -> str:
        operations = [self._operation(name) for name in operation_names()]
        body = "\n\n".join([*(self._structs[name] for name in sorted(self._structs)), *operations])
        return _HEAD.replace("{imports}", ", ".join(sorted(self._imports))) + body

    def _operation(self, name: str) -> str:
        operation = self._model.operations[name]
        request = self._class(f"{name}Request", f"Parameters of {name}.", operation.parameters)
        members = [member for member in operation.response if member.name != "RequestId"]
        answer = self._class(f"{name}Response", f"Answer of {name}.", members)
        return f"{request}\n\n{answer}"

    def _class(self, name: str, text: str, members: tuple[Parameter, ...] | list[Member]) -> str:
        required: list[str] = []
        optional: list[str] = []
        for member in members:
            line = self._member(member)
            (required if isinstance(member, Parameter) and member.required else optional).append(line)
        lines = [f"class {name}(Message):", f'    """{text}"""', "", *required, *optional]
        return "\n".join(lines) + "\n"

    def _member(self, member: Parameter | Member) -> str:
        attribute = snake_case(member.name)
        kind = self._type(member.type)
        if isinstance(member, Parameter) and member.required:
            default = (
                "" if wire_name(attribute) == member.name else f' = msgspec.field(name="{member.name}")'
            )
            return f"    {attribute}: {kind}{default}"
        default = "None"
        if wire_name(attribute) != member.name:
            default = f'msgspec.field(default=None, name="{member.name}")'
        return f"    {attribute}: {kind}{'' if kind == 'Any' else ' | None'} = {default}"

    def _type(self, kind: str) -> str:
        if kind in _SCALARS:
            return _SCALARS[kind]
        if kind in _RAW:
            return _RAW[kind]
        inner = re.fullmatch(r"(array|map)<(?:string,)?(.+)>", kind)
        if inner:
            element = self._type(inner[2])
            return f"tuple[{element}, ...]" if inner[1] == "array" else f"dict[str, {element}]"
        if kind in self._from_file:
            self._imports.add(kind)
        elif kind not in self._structs:
            self._structs[kind] = ""
            text = self._class(kind, f"The vendor's struct {kind}.", list(self._model.structs[kind].fields))
            self._structs[kind] = text
        return kind


def generate() -> str:
    """The module's text, formatted."""
    text = _Writer().write()
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Write the module, or with ``--check`` say whether it is stale."""
    text = generate()
    if "--check" in sys.argv:
        stale = not TARGET.exists() or TARGET.read_text("utf-8") != text
        print("stale: run make docs" if stale else "messages are up to date")
        return int(stale)
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
