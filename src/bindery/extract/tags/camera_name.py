"""What people call a camera: its maker and model in one name, without saying the maker twice.

Makers write themselves in many ways (``NIKON CORPORATION``, ``OLYMPUS IMAGING CORP.``), and some put their name before
the model too (``Canon EOS 5D``), as EXIF 2.32 section 4.6.4 (Make, Model) leaves open.
"""

from __future__ import annotations

from functools import lru_cache

_LONGEST = 128
_CORPORATE = frozenset(
    (
        "ag", "camera", "co", "communications", "company", "computer", "corp", "corporation", "electric", "electronics",
        "gmbh", "imaging", "inc", "limited", "llc", "ltd", "mobile", "optical", "techwin", "technologies", "technology",
    )
)  # fmt: skip
"""Words behind the name of a maker that people leave out."""


def camera_name(make: str, model: str) -> str:
    """The name; empty when the model is not told."""
    make, model = make.strip(), model.strip()
    return _name(make, model) if model and len(make) + len(model) <= _LONGEST else model[:_LONGEST]


@lru_cache(maxsize=1024)
def _name(make: str, model: str) -> str:
    words = make.replace(",", " ").split()
    first = model.replace("_", " ").replace("-", " ").split()[:1]
    spoken = {word.strip(".").casefold() for word in words}
    if first and first[0].casefold() in spoken:
        return model
    while len(words) > 1 and words[-1].strip(".").casefold() in _CORPORATE:
        words.pop()
    return " ".join([*words, model])
