"""What the pages use of others is what the manifest pins, and nothing else lies there."""

from __future__ import annotations

import runpy
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fetch_vendor.py"


def test_every_file_is_as_pinned_and_has_its_licence() -> None:
    script = runpy.run_path(str(SCRIPT))
    packages = script["read_manifest"]()
    kept = {script["place_of"](package, file) for package in packages for file in package.files}
    there = {path for path in script["VENDOR"].rglob("*") if path.is_file()}
    assert there - {script["MANIFEST"]} == kept
    for package in packages:
        assert script["differing"](package) == []
        assert any("LICENSE" in file for file in package.files)
