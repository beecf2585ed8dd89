"""What the fork server loads before the first worker: every extractor, the gazetteer, and the borders of zones.

Only the fork server imports this. Workers start with all of it in memory, in a few milliseconds, and share
the pages, so that one more worker costs little and a lost one is replaced at once.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

from bindery.extract.extract import EXTRACTORS
from bindery.extract.places import addresses_near
from bindery.extract.tags.zones import zone_of_place

for _entry in EXTRACTORS:
    import_module(f"bindery.extract.{_entry.module}")
import_module("bindery.extract.job")
import_module("bindery.workers.process")

# There are workers without it all the same; a file with a position then fails with the reason.
with suppress(Exception):
    addresses_near(0.0, 0.0)
with suppress(Exception):
    zone_of_place(0.0, 0.0)
