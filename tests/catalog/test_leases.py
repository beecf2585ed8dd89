"""Two servers on one record: who holds a lease commits, who has lost it changes nothing, and reads see all writes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.own_threads import replace_here
from tests.servers.ending import ends_with_us
from tests.servers.fencing import count_commits, fenced_commits, note_commits
from tests.servers.postgresql import Postgresql

from bindery.catalog.index.changes import ChangePage
from bindery.catalog.interface.servers import Lease
from bindery.catalog.record.entries import Entries
from bindery.catalog.record.postgresql.connection import RawConnection
from bindery.catalog.record.servers import OnlyServer
from bindery.catalog.records import BindingState, LeaseLost

from .samples import Place, hits, make_place, scan_of, stop_following, uris, write_of

pytestmark = pytest.mark.server


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.create_schema(f"l{uuid.uuid4().hex}")


@pytest.fixture
def pair(url: str, tmp_path: Path) -> Iterator[tuple[PostgresqlCatalog, PostgresqlCatalog]]:
    first = PostgresqlCatalog(url, tmp_path / "first", account_id="1")
    second = PostgresqlCatalog(url, tmp_path / "second", account_id="1")
    yield first, second
    assert first.close()
    assert second.close()


@pytest.fixture
def place(pair: tuple[PostgresqlCatalog, PostgresqlCatalog]) -> Place:
    return make_place(pair[0])


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_lease_is_held_by_one_until_he_gives_it_back(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place
) -> None:
    first, second = pair
    lease = first.servers.take("binding/1")
    assert lease is not None
    assert second.servers.take("binding/1") is None
    assert first.servers.keep("binding/1", lease) == lease
    survey = second.servers.survey("binding/")
    assert survey.servers == (first.servers.id, second.servers.id)
    assert survey.leases["binding/1"].server == first.servers.id
    second.servers.ask("binding/1")
    assert second.servers.survey("binding/").leases["binding/1"].asked == 1
    first.servers.give_back(lease)
    taken = second.servers.take("binding/1")
    assert taken is not None
    assert taken.fence > lease.fence
    assert first.servers.keep("binding/1", lease) is None


_KILLED = """
import sys, time
from pathlib import Path
from bindery.log import configure_logging
from bindery.tasks.outcomes import new_task
from tests.catalog.postgresql_catalog import PostgresqlCatalog
configure_logging("info", "json")
catalog = PostgresqlCatalog(sys.argv[1], Path(sys.argv[2]), account_id="1")
assert catalog.servers.take("binding/1")
catalog.task_queue.add_taken(new_task("T", "p"), owner=catalog.servers.name, seconds=3600)
print(catalog.servers.name, flush=True)
time.sleep(3600)
"""


def test_what_a_killed_server_held_is_free_once_its_data_folder_has_another(
    url: str, tmp_path: Path
) -> None:
    """No other one may think so before its leases have ended."""
    folder = tmp_path / "data"
    child = subprocess.Popen(
        ends_with_us([sys.executable, "-c", _KILLED, url, folder]), stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    name = child.stdout.readline().strip()
    assert name
    other = PostgresqlCatalog(url, tmp_path / "other", account_id="1")
    child.kill()
    child.communicate()
    execute(url, "UPDATE server SET until = until + 3600000")  # as if that took an hour
    assert other.servers.take("binding/1") is None
    other.task_queue.end_leases_of_gone(other.servers.name)
    assert other.task_queue.take("other", ["T"], seconds=60) is None
    again = PostgresqlCatalog(url, folder, account_id="1")
    assert (again.servers.former, other.servers.former) == (name, "")
    lease = again.servers.take("binding/1")
    assert lease is not None
    assert lease.fence == 2
    again.task_queue.end_leases_of_gone(again.servers.name)
    assert other.task_queue.take("other", ["T"], seconds=60) is not None
    assert again.servers.survey("").servers == (other.servers.id, again.servers.id)
    assert again.close()
    assert other.close()


def test_who_is_not_gone_takes_part_again(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], url: str, tmp_path: Path
) -> None:
    """A copy of its data folder says that it was: it keeps what nobody has taken, and commits nothing of the rest."""
    first, second = pair
    kept, lost = first.servers.take("binding/1"), first.servers.take("binding/2")
    assert kept is not None
    assert lost is not None
    first.servers._stop.set()  # its next heartbeat is made below
    first.servers._thread.join()
    copied = tmp_path / "copied"
    copied.mkdir()
    (copied / "server-name").write_text(first.servers.name)
    third = PostgresqlCatalog(url, copied, account_id="1")
    assert third.servers.take("binding/2") is not None
    first.servers._beat()
    assert first.servers.id in second.servers.survey("").servers
    assert first.servers.keep("binding/1", kept) == kept
    assert first.servers.keep("binding/2", lost) is None
    assert third.close()


def test_who_has_lost_the_lease_commits_nothing(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place, url: str
) -> None:
    first, second = pair
    lease = first.servers.take("binding/1")
    with first.servers.working(lease):
        first.bindings.commit(scan_of(place, "a"))
    execute(url, f"UPDATE lease SET server = {second.servers.id}, fence = fence + 1")  # a takeover
    writes = (
        lambda: first.bindings.commit(scan_of(place, "b")),
        lambda: first.bindings.update(place.binding.id, lambda held: held),
        lambda: first.changes.settle(place.binding.id, []),
        lambda: first.changes.add({place.binding.id: ["x"]}),
        lambda: first.tombstones.purge(place.binding.id, before=0, limit=1),
        lambda: first.files.write(place.dataset.id, [write_of("c")]),
    )
    with first.servers.working(lease):
        for write in writes:
            with pytest.raises(LeaseLost, match="taken over"):
                write()
    assert uris(second, place.dataset) == ["oss://bucket/a"]
    assert second.changes.waiting() == []
    first.bindings.commit(scan_of(place, "by a call"))  # which works under no lease


def test_postgresql_notes_a_commit_of_who_has_lost_the_lease(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog],
    place: Place,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What tests of servers rely on: it is seen when a server does not compare its number, or works without one."""
    first, second = pair
    note_commits(url)
    name = f"binding/{place.binding.id}"
    lease = first.servers.take(name)
    assert lease is not None
    with first.servers.working(lease):
        first.bindings.commit(scan_of(place, "a"))
    first.servers.give_back(lease)
    taken = second.servers.take(name)
    assert taken is not None
    with second.servers.working(taken):
        second.bindings.commit(scan_of(place, "b"))
    assert fenced_commits(url) == []
    assert count_commits(url) == (2, 2)

    def believe(raw: RawConnection, lease: Lease) -> bool:
        raw.execute("SELECT set_config('bindery.lease', %s, true)", (f"{lease.name} {lease.fence}",))
        return True

    monkeypatch.setattr(first.servers, "check", believe)
    with first.servers.working(lease):
        first.bindings.commit(scan_of(place, "c"))
    with first.servers.working(taken):  # the number of another server
        first.bindings.commit(scan_of(place, "d"))
    second.bindings.commit(scan_of(place, "e"))  # without any
    assert [(row[0], row[2]) for row in fenced_commits(url)] == [
        (name, f"{name} {lease.fence}"),
        (name, f"{name} {taken.fence}"),
        (name, ""),
    ]


