"""Calls that come at the same time are told to the record together, and each has its own answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection

import msgspec
import pytest
from tests.api.conftest import Api

from bindery.api.gateway.authentication import Proof
from bindery.api.gateway.shared_nonces import NonceBatches
from bindery.catalog.interface.nonces import NonceUse, Taken
from bindery.catalog.records import CatalogUnusable


class Record:
    """Stands in for a PostgreSQL that is slow, or away, when a test wants it to be."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.taken: set[int] = set()
        self.free = threading.Event()
        self.free.set()
        self.failure: Exception | None = None

    def take(self, uses: Collection[NonceUse]) -> Taken:
        self.batches.append(len(uses))
        assert self.free.wait(60)
        if self.failure is not None:
            raise self.failure
        new = frozenset(use for use in uses if use.digest not in self.taken)
        self.taken |= {use.digest for use in uses}
        return Taken(new, 5)


@pytest.fixture
def proof(api: Api) -> Proof:
    return Proof(api.context.identities.find("root"), "none", 1_900_000_000)


def named(proof: Proof, nonce: str) -> Proof:
    return msgspec.structs.replace(proof, nonce=nonce)


async def until(condition: object) -> None:
    while not callable(condition) or not condition():
        await asyncio.sleep(0.001)


def test_what_comes_meanwhile_is_told_together(proof: Proof) -> None:
    record = Record()
    batches = NonceBatches(record)

    async def run() -> list[int | None]:
        record.free.clear()
        first = asyncio.ensure_future(batches.use(named(proof, "first")))
        await until(lambda: record.batches == [1])
        rest = [asyncio.ensure_future(batches.use(named(proof, f"n{each}"))) for each in range(600)]
        await asyncio.sleep(0)
        record.free.set()
        return await asyncio.gather(first, *rest)

    assert asyncio.run(run()) == [5] * 601
    assert record.batches == [1, 512, 88]
    again = [asyncio.run(batches.use(named(proof, nonce))) for nonce in ("n3", "new")]
    assert again == [None, 5]
    batches.pool.close(10)


def test_a_client_that_goes_away_takes_nobody_with_it(proof: Proof) -> None:
    record = Record()
    batches = NonceBatches(record)

    async def run() -> int | None:
        record.free.clear()
        gone, stays = (asyncio.ensure_future(batches.use(named(proof, name))) for name in ("gone", "stays"))
        await until(lambda: record.batches == [2])
        gone.cancel()
        record.free.set()
        return await stays

    assert asyncio.run(run()) == 5
    assert len(record.taken) == 2, "the nonce of a call that may have been heard is used up"
    batches.pool.close(10)


def test_when_the_record_is_away_all_are_told_so_and_later_ones_ask_again(proof: Proof) -> None:
    record = Record()
    record.failure = CatalogUnusable("away")
    batches = NonceBatches(record)

    async def fail() -> list[BaseException | int | None]:
        waiting = [batches.use(named(proof, name)) for name in "abc"]
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(each) for each in asyncio.run(fail())] == [CatalogUnusable] * 3
    record.failure = None
    assert asyncio.run(batches.use(named(proof, "d"))) == 5
    batches.pool.close(10)
    with pytest.raises(Exception, match="shutting down"):
        asyncio.run(batches.use(named(proof, "e")))


def test_a_record_that_answers_nothing_is_not_waited_for_for_ever(proof: Proof) -> None:
    record = Record()
    batches = NonceBatches(record, seconds=0.01)

    async def run() -> int | None:
        record.free.clear()
        for name in ("told", "not told", "not told"):
            with pytest.raises(CatalogUnusable, match="has not answered"):
                await batches.use(named(proof, name))
        await until(lambda: record.batches == [1])
        record.free.set()
        batches.seconds = 60
        return await batches.use(named(proof, "not told"))

    assert asyncio.run(run()) == 5
    assert len(record.taken) == 2
    batches.pool.close(10)


def test_the_digest_is_of_key_and_nonce(proof: Proof) -> None:
    record = Record()
    batches = NonceBatches(record)
    other = msgspec.structs.replace(proof.identity, key_id="other")

    async def run() -> list[int | None]:
        uses = [named(proof, "a"), msgspec.structs.replace(named(proof, "a"), identity=other)]
        return [await batches.use(use) for use in (*uses, *uses)]

    assert asyncio.run(run()) == [5, 5, None, None]
    batches.pool.close(10)
