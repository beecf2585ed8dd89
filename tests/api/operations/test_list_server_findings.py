"""ListServerFindings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.api.conftest import Api

from bindery.api import inspection as inspection_module
from bindery.api.inspection import Inspection
from bindery.doctor import Finding, Verdict


@pytest.fixture
def looked(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each look of the server, which finds one thing wrong."""
    looks: list[str] = []

    def examine() -> Iterator[Finding]:
        looks.append("look")
        yield Finding("disk", Verdict.OK, "much room")
        yield Finding("bucket photos", Verdict.FAILURE, "ends with token=abcdefgh12345678", "mend it")

    monkeypatch.setattr(api.context.inspection, "_examine", examine)
    monkeypatch.setattr(api.context.inspection, "_found_at", 0.0)
    return looks


def test_what_is_found_and_what_to_do(api: Api, looked: list[str]) -> None:
    assert api("ListServerFindings") == {
        "ServerFindings": [
            {"Subject": "disk", "Verdict": "ok", "Seen": "much room", "Advice": ""},
            {
                "Subject": "bucket photos",
                "Verdict": "failure",
                "Seen": "ends with token=hidden",
                "Advice": "mend it",
            },
        ]
    }


def test_many_calls_are_one_look(api: Api, looked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection_module, "_FRESH_SECONDS", 3_600.0)
    for _ in range(5):
        api("ListServerFindings")
    assert looked == ["look"]
    monkeypatch.setattr(inspection_module, "_FRESH_SECONDS", -1.0)
    api("ListServerFindings")
    assert looked == ["look", "look"]


def test_a_look_that_fails_is_made_again() -> None:
    answers: list[Any] = [OSError("no"), ()]

    def examine() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    inspection = Inspection(examine=examine)
    with pytest.raises(OSError, match="no"):
        inspection.findings()
    assert inspection.findings() == ()


def test_without_anybody_who_looks_nothing_is_found(make_api: Callable[..., Api]) -> None:
    assert make_api()("ListServerFindings") == {"ServerFindings": []}
