"""How the vendor's clients spell the names of the API in each language."""

from __future__ import annotations

import keyword
import re

_WORD_ENDS = re.compile(r"([a-z])([A-Z0-9])")


def snake(name: str) -> str:
    """``WithoutTotalHits`` as Python's clients have it: ``without_total_hits``; ``ContentMd5`` is ``content_md_5``."""
    return _WORD_ENDS.sub(r"\1_\2", name).lower()


def attribute(name: str) -> str:
    """The same as an argument, which must be no word of the language."""
    word = snake(name)
    return word + "_" if keyword.iskeyword(word) else word


def lower_first(name: str) -> str:
    """``ProjectName`` as ``projectName``; names that begin with several capitals, as ``URI``, stay."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
