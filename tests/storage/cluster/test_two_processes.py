"""Two processes on one cluster: one of them wins, both are heard, in order."""

from __future__ import annotations

import asyncio
import time

import pytest

pytest.importorskip("acsylla", reason="the extra `cluster` is not installed")

from tests.cluster.checks import KEYSPACE, Lossy, soon, told
from tests.cluster.keyspace import open_again
from tests.conformance.tables import CLAIMS, HEADS, LINES, TABLES, Claim, Head, Line
from venire.events import CaseChanged
from venire.kernel.clock import SystemClock
from venire.kernel.errors import Conflict
from venire.storage.verbs import Put

pytestmark = [pytest.mark.anyio, pytest.mark.cluster, pytest.mark.timeout(120)]


async def test_of_two_processes_that_expect_one_version_exactly_one_wins(storage, other):
    won: list[int] = []
    for version in range(1, 41):

        async def attempt(engine, who, version=version):
            try:
                await engine.commit(
                    "owner:1",
                    [Put(HEADS, Head(1, version, who)), Put(LINES, Line(1, version, len(who)))],
                    [CaseChanged(version)],
                    expect=version - 1,
                )
            except Conflict:
                return 0
            return 1

        answers = await asyncio.gather(attempt(storage, "a"), attempt(other, "bb"))
        won.append(sum(answers))

    assert won == [1] * 40
    lines = await storage.range(LINES, (1,), limit=100, reverse=True)
    assert [line.at_ms for line in lines] == list(range(1, 41))

    async def heard():
        numbers = (await told(other)).get("owner:1", [])
        return list(dict.fromkeys(numbers)) == list(range(1, 41))

    await soon(heard)


async def test_of_two_processes_that_claim_one_name_exactly_one_has_it(storage, other):
    for n in range(40):
        answers = await asyncio.gather(
            storage.put_if_absent(CLAIMS, Claim(f"name {n}", 1)),
            other.put_if_absent(CLAIMS, Claim(f"name {n}", 2)),
        )
        assert [answer is None for answer in answers].count(True) == 1
        winner = await storage.get(CLAIMS, (f"name {n}",))
        assert winner in answers


class Behind:
    """A clock as a host without time service has it."""

    def now_ms(self):
        return SystemClock().now_ms() - 900


@pytest.fixture
async def late(storage):
    opened = await open_again(Behind(), TABLES, KEYSPACE, node=2)
    yield opened
    await opened.close()


async def test_a_clock_that_is_behind_does_not_lose_a_head_and_its_rows(storage, late):
    await storage.commit("owner:1", [Put(HEADS, Head(1, 1)), Put(LINES, Line(1, 5, 5))])

    rows = [Put(HEADS, Head(1, 2)), Put(LINES, Line(1, 5, 5, seen=True))]
    await late.commit("owner:1", rows, expect=1)

    assert await storage.get(HEADS, (1,)) == Head(1, 2)
    assert await storage.range(LINES, (1,)) == [Line(1, 5, 5, seen=True)]


async def test_a_clock_that_is_behind_does_not_lose_a_name_that_it_confirms(storage, late):
    lapses_ms = SystemClock().now_ms() + 60_000
    await storage.put_if_absent(CLAIMS, Claim("ana", 1), expires_at_ms=lapses_ms)

    rows = [Put(HEADS, Head(1, 1)), Put(CLAIMS, Claim("ana", 1))]
    await late.commit("owner:1", rows, expect=0)

    assert (await storage._claims.find(CLAIMS, ("ana",))).lapses_at_ms is None


async def test_a_page_of_the_journal_waits_for_what_is_under_way_elsewhere(storage, other):
    gate = asyncio.Event()

    class Held(Lossy):
        async def batch(self, writes, at_us, *, logged=True):
            await gate.wait()
            await self._driver.batch(writes, at_us, logged=logged)

    storage._commits._driver = Held(storage._commits._driver, [])
    early = asyncio.create_task(storage.commit("case:1", [], [CaseChanged(1)]))
    await asyncio.sleep(0.01)
    await other.commit("case:2", [], [CaseChanged(2)])
    await asyncio.sleep(1)

    assert await told(other) == {}
    assert await told(storage) == {}

    gate.set()
    await early

    async def both():
        return [e.event for e in await other.tail(0)] == [CaseChanged(1), CaseChanged(2)]

    await soon(both)


async def test_events_of_another_process_are_heard_within_a_second(storage, other):
    waited = []
    for n in range(10):
        await other.commit("case:1", [], [CaseChanged(n)])
        began = time.monotonic()

        async def heard(n=n):
            return (await told(storage)).get("case:1", []) == list(range(n + 1))

        await soon(heard)
        waited.append(time.monotonic() - began)

    assert sorted(waited)[5] < 1.0


async def test_a_process_that_stops_properly_holds_nobody_up(storage, other):
    await other.commit("case:1", [], [CaseChanged(1)])
    await other.close()
    await storage.commit("case:2", [], [CaseChanged(2)])

    async def heard():
        return len(await told(storage)) == 2

    async with asyncio.timeout(2):
        await soon(heard)


async def test_the_tail_loses_nothing_while_many_write(storage, other):
    heard: list[int] = []
    done = asyncio.Event()

    async def listen():
        after = 0
        while True:
            ended = done.is_set()
            page = await storage.tail(after, 7)
            heard.extend(envelope.event.case_id for envelope in page)
            if page:
                after = page[-1].sequence
            elif ended and len(heard) >= 800:
                return
            else:
                await asyncio.sleep(0.01)

    async def speak(engine, first):
        for n in range(100):
            await engine.commit(f"case:{first}", [], [CaseChanged(first + n)])

    listener = asyncio.create_task(listen())
    await asyncio.gather(
        *(speak(storage, n * 1000) for n in range(4)),
        *(speak(other, n * 1000) for n in range(4, 8)),
    )
    done.set()
    async with asyncio.timeout(10):
        await listener

    assert sorted(heard) == [n * 1000 + m for n in range(8) for m in range(100)]
    for first in range(8):
        own = [n for n in heard if n // 1000 == first]
        assert own == sorted(own)


async def test_minutes_that_every_cursor_has_passed_are_pruned(storage):
    await storage.commit("case:1", [], [CaseChanged(1)])
    last = (await storage.tail(0))[-1].sequence
    in_an_hour_ms = SystemClock().now_ms() + 3_600_000

    assert await storage.prune(in_an_hour_ms) == 0, "nobody has heard anything"
    await storage.advance("ear", last)
    assert await storage.prune(in_an_hour_ms) == 0, "its minute is not over"
    await storage.advance("ear", last + 61_000_000)
    await storage.advance("other", last + 61_000_000)
    assert await storage.prune(SystemClock().now_ms() - 3_600_000) == 0, "it is not old enough"
    assert await storage.prune(in_an_hour_ms) == 1
    assert await storage.tail(0) == []
