"""Entries of a dataset with what callers have set of them. What was extracted is extracted anew at the other end.

Pages are asked for by the URI behind which they begin, so that a copy goes on from any of them. What is there already
as it should be is left alone: a copy that was ended is begun again, and one that is repeated changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import click
import msgspec

from bindery.cli.client import ApiError
from bindery.cli.copying.endpoints import Endpoint
from bindery.cli.copying.report import Report

FIELDS = ("CustomId", "CustomLabels", "Labels")
FURTHER = (
    "Addresses", "Album", "AlbumArtist", "Artist", "Composer", "ContentType", "FileHash", "LatLong",
    "MediaType", "Performer", "ProduceTime", "Title",
)  # fmt: skip
"""Fields that callers may set and extraction may bring: the API does not tell who did."""
_ASKED = {"Labels": "Labels.LabelName", "Addresses": "Addresses.AddressLine"}
"""Members of arrays that queries know."""
_PAGE = 100
_MOST_BYTES = 32_768
"""Of JSON in one call, which stands in its request line."""

Values = dict[str, Any]


class EntryCopy:
    """Of one dataset. ``bound``: URIs of buckets that the other end reads by itself."""

    def __init__(
        self,
        source: Endpoint,
        target: Endpoint,
        names: Values,
        bound: Collection[str],
        fields: Collection[str],
        report: Report,
    ) -> None:
        self._source, self._target, self._names = source, target, names
        self._fields, self._report = tuple(fields), report
        self._condition = _worth_copying(bound, self._fields)

    def run(self, after: str, tell: Callable[[str, int, int], None]) -> None:
        """From behind a URI; ``tell(uri, done, total)`` after each page."""
        done, total = 0, 0
        while True:
            page, left = self._page_after(after)
            total = total or left
            if not page:
                return
            self._copy(page)
            done, after = done + len(page), page[-1]["URI"]
            tell(after, done, total)

    def _page_after(self, uri: str) -> tuple[list[Values], int]:
        """The next entries, and how many there are from there on."""
        conditions = [{"Field": "URI", "Operation": "gt", "Value": uri}] if uri else []
        answer = self._source.call(
            "SimpleQuery",
            **self._names,
            Query={"Operation": "and", "SubQueries": [*conditions, self._condition]},
            Sort="URI",
            Order="asc",
            MaxResults=_PAGE,
            WithFields=["URI", *self._fields],
        )
        return answer.get("Files", []), answer.get("TotalHits", 0)

    def _copy(self, page: list[Values]) -> None:
        there = self._there([file["URI"] for file in page])
        new, changed = [], []
        for file in page:
            wanted = {
                name: value for name in self._fields if (value := file.get(name)) not in (None, "", [], {})
            }
            found = there.get(file["URI"])
            if found is None:
                new.append({"URI": file["URI"], **wanted})
            elif any(found.get(name) != value for name, value in wanted.items()):
                changed.append({"URI": file["URI"], **wanted})
            else:
                self._report.count("entry", "the same")
        self._write("BatchIndexFileMeta", "to be indexed, with what callers set", new)
        self._write("BatchUpdateFileMeta", "changed", changed)

    def _there(self, uris: list[str]) -> dict[str, Values]:
        found: dict[str, Values] = {}
        for some in _batches(uris):
            try:
                files = self._target.call(
                    "BatchGetFileMeta", **self._names, URIs=some, WithFields=["URI", *self._fields]
                ).get("Files", [])
            except ApiError as error:
                if self._report.dry_run and error.code == "ResourceNotFound":
                    return {}
                raise
            found |= {file["URI"]: file for file in files}
        return found

    def _write(self, action: str, what: str, files: list[Values]) -> None:
        """What one call refuses is tried file by file, so that one bad entry costs no other."""
        if self._report.dry_run:
            self._report.count("entry", what, len(files))
            return
        for some in _batches(files):
            try:
                self._call(action, some)
                self._report.count("entry", what, len(some))
            except ApiError as error:
                if len(some) == 1:
                    self._report.fail(f"entry {some[0]['URI']}", error)
                    continue
                for file in some:
                    self._write(action, what, [file])

    def _call(self, action: str, files: list[Values]) -> None:
        """Raises ApiError, also where only the answer says that a file was refused."""
        answer = self._target.call(action, **self._names, Files=files)
        refused = [file for file in answer.get("Files") or () if file.get("Success") is False]
        if refused:
            raise ApiError(
                action, 400, {"Code": "NotAllWritten", "Message": str(refused[0].get("Message", ""))}
            )


def _worth_copying(bound: Collection[str], fields: Collection[str]) -> Values:
    """Entries that callers have set something of, or that no binding brings."""
    exist = [{"Field": _ASKED.get(name, name), "Operation": "exist"} for name in fields]
    inside = [{"Field": "URI", "Operation": "prefix", "Value": f"{uri.rstrip('/')}/"} for uri in bound]
    outside: Values = {"Field": "URI", "Operation": "exist"}
    if inside:
        either = inside[0] if len(inside) == 1 else {"Operation": "or", "SubQueries": inside}
        outside = {"Operation": "not", "SubQueries": [either]}
    return {"Operation": "or", "SubQueries": [*exist, outside]}


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    """As many as one call takes."""
    batch: list[Any] = []
    size = 0
    for item in items:
        length = len(msgspec.json.encode(item))
        if batch and (len(batch) == _PAGE or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch


class Position(msgspec.Struct):
    """Where a copy is: the datasets that are done, and the URI behind which the present one goes on."""

    source: str
    target: str
    done: list[str]
    dataset: str = ""
    after: str = ""


def check_field(name: str) -> str:
    """Raises ClickException for a field that the API cannot write."""
    if name in (*FIELDS, *FURTHER):
        return name
    raise click.ClickException(
        f"{name} cannot be written by the API; there are: {', '.join((*FIELDS, *FURTHER))}"
    )
