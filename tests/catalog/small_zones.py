"""An index whose zones, batches and pages are so small that a few hundred files are in many of them."""

from __future__ import annotations

import pytest

from bindery.catalog.index import dataset_index, pages, uri_zones


def make_zones_small(
    monkeypatch: pytest.MonkeyPatch, *, shift: int, batch: int, first_rows: int, large: int
) -> None:
    """Zones of 2 ** ``shift`` changes, batches of ``batch``, first pages looked for in ``first_rows``; from ``large``
    rows on it is found first which match."""
    monkeypatch.setattr(uri_zones, "_SHIFT", shift)
    monkeypatch.setattr(dataset_index, "BATCH", batch)
    monkeypatch.setattr(dataset_index, "_WAIT_SECONDS", 600)
    monkeypatch.setattr(pages, "_FIRST_ROWS", first_rows)
    monkeypatch.setattr(pages, "_LARGE", large)
    monkeypatch.setattr(pages, "_FEW", 30)
