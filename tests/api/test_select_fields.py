"""Which members of an entry an answer shows."""

from __future__ import annotations

import json

import pytest

from bindery.api.operations.files.files import select_fields

ENTRY = {
    "URI": "oss://b/a.zip",
    "ArchiveEntryCount": 3,
    "Size": 7,
    "CustomLabels": {"ArchiveEntryCount": "4"},
}


@pytest.mark.parametrize(
    ("names", "strict", "shown"),
    [
        (None, False, {"URI", "ArchiveEntryCount", "Size", "CustomLabels"}),
        (None, True, {"URI", "Size", "CustomLabels"}),
        (["ArchiveEntryCount", "Size"], False, {"ArchiveEntryCount", "Size"}),
        (["ArchiveEntryCount", "Size"], True, {"Size"}),
        (["ArchiveEntryCount"], True, set()),
        (["CustomLabels.ArchiveEntryCount", "nonsense"], True, {"CustomLabels"}),
    ],
)
def test_extensions_are_shown_unless_the_server_is_strict(
    names: list[str] | None, strict: bool, shown: set[str]
) -> None:
    [document] = select_fields([json.dumps(ENTRY, separators=(",", ":")).encode()], names, strict=strict)
    assert json.loads(bytes(document)) == {name: ENTRY[name] for name in shown}
