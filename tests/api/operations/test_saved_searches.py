"""PutSavedSearch, ListSavedSearches and DeleteSavedSearch over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Api

WHOLE = {
    "PutSavedSearch": {"SearchName": "large", "Expression": "Size > 1MB"},
    "ListSavedSearches": {},
    "DeleteSavedSearch": {"SearchName": "large"},
}


@pytest.mark.parametrize("action", WHOLE)
def test_what_is_needed(api: Api, dataset: dict[str, str], action: str) -> None:
    whole: dict[str, Any] = {**dataset, **WHOLE[action]}
    for name in whole:
        rest = {key: value for key, value in whole.items() if key != name}
        assert api.refused(action, **rest)[:2] == (400, f"Missing{name}")
    for name in dataset:
        assert api.refused(action, **whole | {name: "nowhere"})[1] == "ResourceNotFound"


def test_a_life(api: Api, dataset: dict[str, str]) -> None:
    assert api("ListSavedSearches", **dataset) == {"SavedSearches": []}
    assert api("PutSavedSearch", **dataset, SearchName='"><b>', Expression="beach") == {}
    api("PutSavedSearch", **dataset, SearchName="large", Expression="Size > 1MB", PreviousName='"><b>')
    (found,) = api("ListSavedSearches", **dataset)["SavedSearches"]
    assert (found["SearchName"], found["Expression"]) == ("large", "Size > 1MB")
    assert found["UpdateTime"].endswith("+08:00")
    assert api("DeleteSavedSearch", **dataset, SearchName="large") == {}
    assert api("ListSavedSearches", **dataset) == {"SavedSearches": []}


def test_what_is_refused(api: Api, dataset: dict[str, str]) -> None:
    assert api.refused("DeleteSavedSearch", **dataset, SearchName="none")[1] == "ResourceNotFound"
    for name, length in (("SearchName", 129), ("Expression", 8193), ("PreviousName", 129)):
        values = {**dataset, "SearchName": "a", "Expression": "b", name: "x" * length}
        assert api.refused("PutSavedSearch", **values).status == 400
