"""Nonces of servers that share a record: each is taken once by all of them, whatever connections and clocks do."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from tests.catalog.postgresql_catalog import PostgresqlCatalog
from tests.servers.postgresql import Postgresql

from bindery.catalog.access_records import Group
from bindery.catalog.interface.nonces import NonceUse, SharedNonces
from bindery.catalog.record.postgresql.connection import RawConnection
from bindery.catalog.record.postgresql.nonces import PARTS, SPAN_SECONDS, PostgresqlNonces
from bindery.catalog.record.servers import OnlyServer
from bindery.catalog.records import CatalogError, CatalogUnusable

from .samples import make_place

pytestmark = pytest.mark.server
Pair = tuple[PostgresqlCatalog, PostgresqlCatalog]
_Answer = TypeVar("_Answer")


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.create_schema(f"n{uuid.uuid4().hex}")


@pytest.fixture
def pair(url: str, tmp_path: Path) -> Iterator[Pair]:
    first = PostgresqlCatalog(url, tmp_path / "first", account_id="1")
    second = PostgresqlCatalog(url, tmp_path / "second", account_id="1")
    yield first, second
    assert first.close()
    assert second.close()


def nonces_of(catalog: PostgresqlCatalog) -> SharedNonces:
    nonces = catalog.servers.nonces
    assert nonces is not None
    return nonces


def use(digest: int, seconds: int = 900) -> NonceUse:
    return NonceUse(digest, int(time.time()) + seconds)


def execute(url: str, statement: str) -> list[tuple[int, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_a_nonce_is_new_to_one_server_alone(pair: Pair) -> None:
    first, second = map(nonces_of, pair)
    uses = [use(1), use(-(2**63)), use(2**63 - 1), use(2, seconds=3_700), use(3, seconds=0)]
    assert first.take(uses).new == frozenset(uses)
    other = use(4)
    assert second.take([*uses, other]).new == frozenset([other])
    assert first.take([other]).new == frozenset()


def test_of_servers_that_take_the_same_nonces_at_the_same_time_one_has_each(pair: Pair) -> None:
    """In other orders and other batches: they neither both have one nor wait for each other in a ring."""
    found: Counter[int] = Counter()
    failures: list[Exception] = []
    lock = threading.Lock()
    expires = int(time.time()) + 900

    def take(nonces: SharedNonces, size: int) -> None:
        order = range(400) if size % 2 else range(399, -1, -1)
        digests = list(order)
        try:
            for at in range(0, 400, size):
                new = nonces.take([NonceUse(digest, expires) for digest in digests[at : at + size]]).new
                with lock:
                    found.update(each.digest for each in new)
        except CatalogError as error:
            failures.append(error)

    threads = [
        threading.Thread(target=take, args=(nonces_of(catalog), size))
        for catalog in pair
        for size in (40, 25, 80)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert found == Counter(range(400))


def test_the_version_of_access_is_as_new_as_the_uses(pair: Pair) -> None:
    first, second = pair
    before = nonces_of(first).take([use(1)]).access_version
    second.groups.create(Group(name="friends"))
    assert nonces_of(first).take([use(2)]).access_version == before + 1 == first.access_version()


def test_what_was_told_before_the_connection_was_lost_is_new_when_it_is_told_again(pair: Pair) -> None:
    read = pair[0]._database.read

    def twice(ask: Callable[[RawConnection], _Answer]) -> _Answer:
        """As when the answer to the first statement never came."""
        read(ask)
        return read(ask)

    uses = [use(1), use(2)]
    assert PostgresqlNonces(twice).take(uses).new == frozenset(uses)
    assert nonces_of(pair[0]).take(uses).new == frozenset()
    assert PostgresqlNonces(twice).take(uses).new == frozenset()


def test_what_has_expired_makes_room(pair: Pair, url: str) -> None:
    """The tables take turns, and what is kept of one that was not emptied harms nothing."""
    first = nonces_of(pair[0])
    assert first.take([use(1, seconds=0)]).new
    (span,) = (row[0] for row in execute(url, "SELECT span FROM nonce_span WHERE span <> -1"))
    old = span - 2
    execute(url, f"UPDATE nonce_span SET span = {old} WHERE part = {old % PARTS}")
    execute(url, f"INSERT INTO nonce_{old % PARTS} VALUES (7, 7)")
    reader = psycopg.connect(url)
    reader.execute(f"SELECT * FROM nonce_{old % PARTS}".encode())  # as a backup holds it, for hours
    later = use(2, seconds=SPAN_SECONDS)
    assert first.take([later]).new == {later}
    held = dict(execute(url, "SELECT part, span FROM nonce_span WHERE span <> -1"))
    assert old not in held.values()
    assert execute(url, f"SELECT count(*) FROM nonce_{old % PARTS}") == [(1,)]
    reader.close()
    execute(url, f"UPDATE nonce_span SET span = {old} WHERE part = {old % PARTS}")
    assert first.take([use(3, seconds=3 * SPAN_SECONDS)]).new
    assert execute(url, f"SELECT count(*) FROM nonce_{old % PARTS}") == [(0,)]


def test_a_user_who_could_not_make_room_is_told_so_at_the_start(url: str, tmp_path: Path) -> None:
    """Not hours later, by every call."""
    assert PostgresqlCatalog(url, tmp_path / "owner", account_id="1").close()
    schema, role = url.rpartition("%3D")[2], f"r{uuid.uuid4().hex}"
    for statement in (
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    ):
        execute(url, statement)
    others = url.replace("bindery@", f"{role}@")
    with pytest.raises(CatalogUnusable, match=r"TRUNCATE.*nonce_0"):
        PostgresqlCatalog(others, tmp_path / "other", account_id="1")
    for part in range(PARTS):
        execute(url, f"GRANT TRUNCATE ON nonce_{part} TO {role}")
    other = PostgresqlCatalog(others, tmp_path / "other", account_id="1")
    assert nonces_of(other).take([use(1)]).new
    assert other.close()


def test_a_clock_of_postgresql_that_was_ahead_is_no_hindrance_once_it_is_right(
    pair: Pair, url: str
) -> None:
    """As when it is set back by hours: the tables are held by spans that are still to come."""
    first, second = map(nonces_of, pair)
    assert first.take([use(1)]).new
    (span,) = (row[0] for row in execute(url, "SELECT span FROM nonce_span WHERE span <> -1"))
    for ahead in range(28, 28 + PARTS):
        part = (span + ahead) % PARTS
        execute(url, f"UPDATE nonce_span SET span = {span + ahead} WHERE part = {part}")
    uses = [use(2), use(3, seconds=3_700)]
    assert first.take(uses).new == frozenset(uses)
    assert second.take(uses).new == frozenset()


def test_a_server_whose_clock_is_far_away_takes_nothing(pair: Pair) -> None:
    """It could accept what was forgotten, or have what others need forgotten."""
    first = nonces_of(pair[0])
    for seconds in (-2 * SPAN_SECONDS, 6 * SPAN_SECONDS, -10_000_000, 10_000_000):
        with pytest.raises(CatalogUnusable, match="clock"):
            first.take([use(1, seconds=seconds)])
    assert first.take([use(1)]).new


def test_a_crash_of_postgresql_forgets_none_that_it_has_written(tmp_path: Path) -> None:
    with Postgresql() as server:
        catalog = PostgresqlCatalog(server.create_schema("crash"), tmp_path, account_id="1")
        uses = [use(number) for number in range(50)]
        assert nonces_of(catalog).take(uses).new == frozenset(uses)
        make_place(catalog)  # a commit that waits for the disk has all before it written, too
        server.kill()
        server.start()
        deadline = time.monotonic() + 60
        while True:
            try:
                assert nonces_of(catalog).take(uses).new == frozenset()
                break
            except CatalogError:
                assert time.monotonic() < deadline
        assert catalog.close()


def test_while_postgresql_is_away_nothing_is_taken(tmp_path: Path) -> None:
    with Postgresql() as server:
        catalog = PostgresqlCatalog(server.create_schema("away"), tmp_path, account_id="1")
        server.kill()
        with pytest.raises(CatalogUnusable, match="cannot be reached"):
            nonces_of(catalog).take([use(1)])
        catalog.close()
        with pytest.raises(CatalogUnusable, match="closed"):
            nonces_of(catalog).take([use(1)])


def test_a_record_of_one_server_has_none(url: str, tmp_path: Path) -> None:
    catalog = PostgresqlCatalog(url, tmp_path, alone=True, account_id="1")
    assert catalog.servers.nonces is None
    assert OnlyServer().nonces is None
    assert catalog.close()
