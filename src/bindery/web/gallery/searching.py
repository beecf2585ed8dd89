"""What the query bar says, as a call of the API: an expression for SimpleQuery, plain words for FuzzyQuery."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from bindery.catalog.query.expression import parse_expression
from bindery.catalog.query.parse import to_simple_query
from bindery.catalog.query.syntax import QueryError

_SIGNS = re.compile(r"[=<>~^()\[\]]")
SORTS = ("ProduceTime", "FileModifiedTime", "Size", "Filename")
FACETS = ("MediaType", "FormatName", "Addresses.Country", "Addresses.City")
"""What the files of a query are counted by."""
_TIE = "URI"
_FIELDS = (
    "URI", "Filename", "MediaType", "ContentType", "Size", "ETag", "ImageWidth", "ImageHeight", "VideoWidth",
    "VideoHeight", "Orientation", "ProduceTime", "Duration",
)  # fmt: skip
"""What a tile of the gallery shows, or needs to know its shape."""


class Search(msgspec.Struct, frozen=True):
    """What a query bar holds. ``query`` is the tree of SimpleQuery; None for all files, or with ``words``."""

    query: dict[str, Any] | None = None
    words: str = ""

    @property
    def action(self) -> str:
        """The operation that answers it."""
        return "FuzzyQuery" if self.words else "SimpleQuery"

    def values(self, sort: str, order: str, size: int, token: str) -> dict[str, Any]:
        """Its parameters, for one page."""
        common = {"MaxResults": size, "NextToken": token or None, "WithFields": list(_FIELDS)}
        common |= {"Sort": f"{sort},{_TIE}", "Order": f"{order},asc"}
        if self.words:
            return common | {"Query": self.words}
        return common | {"Query": self.query, "WithoutTotalHits": True if token else None}

    @property
    def counting(self) -> dict[str, Any]:
        """Parameters of the SimpleQuery that counts its facets: such a call shows no files."""
        return {
            "Query": self.query,
            "Aggregations": [{"Field": each, "Operation": "group"} for each in FACETS],
        }


def read_search(text: str) -> Search:
    """Raises QueryError for what looks like an expression and is none."""
    try:
        node = parse_expression(text)
    except QueryError:
        if _SIGNS.search(text):
            raise
        return Search(words=" ".join(text.split()))
    return Search() if node is None else Search(to_simple_query(node))
