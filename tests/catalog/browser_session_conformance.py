"""What every catalog must do with the sessions of browsers."""

from __future__ import annotations

from bindery.catalog.access_records import BrowserSession
from bindery.catalog.catalog import Catalog


def session(number: int, holder: str = "acs:ram::1:root", time: int = 1) -> BrowserSession:
    return BrowserSession(
        bytes([number]) * 32, "LTAI", holder, time, time, "127.0.0.1", "Browser \U0001f600"
    )


class BrowserSessionConformance:
    def test_a_life(self, catalog: Catalog) -> None:
        sessions = catalog.browser_sessions
        sessions.create(session(1), most=5)
        assert sessions.find(b"\1" * 32) == session(1)
        assert sessions.find(b"\2" * 32) is None
        sessions.note_use(b"\1" * 32, 9)
        sessions.note_use(b"\1" * 32, 4)
        sessions.note_use(b"\2" * 32, 4)
        found = sessions.find(b"\1" * 32)
        assert found is not None
        assert (found.create_time, found.use_time) == (1, 9)
        sessions.end(b"\1" * 32)
        sessions.end(b"\1" * 32)
        assert sessions.find(b"\1" * 32) is None

    def test_the_newest_of_a_holder_stay(self, catalog: Catalog) -> None:
        sessions = catalog.browser_sessions
        for number in range(1, 6):
            sessions.create(session(number, time=number), most=3)
        sessions.create(session(9, "acs:ram::1:user/else"), most=3)
        assert [each.create_time for each in sessions.list("acs:ram::1:root")] == [5, 4, 3]
        assert [each.create_time for each in sessions.list("acs:ram::1:root", limit=1)] == [5]
        assert len(sessions.list("acs:ram::1:user/else")) == 1

    def test_ending_all_of_one_holder(self, catalog: Catalog) -> None:
        sessions = catalog.browser_sessions
        for number, holder in ((1, "a"), (2, "a"), (3, "b")):
            sessions.create(session(number, holder), most=9)
        assert sessions.end_all("a") == 2
        assert sessions.end_all("a") == 0
        assert len(sessions.list("b")) == 1

    def test_what_nobody_uses_is_forgotten_by_pages(self, catalog: Catalog) -> None:
        sessions = catalog.browser_sessions
        for number in range(1, 8):
            sessions.create(session(number, time=number), most=9)
        assert sessions.forget(before=6, limit=3) == 3
        assert sessions.forget(before=6, limit=3) == 2
        assert sessions.forget(before=6, limit=3) == 0
        assert [each.create_time for each in sessions.list("acs:ram::1:root")] == [7, 6]