def test_a_takeover_waits_for_the_commit_under_way(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place
) -> None:
    first, second = pair
    lease = first.servers.take("binding/1")
    revoked = threading.Event()

    def revoke() -> None:
        second.servers.revoke("binding/1")
        revoked.set()

    with first.servers.working(lease), first._database.transaction(alone=False):
        other = threading.Thread(target=revoke)
        other.start()
        assert not revoked.wait(0.3)
    other.join(60)
    assert revoked.is_set()
    with pytest.raises(LeaseLost), first.servers.working(lease):
        first.bindings.commit(scan_of(place, "late"))


def test_commits_of_different_datasets_do_not_wait_for_each_other(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place
) -> None:
    first, second = pair
    other = make_place(second, "other", bucket="other")
    with first._database.transaction(alone=False) as connection:
        list(first._entries._draw_numbers(connection, place.dataset.id, 1))
        done = threading.Thread(target=lambda: second.bindings.commit(scan_of(other, "x")))
        done.start()
        done.join(60)
        assert not done.is_alive()
        assert uris(first, other.dataset) == ["oss://other/x"]


def test_reads_see_what_the_other_server_has_written(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place
) -> None:
    first, second = pair
    for number in range(10):
        writer, reader = (first, second) if number % 2 else (second, first)
        writer.bindings.commit(scan_of(place, f"key {number}"))
        assert len(uris(reader, place.dataset)) == number + 1
        state = (BindingState.RUNNING, BindingState.STOPPED)[number % 2]
        writer.bindings.update(
            place.binding.id, lambda held, state=state: msgspec.structs.replace(held, state=state)
        )
        assert reader.bindings.get("place", "place", "bucket").state is state
        writer.projects.update(
            "place", lambda held, number=number: msgspec.structs.replace(held, description=str(number))
        )
        assert reader.projects.get("place").description == str(number)
    assert first.access_version() == second.access_version()


