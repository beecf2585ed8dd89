"""Writes the generated reference pages: docs/configuration.md and docs/coverage.md.

Run by ``make docs``; a test fails when a page is not what this script would write.
"""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from typing import Any

import msgspec

from bindery import config
from bindery.api.operations import built_operations
from bindery.api.spec.model import Model, load_models
from bindery.ranges import range_of, setting_types

DOCS = Path(__file__).resolve().parent.parent / "docs"
SECTIONS: dict[str, type[msgspec.Struct]] = {
    field.name: field.type
    for field in msgspec.structs.fields(config.Config)
    if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
}


def configuration_page() -> str:
    """Every setting with its default, from the structs and their docstrings."""
    lines = [
        "# Configuration",
        "",
        "A TOML file named with `bindery serve --config FILE` (or `BINDERY_CONFIG`). Options of the command line lie",
        "over it, and so do the variables of the environment that stand for options: `BINDERY_DATA` over `data`.",
        "Generated from the settings of `src/bindery/config.py` and of the rooms by `make docs`.",
        "",
        "## Top level",
        "",
        *_table(config.Config, leave_out=set(SECTIONS)),
    ]
    for name, struct in SECTIONS.items():
        lines += ["", f"## `[{name}]`", "", *_table(struct)]
    lines += ["", "## Environment", "", *_environment()]
    return "\n".join(lines) + "\n"


def coverage_page() -> str:
    """Every operation of every product and whether it is built."""
    lines = [
        "# API coverage",
        "",
        "An operation that is not built answers HTTP 501 with the code `NotImplemented`. Operations marked *extension*",
        "are Bindery's own or withdrawn by the vendor, and are refused with `--strict`. Generated from the API models",
        "and the code by `make docs`. Of an operation on several resources a caller needs the action on each; names in",
        "braces are those of the request. Of an operation that is not going to be built its row says why.",
    ]
    for model in load_models().all:
        lines += ["", *_coverage(model)]
    return "\n".join(lines) + "\n"


def _coverage(model: Model) -> list[str]:
    built = built_operations()
    names = sorted(model.operations)
    vendor = [name for name in names if not model.operations[name].extension]
    done = sum(model.operations[name].id in built for name in vendor)
    lines = [
        f"## {model.product.upper()}, version {model.version}",
        "",
        f"{done} of the vendor's {len(vendor)} operations are built.",
        "",
        "| operation | built | | action | level | on |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        operation = model.operations[name]
        note = "extension" if operation.extension else operation.left_out
        works = "yes" if operation.id in built else "no"
        resources = (
            "<br>".join(dict.fromkeys(f"`{each.name}`" for each in operation.resources)) or "nothing"
        )
        row = [name, works, note, f"`{operation.action}`", operation.level, resources]
        lines.append(f"| {' | '.join(row)} |")
    return lines


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    return {DOCS / "configuration.md": configuration_page(), DOCS / "coverage.md": coverage_page()}


def _table(struct: type[msgspec.Struct], leave_out: set[str] | None = None) -> list[str]:
    described, types = _descriptions(struct), setting_types(struct)
    rows = ["| setting | default | range | meaning |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(struct):
        name = field.encode_name
        if field.name not in (leave_out or set()):
            meaning = described.get(field.name, "")
            rows.append(f"| `{name}` | {_default(field.default)} | {range_of(types[name])} | {meaning} |")
    return rows


def _default(value: Any) -> str:
    if value is None or value is msgspec.NODEFAULT:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`"


def _descriptions(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The text that follows each field in the source, also in that of the room that owns it."""
    found = {}
    for base in reversed(struct.__mro__):
        if not issubclass(base, msgspec.Struct) or base is msgspec.Struct:
            continue
        body = ast.parse(inspect.getsource(base)).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                found[ast.unparse(field.target)] = " ".join(ast.literal_eval(text.value).split())
    return found


def _environment() -> list[str]:
    return [
        "| variable | meaning |",
        "|---|---|",
        "| `BINDERY_ACCESS_KEY_ID`, `BINDERY_ACCESS_KEY_SECRET` | root key; made at the first start without them |",
        "| `BINDERY_SECURITY_TOKEN` | for the client commands, beside a temporary key in the two above |",
        "| `BINDERY_SEALING_KEY` | what seals the secrets of access keys: the base64 of 32 bytes; several with "
        "commas, the newest first |",
        "| `BINDERY_DATA` | data folder, as `--data` |",
        "| `BINDERY_CONFIG` | configuration file, as `--config` |",
        "| `BINDERY_ENDPOINT` | address of the server for the client commands, as `--endpoint` |",
        "| `BINDERY_PROJECT`, `BINDERY_DATASET` | project and dataset of the client commands |",
    ]


def main() -> int:
    """Write the pages, or with ``--check`` say which ones are stale."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"stale: {path.name}; run: make docs")
        return 1 if stale else 0
    for path, text in pages().items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
