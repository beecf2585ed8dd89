"""The books against a count of the rows they describe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sync_room import check_balance

from bindery.catalog.records import LedgerEntry, Outcome, Progress
from bindery.sync.books import after_changes, begin_listing, finish_listing, is_live, with_in_flight

PRESENT = [Outcome.INDEXED, Outcome.FAILED, Outcome.PENDING, Outcome.EXCLUDED]


def row(key: str, outcome: Outcome) -> LedgerEntry:
    return LedgerEntry(key=key, etag="e", size=1, modified_ns=0, outcome=outcome)


@given(
    st.lists(
        st.one_of(
            st.just("listing"),
            st.lists(
                st.tuples(st.sampled_from("abcdef"), st.sampled_from(Outcome)),
                max_size=6,
                unique_by=lambda t: t[0],
            ),
        ),
        max_size=30,
    )
)
def test_books_equal_the_rows_after_any_commits(commits: list) -> None:
    books = Progress()
    rows: dict[str, LedgerEntry] = {}
    for commit in commits:
        if commit == "listing":
            books = begin_listing(books)
            assert (books.indexed, books.deleted) == (0, 0)
        else:
            wanted = [
                (key, outcome)
                for key, outcome in commit
                if outcome is not Outcome.DELETED or is_live(rows.get(key))
            ]
            books = after_changes(
                books, [(rows.get(key), outcome) for key, outcome in wanted], bytes_read=3
            )
            rows.update((key, row(key, outcome)) for key, outcome in wanted)
        check_balance(books)
        live = [entry.outcome for entry in rows.values() if is_live(entry)]
        assert books.listed == len(live)
        assert books.indexed + books.unchanged == live.count(Outcome.INDEXED)
        assert (books.failed, books.pending, books.excluded) == tuple(
            live.count(outcome) for outcome in (Outcome.FAILED, Outcome.PENDING, Outcome.EXCLUDED)
        )


def test_what_was_indexed_is_unchanged_for_the_next_listing() -> None:
    books = after_changes(Progress(), [(None, outcome) for outcome in (*PRESENT, Outcome.INDEXED)])
    books = begin_listing(books)
    assert (books.listed, books.indexed, books.unchanged, books.failed, books.pending, books.excluded) == (
        5,
        0,
        2,
        1,
        1,
        1,
    )
    books = after_changes(books, [(row("a", Outcome.INDEXED), Outcome.INDEXED)])
    assert (books.listed, books.indexed, books.unchanged) == (5, 1, 1)
    assert finish_listing(books, 99).last_complete_listing == 99


def test_objects_in_flight_are_pending() -> None:
    books = after_changes(Progress(), [(None, Outcome.INDEXED), (None, Outcome.PENDING)])
    live = with_in_flight(books, 5, 123)
    check_balance(live)
    assert (live.listed, live.pending, live.oldest_pending_change) == (7, 6, 123)


def test_removals_are_counted_until_the_next_listing() -> None:
    books = after_changes(Progress(), [(None, Outcome.INDEXED)])
    books = after_changes(books, [(row("a", Outcome.INDEXED), Outcome.DELETED)])
    assert (books.listed, books.deleted) == (0, 1)
    assert begin_listing(books).deleted == 0
