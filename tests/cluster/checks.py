"""What must hold on a cluster whatever happened, and ways to make things happen."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.cluster.writer import OWNERS, PLAIN, number, write_version
from tests.conformance.tables import CLAIMS, HEADS, LINES, Claim
from venire.storage.engines.cql_driver import InDoubtError

KEYSPACE = "faults"


async def told(storage):
    """The numbers told for each aggregate, in order."""
    heard: dict[str, list[int]] = {}
    after = 0
    while page := await storage.tail(after):
        for envelope in page:
            heard.setdefault(envelope.aggregate, []).append(envelope.event.case_id)
        after = page[-1].sequence
    return heard


async def soon(check):
    """Wait until a check passes: what others do is seen a moment later."""
    async with asyncio.timeout(10):
        while not await check():  # noqa: ASYNC110 - it has no event for this
            await asyncio.sleep(0.05)


async def check_whole(storage, acknowledged):
    """Every version is there with its line, its name and its event, or not at all."""
    for owner in OWNERS:
        head = await storage.get(HEADS, (owner,))
        last = 0 if head is None else head.version
        versions = list(range(1, last + 1))
        lines = await storage.range(LINES, (owner,), limit=10**6, reverse=True)
        assert [line.at_ms for line in lines] == versions
        names = await storage.get_many(CLAIMS, [(f"{owner}-{n}",) for n in (*versions, last + 1)])
        assert names == [Claim(f"{owner}-{n}", owner) for n in versions] + [None]
        assert {n for o, n in acknowledged if o == owner} <= set(versions)
    lines = await storage.range(LINES, (PLAIN,), limit=10**6, reverse=True)
    plain = {line.at_ms for line in lines}
    assert len(lines) == 2 * len(plain)
    assert {n for owner, n in acknowledged if owner == PLAIN} <= plain
    return plain


async def check_told(storage, plain):
    """Every event is told, those of an owner in order (twice at worst)."""
    heard = await told(storage)
    for owner in OWNERS:
        head = await storage.get(HEADS, (owner,))
        first_times = list(dict.fromkeys(heard.get(f"owner:{owner}", [])))
        last = 0 if head is None else head.version
        assert first_times == [number(owner, n) for n in range(1, last + 1)]
    assert set(heard.get(f"owner:{PLAIN}", [])) == {number(PLAIN, n) for n in plain}


@contextlib.contextmanager
def dying(storage):
    """Commits end here as in a process that dies once its first row has moved."""

    async def die(*_arguments):
        raise asyncio.CancelledError

    finish, storage._commits.finish = storage._commits.finish, die
    try:
        yield
    finally:
        storage._commits.finish = finish


async def leave_half_done(storage, owner=1, version=1):
    """Move a head and no more: its intent is all that is left of the commit."""
    with dying(storage), pytest.raises(asyncio.CancelledError):
        await write_version(storage, owner, version)


class Lossy:
    """A driver whose next transactions or batches are not answered, done or not."""

    def __init__(self, driver, losses):
        self._driver = driver
        self._losses = list(losses)

    def __getattr__(self, name):
        return getattr(self._driver, name)

    async def _lose(self, act):
        loss = self._losses.pop(0) if self._losses else None
        if loss == "before":
            raise InDoubtError("WriteTimeout")
        answer = await act
        if loss == "after":
            raise InDoubtError("WriteTimeout")
        return answer

    async def cas(self, text, values):
        return await self._lose(self._driver.cas(text, values))

    async def batch(self, writes, at_us, *, logged=True):
        return await self._lose(self._driver.batch(writes, at_us, logged=logged))


def lose(storage, where, *losses):
    """Lose answers to what is asked next: `cas` or `batch`, `before` or `after` it was done."""
    holder = storage._claims if where == "cas" else storage._commits
    holder._driver = Lossy(holder._driver, losses)