def test_removed_entries_are_kept_until_every_index_has_seen_them(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place, url: str
) -> None:
    first = pair[0]
    first.bindings.commit(scan_of(place, "a", "b"))
    for catalog in pair:
        assert len(uris(catalog, place.dataset)) == 2
    first.files.delete(place.dataset.id, ["oss://bucket/a"])
    for catalog in pair:
        assert uris(catalog, place.dataset) == ["oss://bucket/b"]
    # both followers see it and the last of them has it forgotten
    wait_for(lambda: first._entries.purged_sequence(place.dataset.id) > 0)
    for catalog in pair:
        assert uris(catalog, place.dataset) == ["oss://bucket/b"]


def test_an_index_that_has_missed_removals_is_built_anew(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place, url: str
) -> None:
    """The other server was away for longer than removed entries are kept."""
    first, second = pair
    first.bindings.commit(scan_of(place, "a", "b"))
    assert len(uris(second, place.dataset)) == 2
    stop_following(second)
    first.files.delete(place.dataset.id, ["oss://bucket/b"])
    execute(
        url,
        "DELETE FROM file WHERE document IS NULL; UPDATE dataset SET purged = newest",
    )
    assert uris(second, place.dataset) == ["oss://bucket/a"]


def test_removals_that_are_forgotten_while_a_server_is_suspended_are_not_missed(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog],
    place: Place,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was suspended right before it looked at the record, after it had seen that nothing was missed."""
    first, second = pair
    for catalog in pair:
        stop_following(catalog)
    first.bindings.commit(scan_of(place, "a", "b"))
    assert hits(second, place, "URI") == 2
    first.bindings.commit(scan_of(place, "c"))
    changes_after, looks = Entries.changes_after, 0

    def remove_before(self: Entries, *values: int) -> ChangePage:
        nonlocal looks
        looks += 1
        if looks == 1:
            first.files.delete(place.dataset.id, ["oss://bucket/a"])
            first.bindings.commit(scan_of(place, "d"))
            execute(url, "UPDATE dataset SET purged = newest; DELETE FROM file WHERE document IS NULL")
        return changes_after(self, *values)

    replace_here(monkeypatch, Entries, "changes_after", remove_before)
    assert hits(second, place, "URI") == 3


def test_a_server_without_heartbeat_is_not_alive_and_what_it_locks_is_freed(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], place: Place, url: str
) -> None:
    first, second = pair
    lease = first.servers.take("binding/1")
    assert lease is not None
    first.servers._stop.set()  # its heart stands still, as in a process that was stopped
    first.servers._thread.join(60)
    first._database.lent().__enter__().execute(
        "BEGIN; SELECT 1 FROM lease WHERE name = 'binding/1' FOR SHARE"
    )
    taken = None
    deadline = time.monotonic() + 60
    while taken is None and time.monotonic() < deadline:
        taken = second.servers.take("binding/1")
        time.sleep(0.05)
    assert taken is not None
    assert first.servers.id in second.servers.survey("").left
    with first.servers.working(lease), pytest.raises(LeaseLost):
        first.bindings.commit(scan_of(place, "late"))


def test_what_is_told_is_heard_also_after_the_connection_was_cut(
    pair: tuple[PostgresqlCatalog, PostgresqlCatalog], postgresql: Postgresql
) -> None:
    first, second = pair
    heard: list[str] = []
    second.servers.listen(heard.append)
    first.servers.tell("one")
    wait_for(lambda: "one" in heard)
    execute(
        postgresql.url(),
        f"SELECT pg_terminate_backend({second.servers._raw.info.backend_pid})",
    )
    wait_for(lambda: "" in heard)
    wait_for(lambda: (first.servers.tell("two"), "two" in heard)[1])


def test_where_there_is_one_server_all_is_its_own() -> None:
    only = OnlyServer()
    lease = only.take("anything")
    assert lease is not None
    assert only.keep("anything", lease) == lease
    only.revoke("anything")
    assert only.survey("").servers == (only.id,)
    with only.working(lease):
        pass
